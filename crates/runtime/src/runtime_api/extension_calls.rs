//! The Extensions API: `/2020-01-01/extension/`.

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use serde::Deserialize;
use weft_net::{Body, full};

use super::answers::{self, accepted, header};
use super::posted::collect;
use super::{Facts, RuntimeApi};
use crate::extensions::{Call, Event, Refused};

/// What an extension registers with.
#[derive(Deserialize)]
struct Registration {
    events: Option<Vec<String>>,
    #[serde(rename = "configurationKeys", default)]
    configuration_keys: Vec<String>,
}

impl RuntimeApi {
    /// Answers a call of an extension.
    pub(super) async fn extension(&self, path: &str, request: Request<Body>) -> Response<Body> {
        let (post, get) = (request.method() == Method::POST, request.method() == Method::GET);
        let answer = match path {
            "register" if post => self.register(request).await,
            "event/next" if get => self.extension_next(request.headers()).await,
            "init/error" if post => self.extension_error(Call::InitError, request.headers()),
            "exit/error" if post => self.extension_error(Call::ExitError, request.headers()),
            _ => return answers::unknown(path),
        };
        answer.unwrap_or_else(refused)
    }

    async fn register(&self, request: Request<Body>) -> Result<Response<Body>, Refused> {
        let (head, body) = request.into_parts();
        let name = header(&head.headers, "lambda-extension-name").unwrap_or_default();
        if name.is_empty() {
            return Err(Refused("Extension.InvalidExtensionName", "Empty extension name".to_owned()));
        }
        let Ok((body, _)) = collect(body).await else { return Ok(answers::truncated()) };
        let format = |message: String| Refused("InvalidRequestFormat", message);
        let registration: Registration =
            serde_json::from_slice(&body).map_err(|error| format(error.to_string()))?;
        if !registration.configuration_keys.is_empty() {
            let message = "configurationKeys are deprecated; use environment variables instead";
            return Err(format(message.to_owned()));
        }
        let id = self.extensions.register(name, &registration.events.unwrap_or_default())?;
        let features = header(&head.headers, "lambda-extension-accept-feature").unwrap_or_default();
        let mut response = registered(&self.facts, features);
        identify(&mut response, "lambda-extension-identifier", &id);
        Ok(response)
    }

    async fn extension_next(&self, headers: &HeaderMap) -> Result<Response<Body>, Refused> {
        let Event { id, json } = self.extensions.next(identifier(headers)?).await?;
        let mut response = answers::json(StatusCode::OK, json);
        identify(&mut response, "lambda-extension-event-identifier", &id);
        Ok(response)
    }

    fn extension_error(&self, call: Call, headers: &HeaderMap) -> Result<Response<Body>, Refused> {
        let id = identifier(headers)?;
        let Some(error_type) = header(headers, "lambda-extension-function-error-type") else {
            let message = "Lambda-Extension-Function-Error-Type not found".to_owned();
            return Err(Refused("Extension.MissingHeader", message));
        };
        self.extensions.report(id, call, error_type)?;
        Ok(accepted())
    }
}

fn registered(facts: &Facts, features: &str) -> Response<Body> {
    let mut body = serde_json::json!({
        "functionName": facts.function_name,
        "functionVersion": facts.version,
        "handler": facts.handler,
    });
    if features.split(',').any(|feature| feature.trim() == "accountId") {
        body["accountId"] = facts.account.as_str().into();
    }
    let mut response = Response::new(full(body.to_string()));
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn identify(response: &mut Response<Body>, name: &'static str, id: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        response.headers_mut().insert(name, id);
    }
}

/// Who calls.
pub(super) fn identifier(headers: &HeaderMap) -> Result<&str, Refused> {
    let Some(id) = headers.get("lambda-extension-identifier") else {
        let message = "Missing Lambda-Extension-Identifier header".to_owned();
        return Err(Refused("Extension.MissingExtensionIdentifier", message));
    };
    let is_uuid = |text: &&str| {
        let dash = |at: usize| matches!(at, 8 | 13 | 18 | 23);
        let fits = |(at, byte): (usize, u8)| if dash(at) { byte == b'-' } else { byte.is_ascii_hexdigit() };
        text.len() == 36 && text.bytes().enumerate().all(fits)
    };
    id.to_str().ok().filter(is_uuid).ok_or_else(|| {
        Refused("Extension.InvalidExtensionIdentifier", "Invalid Lambda-Extension-Identifier".to_owned())
    })
}

/// 403.
pub(super) fn refused(Refused(error_type, message): Refused) -> Response<Body> {
    answers::problem(StatusCode::FORBIDDEN, error_type, &message)
}
