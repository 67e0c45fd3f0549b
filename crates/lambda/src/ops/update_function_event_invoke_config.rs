//! `UpdateFunctionEventInvokeConfig`: changes how a function is invoked asynchronously.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::event_invokes::EventInvokeChange;
use crate::name::FunctionRef;

/// A parsed `UpdateFunctionEventInvokeConfig` request.
#[derive(Debug)]
pub(crate) struct UpdateFunctionEventInvokeConfig {
    function: FunctionRef,
    change: EventInvokeChange,
}

impl Operation for UpdateFunctionEventInvokeConfig {
    const NAME: &'static str = "UpdateFunctionEventInvokeConfig";
    type Service = Lambda;
    type Input = model::UpdateFunctionEventInvokeConfigRequest;
    type Output = model::FunctionEventInvokeConfig;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let function =
            FunctionRef::parse(&input.function_name, input.qualifier.as_deref(), scope)?.qualified();
        let (retries, age) = (input.maximum_retry_attempts, input.maximum_event_age_in_seconds);
        let change = EventInvokeChange::parse(&function, retries, age, input.destination_config)?;
        Ok(Self { function, change })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:UpdateFunctionEventInvokeConfig", self.function.key.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let Self { function, change } = self;
        lambda.check_destinations(&cx.scope, &function, &change).await?;
        let config = lambda.functions.change_event_invoke(&function, change, false, cx.scope.now).await?;
        lambda.cache.forget(&function.key);
        Ok(config.describe(&function))
    }
}
