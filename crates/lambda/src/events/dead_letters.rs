//! Dead letters: events that nobody could handle go to the queue or topic that their function's version names, as they came.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>.

use serde_json::Value;
use weft_service::workload::Invoked;
use weft_service::{Attribute, Context, Error, Message, Scope, sending_action};
use weft_types::Arn;

use crate::Lambda;
use crate::errors::invalid_parameter;
use crate::events::records::{EventBody, EventState};
use crate::events::retry::Condition;
use crate::loads::Lost;
use crate::settings::Settings;

/// What is told of an error at most.
const ERROR_BYTES_MAX: usize = 1024;

impl Lambda {
    /// Sends an event to its function's dead-letter queue or topic, where it has one. What cannot be sent is counted and lost.
    pub(super) async fn bury(
        &self,
        state: &EventState,
        body: &EventBody,
        condition: Condition,
        ran: Option<&(String, Invoked)>,
    ) {
        let function = state.function();
        let (code, reason) = why(state, condition, ran);
        let outcome = match self.functions.get(&function).await {
            Ok(Some(found)) => {
                let Some(target) = found.function.settings.outside.dead_letter else {
                    let (function, request_id) = (&state.name, &body.request_id);
                    tracing::info!(
                        function,
                        request_id,
                        condition = condition.as_str(),
                        "an event is dropped"
                    );
                    return;
                };
                let cx = self.as_function(&function).await;
                send(cx, &target, message(body, code, reason)).await
            }
            Ok(None) => return,
            Err(error) => Err(error),
        };
        if let Err(error) = outcome {
            let (function_name, request_id) = (&state.name, &body.request_id);
            tracing::warn!(%error, function_name, request_id, "a dead letter is lost");
            self.loads.lost(&function.key, Lost::DeadLetter);
        }
    }

    /// Fails with AWS's error unless the role of these settings may send to their dead-letter queue or topic, and, where its
    /// service is there, the queue or topic can take it.
    pub(crate) async fn check_dead_letters(&self, scope: &Scope, settings: &Settings) -> Result<(), Error> {
        let Some(target) = &settings.outside.dead_letter else { return Ok(()) };
        let arn = Arn::parse(target).map_err(Error::internal)?;
        let action = sending_action(&arn).and_then(|action| action.split_once(':'));
        let (service, verb) = action.unwrap_or_default();
        let may = async {
            self.as_role(scope, Some(&settings.role), "weft-lambda-check").await?.check_target(&arn).await
        };
        may.await.map_err(|error| {
            let service = service.to_uppercase();
            refused(
                error,
                format!("The provided execution role does not have permissions to call {verb} on {service}"),
            )
        })
    }
}

/// What a service's error says at configuration: what the role may not in AWS's words, all else in the service's.
pub(crate) fn refused(error: Error, denied: String) -> Error {
    if error.code().starts_with("AccessDenied") {
        return invalid_parameter(denied).with_cause(error);
    }
    match error.status() {
        Some(400..500) => invalid_parameter(error.message().to_owned()).with_cause(error),
        _ => error,
    }
}

async fn send(cx: Result<Context, Error>, target: &str, message: Message) -> Result<(), Error> {
    let arn = Arn::parse(target).map_err(Error::internal)?;
    cx?.send(&arn, message).await
}

/// HTTP status and words for why nobody handled an event.
fn why(state: &EventState, condition: Condition, ran: Option<&(String, Invoked)>) -> (u16, String) {
    if let Some((_, invoked)) = ran {
        let answer: Value = serde_json::from_slice(&invoked.payload).unwrap_or_default();
        let reason = answer.get("errorMessage").and_then(Value::as_str).unwrap_or_default();
        return (200, reason.to_owned());
    }
    let code = match condition {
        Condition::RecursiveLoop => 400,
        // One that only ever waited for its turn was throttled.
        _ if state.progress.faults == 0 => 429,
        _ => 500,
    };
    (code, condition.as_str().to_owned())
}

fn message(body: &EventBody, code: u16, mut reason: String) -> Message {
    reason.truncate(reason.floor_char_boundary(ERROR_BYTES_MAX));
    let attribute = |name, kind, value| Attribute { name, kind, value };
    let mut attributes = vec![
        attribute("RequestID", "String", body.request_id.clone()),
        attribute("ErrorCode", "Number", code.to_string()),
    ];
    // Attributes of queues are never empty.
    if !reason.is_empty() {
        attributes.push(attribute("ErrorMessage", "String", reason));
    }
    Message { body: body.payload.0.clone(), attributes, ..Message::default() }
}
