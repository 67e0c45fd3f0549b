//! What stands behind a route is asked.

use std::time::{Duration, Instant};

use http::Response;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use weft_net::{Body, full};
use weft_service::Context;

use super::compile::{LiveRoute, LiveStage};
use super::event;
use super::ops::routes::parts;
use super::parameters::{change_answer, change_request};
use super::records::Integration;
use super::serve::{Refused, Scene};
use crate::ApiGateway;
use crate::data::lambda::{Failure, FunctionCall};
use crate::data::target::{Target, with_variables};
use crate::data::upstream::{self, Sent};
use crate::data::verdict::execute_arn;
use crate::rest::event::Given;

impl ApiGateway {
    /// Asks what stands behind the route.
    pub(crate) async fn integrate_http(
        &self,
        stage: &LiveStage,
        route: &LiveRoute,
        signer: Option<&Context>,
        scene: &mut Scene<'_>,
    ) -> Result<Response<Body>, Refused> {
        let integration =
            route.integration.as_ref().ok_or_else(|| Refused::failed("the route has no target"))?;
        let begun = Instant::now();
        let given = match integration.integration_type.as_str() {
            "AWS_PROXY" => self.function_http(stage, route, integration, signer, scene).await,
            _ => self.server_http(stage, integration, scene).await,
        };
        scene.context["integrationLatency"] =
            json!(u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
        let Given { mut status, mut headers, body } = given?;
        scene.context["integrationStatus"] = json!(status.as_str());
        let changes = integration.response_parameters.as_ref().and_then(|all| all.get(status.as_str()));
        if let Some(changes) = changes {
            let before = headers.clone();
            let source = scene.source(Some((&before, &body)));
            change_answer(changes, &source, &mut headers, &mut status);
        }
        let mut response = Response::new(full(body));
        (*response.status_mut(), *response.headers_mut()) = (status, headers);
        Ok(response)
    }

    async fn function_http(
        &self,
        stage: &LiveStage,
        route: &LiveRoute,
        integration: &Integration,
        signer: Option<&Context>,
        scene: &Scene<'_>,
    ) -> Result<Given, Refused> {
        let uri = integration.integration_uri.as_deref().unwrap_or_default();
        let Ok(Target::Lambda(function)) = Target::of_http(uri) else {
            return Err(Refused::failed("the integration's URI is no function"));
        };
        let function = with_variables(&function, |name| scene.stage_variables.get(name).map(String::as_str));
        let newer = integration.payload_format_version == "2.0";
        let payload = if newer { event::event_2(scene) } else { event::event_1(scene).to_string().into() };
        let call = FunctionCall {
            function: &function,
            source: source(stage, route, &scene.incoming.method),
            credentials: integration.credentials_arn.as_deref(),
            caller: signer,
            payload,
            timeout: timeout(integration),
            event: false,
            trace_id: scene.incoming.trace_id(),
        };
        let answer = self.invoke(&stage.place, call).await.map_err(|failure| match failure {
            Failure::TimedOut => Refused::unavailable("the function took too long"),
            Failure::Refused(error) => Refused::failed(error.to_string()),
            Failure::Function(error) => Refused::failed(String::from_utf8_lossy(&error).into_owned()),
        })?;
        let given = if newer { event::response_2(&answer) } else { event::response_1(&answer) };
        given.map_err(|why| Refused::failed(format!("the function's answer is no response: {why}")))
    }

    async fn server_http(
        &self,
        stage: &LiveStage,
        integration: &Integration,
        scene: &Scene<'_>,
    ) -> Result<Given, Refused> {
        let incoming = scene.incoming;
        let mut headers = incoming.headers.clone();
        headers.remove(http::header::HOST);
        headers.remove(http::header::CONTENT_LENGTH);
        let mut query = incoming.query.clone();
        let uri = integration.integration_uri.as_deref().unwrap_or_default();
        let mut uri = with_variables(uri, |name| scene.stage_variables.get(name).map(String::as_str));
        for (name, value) in &scene.path {
            uri = uri.replace(&format!("{{{name}}}"), value).replace(&format!("{{{name}+}}"), value);
        }
        if let Some(changes) = &integration.request_parameters {
            let source = scene.source(None);
            if let Some(path) = change_request(changes, &source, &mut headers, &mut query) {
                uri = with_path(&uri, &path);
            }
        }
        for (at, (name, value)) in query.iter().enumerate() {
            uri.push(if at == 0 && !uri.contains('?') { '?' } else { '&' });
            uri.extend(utf8_percent_encode(name, NON_ALPHANUMERIC));
            uri.push('=');
            uri.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
        }
        let method = match integration.integration_method.as_deref() {
            None | Some("ANY") => incoming.method.clone(),
            Some(method) => method.to_owned(),
        };
        let sent = Sent { method, uri, headers, body: incoming.body.clone() };
        let asked = self.ask(stage.place.account, incoming, sent, timeout(integration)).await;
        let answer = asked.map_err(|failure| match failure {
            upstream::Failure::TimedOut => Refused::unavailable("the server took too long"),
            upstream::Failure::Server(error) => Refused::unavailable(error.to_string()),
            upstream::Failure::Wrong(why) | upstream::Failure::Broken(why) => Refused::failed(why),
        })?;
        Ok(Given { status: answer.status, headers: answer.headers, body: answer.body })
    }
}

fn timeout(integration: &Integration) -> Duration {
    Duration::from_millis(u64::try_from(integration.timeout_in_millis).unwrap_or(30_000).clamp(50, 30_000))
}

/// What a function's policy knows the call by: `API/STAGE/METHOD/path` of the route, or `API/STAGE/$default`.
fn source(stage: &LiveStage, route: &LiveRoute, method: &str) -> String {
    let name = &stage.stage.stage_name;
    let rest = match parts(&route.route.route_key) {
        Some((_, path)) => format!("{name}/{method}{path}"),
        None => format!("{name}/$default"),
    };
    execute_arn(&stage.place, &stage.api.api_id, &rest)
}

/// An address with another path.
fn with_path(uri: &str, path: &str) -> String {
    let begin = uri.find("://").map_or(0, |at| at + 3);
    let end = uri[begin..].find(['/', '?']).map_or(uri.len(), |at| begin + at);
    let slash = if path.starts_with('/') { "" } else { "/" };
    format!("{}{slash}{path}", &uri[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_put_into_an_address() {
        let check = |uri: &str, path: &str, expected: &str| assert_eq!(with_path(uri, path), expected);
        check("http://h/a?b", "/c", "http://h/c");
        check("http://h", "c", "http://h/c");
    }
}
