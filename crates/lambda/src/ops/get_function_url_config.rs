//! `GetFunctionUrlConfig`: the URL of a function or an alias.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::name::FunctionRef;

/// A parsed `GetFunctionUrlConfig` request.
#[derive(Debug)]
pub(crate) struct GetFunctionUrlConfig {
    function: FunctionRef,
}

impl Operation for GetFunctionUrlConfig {
    const NAME: &'static str = "GetFunctionUrlConfig";
    type Service = Lambda;
    type Input = model::GetFunctionUrlConfigRequest;
    type Output = model::GetFunctionUrlConfigResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { function: FunctionRef::parse(&input.function_name, input.qualifier.as_deref(), scope)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:GetFunctionUrlConfig", self.function.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<Self::Output, Error> {
        let url = lambda.functions.url(&self.function).await?;
        let shown = url.describe(&self.function, lambda.port());
        Ok(model::GetFunctionUrlConfigResponse {
            function_url: Some(shown.function_url),
            function_arn: Some(shown.function_arn),
            auth_type: Some(shown.auth_type),
            cors: shown.cors,
            creation_time: Some(shown.creation_time),
            last_modified_time: Some(shown.last_modified_time),
            invoke_mode: shown.invoke_mode,
        })
    }
}
