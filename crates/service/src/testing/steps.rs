//! Tests of operations that make things once for each step of a plan.

use weft_model::{ServiceSchema, Shape, Value};
use weft_types::Region;

use super::Client;
use crate::{Context, Error, StepToken};

/// A context in which a plan is carried out with a client's rights.
pub async fn deployer(client: &Client) -> Context {
    let key = &client.credentials.access_key_id;
    let region = Region::parse(&client.region).expect("a region");
    let cx = client.dispatch.context_for_key("cloudformation", key, None, region).await;
    cx.expect("the client's key is one")
}

/// Calls an operation three times: the same step twice must give the same answer; another step must be refused with the code
/// `refusal`, or give another answer where that is none. Gives the first answer.
pub async fn made_once(
    cx: &Context,
    service: &'static ServiceSchema,
    operation: &str,
    input: impl Shape,
    refusal: Option<&str>,
) -> Value {
    let input = input.into_value();
    let call = async |step: &str| -> Result<Value, Error> {
        let cx = cx.as_step(StepToken::new(format!("{operation}/{step}")));
        cx.call_value(service.id, operation, input.clone()).await
    };
    let first = call("1").await.unwrap_or_else(|error| panic!("{operation}: {error:?}"));
    let again = call("1").await.unwrap_or_else(|error| panic!("{operation} again: {error:?}"));
    assert_eq!(again, first, "{operation}");
    match (call("2").await, refusal) {
        (Err(error), Some(code)) => assert_eq!(error.code(), code, "{operation}"),
        (Ok(second), None) => assert_ne!(second, first, "{operation}"),
        (other, _) => panic!("{operation} as another step: {other:?}"),
    }
    first
}
