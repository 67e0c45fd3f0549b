//! `GetFunctionEventInvokeConfig`: how a function is invoked asynchronously.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::name::FunctionRef;
use crate::{Lambda, event_invokes};

/// A parsed `GetFunctionEventInvokeConfig` request.
#[derive(Debug)]
pub(crate) struct GetFunctionEventInvokeConfig {
    function: FunctionRef,
}

impl Operation for GetFunctionEventInvokeConfig {
    const NAME: &'static str = "GetFunctionEventInvokeConfig";
    type Service = Lambda;
    type Input = model::GetFunctionEventInvokeConfigRequest;
    type Output = model::FunctionEventInvokeConfig;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let qualifier = input.qualifier.as_deref();
        Ok(Self { function: FunctionRef::parse(&input.function_name, qualifier, scope)?.qualified() })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:GetFunctionEventInvokeConfig", self.function.key.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<Self::Output, Error> {
        let config = lambda.functions.event_invoke(&self.function).await?;
        let missing = || event_invokes::missing(&self.function);
        Ok(config.ok_or_else(missing)?.describe(&self.function))
    }
}
