//! `weft invoke`: sends an event to a function and prints its answer.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};
use weft_model::lambda::{InvocationRequest, InvocationResponse};

use crate::args::InvokeArgs;
use crate::client::Client;
use crate::connect::Connection;
use crate::failure::Failure;
use crate::inventory;

/// Invokes; the answer goes to standard output, the log's tail to standard error. A failed function is a failure.
pub(crate) async fn run(args: &InvokeArgs) -> Result<(), Failure> {
    let client = Client::new(Connection::find(&args.connect)?);
    let event = event(&args.event)?;
    let request = InvocationRequest {
        function_name: function_name(&client, &args.function).await?,
        log_type: Some("Tail".to_owned()),
        payload: Some(Bytes::from(event)),
        ..InvocationRequest::default()
    };
    let answer: InvocationResponse = client.call("lambda", "Invoke", request).await?;
    let payload = String::from_utf8_lossy(&answer.payload.unwrap_or_default()).into_owned();
    let tail = answer.log_result.and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
    let tail = String::from_utf8_lossy(&tail).into_owned();
    if args.json {
        let payload: Value = serde_json::from_str(&payload).unwrap_or(Value::String(payload));
        println!(
            "{}",
            json!({"payload": payload, "error": answer.function_error, "log": tail, "version": answer.executed_version})
        );
    } else {
        eprint!("{tail}");
        println!("{payload}");
    }
    if answer.function_error.is_some() { Err(Failure::Silent) } else { Ok(()) }
}

/// The event's text: the argument itself, a file's, or standard input's. It has to be JSON.
fn event(argument: &str) -> Result<String, Failure> {
    let text = if argument == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else if let Some(path) = argument.strip_prefix('@') {
        std::fs::read_to_string(path)
    } else {
        Ok(argument.to_owned())
    };
    let text =
        text.map_err(|error| Failure::Told(format!("failed to read the event from `{argument}`: {error}")))?;
    match serde_json::from_str::<Value>(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(Failure::Told(format!(
            "the event is not JSON: {error}; quote it for the shell: '{{\"key\": 1}}'"
        ))),
    }
}

/// A function's Lambda name: of an app's function by its short name, else the text as it is.
async fn function_name(client: &Client, name: &str) -> Result<String, Failure> {
    if name.starts_with("arn:") {
        return Ok(name.to_owned());
    }
    let apps = inventory::apps(client).await?;
    match inventory::find(&apps, name) {
        Ok(found) => match found.as_slice() {
            [one] if one.function.is_none() => Err(Failure::Told(format!(
                "`{name}` is a service; open one of its URLs, which `weft ps` shows"
            ))),
            [one] => Ok(one.function.clone().unwrap_or_default()),
            _ => Err(Failure::Told(format!(
                "`{name}` is an app; name one of its functions: `{name}/FUNCTION`"
            ))),
        },
        Err(inventory::NameError::Unknown(_)) if !name.contains('/') => Ok(name.to_owned()),
        Err(error) => Err(error.into()),
    }
}
