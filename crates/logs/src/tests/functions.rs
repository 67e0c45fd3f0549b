//! Lambda, as far as subscription filters need it.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Principal, Scope, ServiceBuilder};

use crate::message::open;

/// Functions that take events, and the events that they took.
#[derive(Default)]
pub(crate) struct FakeFunctions {
    /// What was called, and the message that it got.
    pub(crate) taken: Mutex<Vec<(String, Value)>>,
    /// Refusals that come before the next success.
    pub(crate) refusals: Mutex<Vec<&'static str>>,
}

impl FakeFunctions {
    pub(crate) fn register(self: &Arc<Self>) -> ServiceBuilder {
        ServiceBuilder::new(&model::SERVICE).operation::<Invoke>(self)
    }

    /// The texts of all events that a function took, one list for each message.
    pub(crate) fn texts(&self, function: &str) -> Vec<Vec<String>> {
        let taken = self.taken.lock().unwrap();
        let of_function = taken.iter().filter(|(name, _)| name.ends_with(function));
        let text = |event: &Value| event["message"].as_str().unwrap().to_owned();
        of_function
            .map(|(_, message)| message["logEvents"].as_array().unwrap().iter().map(text).collect())
            .collect()
    }
}

struct Invoke(model::InvocationRequest);

impl Operation for Invoke {
    const NAME: &'static str = "Invoke";
    type Service = FakeFunctions;
    type Input = model::InvocationRequest;
    type Output = model::InvocationResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self(input))
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:InvokeFunction", self.0.function_name.as_str())]
    }

    async fn run(self, functions: &FakeFunctions, cx: &Context) -> Result<Self::Output, Error> {
        assert!(matches!(&*cx.principal, Principal::Service { name: "logs.amazonaws.com", .. }));
        if self.0.function_name.ends_with("missing") {
            return Err(Error::new("ResourceNotFoundException", "Function not found").with_status(404));
        }
        if self.0.invocation_type.as_deref() == Some("DryRun") {
            return Ok(model::InvocationResponse { status_code: Some(204), ..Default::default() });
        }
        assert_eq!(self.0.invocation_type.as_deref(), Some("Event"));
        if let Some(code) = functions.refusals.lock().unwrap().pop() {
            return Err(Error::new(code, "not now"));
        }
        functions.taken.lock().unwrap().push((self.0.function_name, open(&self.0.payload.unwrap())));
        Ok(model::InvocationResponse { status_code: Some(202), ..Default::default() })
    }
}
