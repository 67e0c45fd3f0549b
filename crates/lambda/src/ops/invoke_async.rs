//! `InvokeAsync`: the older way to send an event that is delivered later.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::invoking::{Asked, INVOKE};
use crate::name::FunctionRef;
use crate::ops::invoke::{EVENT_BYTES_MAX, parse_payload};

/// A parsed `InvokeAsync` request.
#[derive(Debug)]
pub(crate) struct InvokeAsync {
    asked: Asked,
}

impl Operation for InvokeAsync {
    const NAME: &'static str = "InvokeAsync";
    type Service = Lambda;
    type Input = model::InvokeAsyncRequest;
    type Output = model::InvokeAsyncResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let function = FunctionRef::parse(&input.function_name, None, scope)?;
        let payload = parse_payload(Some(input.invoke_args), EVENT_BYTES_MAX)?;
        Ok(Self { asked: Asked { function, payload, client_context: None, tail: false } })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        lambda.authorize_use(cx, INVOKE, &self.asked.function).await?;
        lambda.resolve(&self.asked.function).await?;
        lambda.accept_event(cx, self.asked).await?;
        Ok(model::InvokeAsyncResponse { status: Some(202) })
    }
}
