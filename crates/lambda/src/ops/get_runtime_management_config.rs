//! `GetRuntimeManagementConfig`: how a version gets newer runtimes.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::name::FunctionRef;

/// A parsed `GetRuntimeManagementConfig` request.
#[derive(Debug)]
pub(crate) struct GetRuntimeManagementConfig {
    function: FunctionRef,
}

impl Operation for GetRuntimeManagementConfig {
    const NAME: &'static str = "GetRuntimeManagementConfig";
    type Service = Lambda;
    type Input = model::GetRuntimeManagementConfigRequest;
    type Output = model::GetRuntimeManagementConfigResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let qualifier = input.qualifier.as_deref();
        Ok(Self { function: FunctionRef::parse(&input.function_name, qualifier, scope)?.qualified() })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:GetRuntimeManagementConfig", self.function.key.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<Self::Output, Error> {
        let update = lambda.functions.runtime_update(&self.function).await?;
        Ok(model::GetRuntimeManagementConfigResponse {
            update_runtime_on: Some(update.mode),
            runtime_version_arn: update.version_arn,
            function_arn: Some(self.function.arn().into()),
        })
    }
}
