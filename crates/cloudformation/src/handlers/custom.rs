//! Custom resources: a function of the template's owner makes them.
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref.html>.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};
use weft_service::Error;

use crate::convert;
use crate::handlers::Handlers;
use crate::responses::{ANSWER_BYTES_MAX, request_id};
use crate::task::{Failure, Handler, Made, Outcome, Task};

/// How long an answer is waited for, unless `ServiceTimeout` says otherwise; its range in seconds.
const WAIT_SECONDS: u64 = 3600;
/// Bytes of a physical id.
const ID_BYTES_MAX: usize = 1024;

pub(super) fn add(all: &mut Handlers) {
    all.add("AWS::CloudFormation::CustomResource", Custom);
}

/// `AWS::CloudFormation::CustomResource` and all of `Custom::`.
struct Custom;

/// What the function answered.
#[derive(Debug, PartialEq)]
struct Answer {
    physical_id: Option<String>,
    data: Map<String, Json>,
}

impl Custom {
    /// Asks the function and waits for what it answers.
    async fn ask(task: &Task<'_>, what: &str) -> Result<Answer, Failure> {
        let function = function(task)?;
        let wait = wait(task)?;
        let id = request_id(&task.token);
        let request = task.service.expect_answer(&id, wait).await.map_err(|error| internal(&error))?;
        if !request.asked {
            let resource = [task.stack.id.as_str(), task.logical_id];
            let url = task.service.response_url(&task.stack.region, resource, &id, request.sent).await;
            let url = url.map_err(|error| internal(&error))?;
            let payload = STANDARD.encode(event(task, what, &function, &id, &url).to_string());
            let input = json!({"FunctionName": function, "InvocationType": "Event", "Payload": payload});
            task.make("lambda", "Invoke", input).await?;
            task.service.asked(&id).await.map_err(|error| internal(&error))?;
        }
        let answer = task.service.wait_for_answer(&id).await.map_err(|error| internal(&error))?;
        let answered = answer.map_or_else(|| Err(Failure::new(no_answer(&id))), |answer| read(&answer, &id));
        // Whatever the function did is for the function to undo, by the id that it told or by one that is made up.
        answered
            .map_err(|failure| if what == "Create" { failure.leaving(task.generated(64)) } else { failure })
    }

    async fn made(task: &Task<'_>, what: &str) -> Result<Made, Failure> {
        let Answer { physical_id, data } = Self::ask(task, what).await?;
        match physical_id {
            Some(physical_id) => Ok(Made { physical_id, reference: None, attributes: data }),
            None if what == "Create" => {
                Err(Failure::new("Invalid PhysicalResourceId").leaving(task.generated(64)))
            }
            None => Err(Failure::new("Invalid PhysicalResourceId")),
        }
    }
}

impl Handler for Custom {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::made(task, "Create"))
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::made(task, "Update"))
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move { Self::ask(task, "Delete").await.map(drop) })
    }
}

/// The function to ask.
fn function(task: &Task<'_>) -> Result<String, Failure> {
    let token = task.text("ServiceToken").unwrap_or_default();
    if token.starts_with("arn:") && token.split(':').nth(2) == Some("lambda") {
        return Ok(token);
    }
    if token.split(':').nth(2) == Some("sns") {
        return Err(Failure::new(format!(
            "ServiceToken {token}: custom resources that SNS topics make are not implemented by this version of Weft"
        )));
    }
    Err(Failure::new(format!("Invalid service token {token}: it must be the ARN of a Lambda function")))
}

fn wait(task: &Task<'_>) -> Result<Duration, Failure> {
    let Some(text) = task.text("ServiceTimeout") else { return Ok(Duration::from_secs(WAIT_SECONDS)) };
    match text.parse() {
        Ok(seconds @ 1..=WAIT_SECONDS) => Ok(Duration::from_secs(seconds)),
        _ => Err(Failure::new(format!(
            "ServiceTimeout must be between 1 and {WAIT_SECONDS} seconds, not {text}"
        ))),
    }
}

