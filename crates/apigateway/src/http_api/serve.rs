//! The way of a request to an HTTP API.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::{Value as Json, json};
use weft_net::{Body, full};
use weft_service::execute_api::ExecuteCall;
use weft_types::Timestamp;

use super::compile::{LiveApi, LiveRoute, LiveStage};
use super::parameters::Source;
use crate::ApiGateway;
use crate::data::request::Incoming;
use crate::rest::serve::{forbidden, line};
use crate::stages::split_stage;

/// A request under way.
pub(crate) struct Scene<'r> {
    pub(crate) incoming: &'r Incoming,
    /// `$context`, and what access logs read.
    pub(crate) context: Json,
    /// `requestContext.authorizer`; null where nobody decided.
    pub(crate) authorizer: Json,
    pub(crate) stage_variables: &'r BTreeMap<String, String>,
    /// Variables of the path, as they were written.
    pub(crate) path: Vec<(String, String)>,
}

impl Scene<'_> {
    pub(crate) fn source<'s>(&'s self, answer: Option<(&'s HeaderMap, &'s [u8])>) -> Source<'s> {
        Source {
            incoming: self.incoming,
            context: &self.context,
            stage_variables: self.stage_variables,
            path: &self.path,
            answer,
        }
    }
}

/// Why a request is not answered by what stands behind its route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    pub(crate) message: &'static str,
    /// For the log alone.
    pub(crate) cause: Option<String>,
}

impl Refused {
    pub(crate) const fn new(status: StatusCode, message: &'static str) -> Self {
        Self { status, message, cause: None }
    }

    pub(crate) const FORBIDDEN: Self = Self::new(StatusCode::FORBIDDEN, "Forbidden");
    pub(crate) const UNAUTHORIZED: Self = Self::new(StatusCode::UNAUTHORIZED, "Unauthorized");

    pub(crate) fn failed(cause: impl Into<String>) -> Self {
        Self {
            cause: Some(cause.into()),
            ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
        }
    }

    pub(crate) fn unavailable(cause: impl Into<String>) -> Self {
        Self {
            cause: Some(cause.into()),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
        }
    }

    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(full(json!({ "message": self.message }).to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(http::header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl ApiGateway {
    /// Answers a request to an API.
    pub(crate) async fn serve_http(
        &self,
        api: &LiveApi,
        call: ExecuteCall,
        now: Timestamp,
    ) -> Response<Body> {
        let begun = Instant::now();
        let Some((stage, path)) = choose(api, &call) else {
            return Refused::new(StatusCode::NOT_FOUND, "Not Found").into_response();
        };
        if stage.api.disable_execute_api_endpoint {
            return forbidden();
        }
        let incoming = Incoming::new(call, &path, now);
        let cors = stage.api.cors_configuration.as_ref();
        let preflight = cors.and_then(|cors| cors.preflight(&incoming.method, &incoming.headers));
        let found = stage.find(&incoming.method, &incoming.path);
        let (route, path) = found.map_or((None, Vec::new()), |(route, path)| (Some(route), path));
        let mut scene = Scene {
            context: context(&stage, route.as_deref(), &incoming),
            incoming: &incoming,
            authorizer: Json::Null,
            stage_variables: &stage.stage.stage_variables,
            path,
        };
        let mut response = match preflight {
            Some(headers) => {
                let mut response = Response::new(weft_net::empty());
                *response.status_mut() = StatusCode::NO_CONTENT;
                *response.headers_mut() = headers;
                response
            }
            None => {
                let answered = self.answer_http(&stage, route, &mut scene).await;
                let mut response = answered.unwrap_or_else(|refused| told(refused, &mut scene));
                if let Some(cors) = cors {
                    cors.apply(&incoming.headers, response.headers_mut());
                }
                response
            }
        };
        if let Ok(id) = HeaderValue::from_str(&incoming.request_id) {
            response.headers_mut().insert("apigw-requestid", id);
        }
        if let Some(log) = &stage.log {
            if !scene.authorizer.is_null() {
                scene.context["authorizer"] = flat(&scene.authorizer);
            }
            let line = line(&response, begun, &mut scene.context);
            self.write_line(log, &stage.place, &incoming, &line);
        }
        response
    }

    async fn answer_http(
        &self,
        stage: &LiveStage,
        route: Option<Arc<LiveRoute>>,
        scene: &mut Scene<'_>,
    ) -> Result<Response<Body>, Refused> {
        let route = route.ok_or(Refused::new(StatusCode::NOT_FOUND, "Not Found"))?;
        if !route.bucket.take() {
            return Err(Refused::new(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests"));
        }
        let signer = self.authorize_http(stage, &route, scene).await?;
        self.integrate_http(stage, &route, signer.as_ref(), scene).await
    }
}

/// What authorizers said, without the layer that tells their kind: logs read `$context.authorizer.name`.
fn flat(authorizer: &Json) -> Json {
    let mut flat = serde_json::Map::new();
    for (name, value) in authorizer.as_object().into_iter().flatten() {
        match (name.as_str(), value) {
            ("lambda" | "jwt", Json::Object(members)) => flat.extend(members.clone()),
            _ => {
                flat.insert(name.clone(), value.clone());
            }
        }
    }
    Json::Object(flat)
}

fn told(refused: Refused, scene: &mut Scene<'_>) -> Response<Body> {
    if let Some(cause) = &refused.cause {
        let request_id = &*scene.incoming.request_id;
        tracing::warn!(api = scene.incoming.api, request_id, cause, "a request to an API failed");
        scene.context["integrationErrorMessage"] = json!(cause);
    }
    scene.context["error"] =
        json!({ "message": refused.message, "messageString": format!("\"{}\"", refused.message) });
    refused.into_response()
}

/// The stage that a request means, and the path after it: a stage whose name the path begins with, else `$default`.
fn choose(api: &LiveApi, call: &ExecuteCall) -> Option<(Arc<LiveStage>, String)> {
    if let Some(name) = &call.stage {
        return api.stages.get(name).map(|stage| (Arc::clone(stage), call.path_and_query.clone()));
    }
    let (first, rest) = split_stage(&call.path_and_query);
    if let Some(stage) = api.stages.get(&first).filter(|_| first != "$default") {
        return Some((Arc::clone(stage), rest));
    }
    let default = api.stages.get("$default")?;
    Some((Arc::clone(default), call.path_and_query.clone()))
}

fn context(stage: &LiveStage, route: Option<&LiveRoute>, incoming: &Incoming) -> Json {
    let name = &stage.stage.stage_name;
    // Behind a stage with a name, functions see that name in the path.
    let path = if name == "$default" { incoming.path.clone() } else { format!("/{name}{}", incoming.path) };
    json!({
        "accountId": stage.place.account.to_string(),
        "apiId": stage.api.api_id,
        "domainName": incoming.host,
        "domainPrefix": incoming.host.split('.').next().unwrap_or_default(),
        "extendedRequestId": &*incoming.request_id,
        "httpMethod": incoming.method,
        "identity": {
            "sourceIp": incoming.peer.to_string(),
            "userAgent": incoming.header("user-agent"),
        },
        "path": path,
        "protocol": incoming.protocol(),
        "requestId": &*incoming.request_id,
        "requestTime": incoming.time(),
        "requestTimeEpoch": incoming.now.as_millis(),
        "routeKey": route.map(|route| route.route.route_key.as_str()),
        "stage": name,
    })
}
