//! `GetFunctionRecursionConfig`: whether a function may call itself in circles.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::name::FunctionRef;

/// A parsed `GetFunctionRecursionConfig` request.
#[derive(Debug)]
pub(crate) struct GetFunctionRecursionConfig {
    function: FunctionRef,
}

impl Operation for GetFunctionRecursionConfig {
    const NAME: &'static str = "GetFunctionRecursionConfig";
    type Service = Lambda;
    type Input = model::GetFunctionRecursionConfigRequest;
    type Output = model::GetFunctionRecursionConfigResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { function: FunctionRef::parse_whole(&input.function_name, scope)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:GetFunctionRecursionConfig", self.function.key.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<Self::Output, Error> {
        let found = lambda.functions.find(&self.function).await?;
        let mode = if found.latest.whole.recursion_allowed { "Allow" } else { "Terminate" };
        Ok(model::GetFunctionRecursionConfigResponse { recursive_loop: Some(mode.to_owned()) })
    }
}
