//! `PutRuntimeManagementConfig`: says how a version gets newer runtimes.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::name::FunctionRef;
use crate::runtimes::RuntimeUpdate;
use crate::{Lambda, errors};

/// A parsed `PutRuntimeManagementConfig` request.
#[derive(Debug)]
pub(crate) struct PutRuntimeManagementConfig {
    function: FunctionRef,
    update: RuntimeUpdate,
}

impl Operation for PutRuntimeManagementConfig {
    const NAME: &'static str = "PutRuntimeManagementConfig";
    type Service = Lambda;
    type Input = model::PutRuntimeManagementConfigRequest;
    type Output = model::PutRuntimeManagementConfigResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let function =
            FunctionRef::parse(&input.function_name, input.qualifier.as_deref(), scope)?.qualified();
        let update = RuntimeUpdate { mode: input.update_runtime_on, version_arn: input.runtime_version_arn };
        if (update.mode == "Manual") != update.version_arn.is_some() {
            return Err(errors::invalid_parameter(format!(
                "RuntimeVersionArn must be given with the runtime update mode Manual, and only with it; the mode is {}.",
                update.mode
            )));
        }
        Ok(Self { function, update })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:PutRuntimeManagementConfig", self.function.key.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<Self::Output, Error> {
        let Self { function, update } = self;
        lambda.functions.set_runtime_update(&function, update.clone()).await?;
        Ok(model::PutRuntimeManagementConfigResponse {
            update_runtime_on: Some(update.mode),
            function_arn: Some(function.arn().into()),
            runtime_version_arn: update.version_arn,
        })
    }
}
