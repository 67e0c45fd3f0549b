//! `DeleteFunctionEventInvokeConfig`: a function is invoked asynchronously as all are.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::name::FunctionRef;

/// A parsed `DeleteFunctionEventInvokeConfig` request.
#[derive(Debug)]
pub(crate) struct DeleteFunctionEventInvokeConfig {
    function: FunctionRef,
}

impl Operation for DeleteFunctionEventInvokeConfig {
    const NAME: &'static str = "DeleteFunctionEventInvokeConfig";
    type Service = Lambda;
    type Input = model::DeleteFunctionEventInvokeConfigRequest;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let qualifier = input.qualifier.as_deref();
        Ok(Self { function: FunctionRef::parse(&input.function_name, qualifier, scope)?.qualified() })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:DeleteFunctionEventInvokeConfig", self.function.key.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<(), Error> {
        lambda.functions.remove_event_invoke(&self.function).await?;
        lambda.cache.forget(&self.function.key);
        Ok(())
    }
}