/// The event that the function gets.
fn event(task: &Task<'_>, what: &str, function: &str, id: &str, url: &str) -> Json {
    let mut event = json!({
        "RequestType": what,
        "ServiceToken": function,
        "ResponseURL": url,
        "StackId": task.stack.id,
        "RequestId": id,
        "LogicalResourceId": task.logical_id,
        "ResourceType": task.kind,
        "ResourceProperties": texts(&Json::Object(task.properties.clone())),
    });
    if let Some(physical_id) = task.physical_id {
        event["PhysicalResourceId"] = physical_id.into();
    }
    if let Some(previous) = task.previous {
        event["OldResourceProperties"] = texts(&Json::Object(previous.clone()));
    }
    event
}

/// Properties as functions get them: every number and boolean is a text.
fn texts(value: &Json) -> Json {
    match value {
        Json::Object(fields) => {
            let kept = fields.iter().filter(|(_, value)| !value.is_null());
            kept.map(|(name, value)| (name.clone(), texts(value))).collect::<Map<_, _>>().into()
        }
        Json::Array(items) => items.iter().map(texts).collect(),
        other => convert::text(other).into(),
    }
}

/// Reads what the function answered; why it failed where it says so.
fn read(answer: &str, id: &str) -> Result<Answer, Failure> {
    if answer.len() > ANSWER_BYTES_MAX {
        return Err(Failure::new("Response object is too long."));
    }
    let Ok(Json::Object(fields)) = serde_json::from_str(answer) else {
        return Err(Failure::new(format!("The response is not a JSON object (RequestId: {id})")));
    };
    let text = |name: &str| fields.get(name).and_then(Json::as_str);
    let physical_id = text("PhysicalResourceId").filter(|id| !id.is_empty() && id.len() <= ID_BYTES_MAX);
    let physical_id = physical_id.map(str::to_owned);
    match text("Status") {
        Some("SUCCESS") => {
            let data = fields.get("Data").and_then(Json::as_object).cloned().unwrap_or_default();
            Ok(Answer { physical_id, data })
        }
        Some("FAILED") => {
            let reason = text("Reason").unwrap_or_default();
            let failure = Failure::new(format!(
                "Received response status [FAILED] from custom resource. Message returned: {reason} (RequestId: {id})"
            ));
            Err(match physical_id {
                Some(physical_id) => failure.leaving(physical_id),
                None => failure,
            })
        }
        _ => Err(Failure::new(format!(
            "The response's Status is neither SUCCESS nor FAILED (RequestId: {id})"
        ))),
    }
}

fn no_answer(id: &str) -> String {
    format!(
        "CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId [{id}]. \
         If you are using the Python cfn-response module, you may need to update your Lambda function code so that \
         CloudFormation can attach the updated version."
    )
}

fn internal(error: &Error) -> Failure {
    Failure::new(error.message().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_get_texts_where_the_template_has_numbers_and_booleans() {
        let properties = json!({"A": true, "B": [7, {"C": 1.5, "D": null}], "E": "x"});
        assert_eq!(texts(&properties), json!({"A": "true", "B": ["7", {"C": "1.5"}], "E": "x"}));
    }

    /// The physical id and the data, or why it failed and what is there in spite of it.
    type Expected<'a> = Result<(Option<&'a str>, Json), (&'a str, Option<&'a str>)>;

    #[track_caller]
    fn check(answer: &str, expected: &Expected<'_>) {
        let found = read(answer, "r");
        let found =
            found.as_ref().map(|answer| (answer.physical_id.as_deref(), Json::Object(answer.data.clone())));
        let found = found.map_err(|failure| (failure.reason.as_str(), failure.physical_id.as_deref()));
        assert_eq!(found, *expected, "{answer}");
    }

    #[test]
    fn answers() {
        let good = r#"{"Status":"SUCCESS","PhysicalResourceId":"p","Data":{"A":{"B":1}},"NoEcho":true}"#;
        check(good, &Ok((Some("p"), json!({"A": {"B": 1}}))));
        check(r#"{"Status":"SUCCESS"}"#, &Ok((None, json!({}))));
        let failed =
            "Received response status [FAILED] from custom resource. Message returned: no (RequestId: r)";
        check(r#"{"Status":"FAILED","Reason":"no"}"#, &Err((failed, None)));
        check(r#"{"Status":"FAILED","Reason":"no","PhysicalResourceId":"p"}"#, &Err((failed, Some("p"))));
        check("[]", &Err(("The response is not a JSON object (RequestId: r)", None)));
        check("{}", &Err(("The response's Status is neither SUCCESS nor FAILED (RequestId: r)", None)));
        check(&"x".repeat(4097), &Err(("Response object is too long.", None)));
    }
}
