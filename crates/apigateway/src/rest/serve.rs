//! The way of a request to a REST API.

use std::sync::Arc;
use std::time::Instant;

use http::{HeaderValue, Response, StatusCode};
use http_body::Body as _;
use serde_json::{Value as Json, json};
use weft_net::{Body, full};

use super::compile::{LiveLog, LiveMethod, LiveStage};
use super::integrate::Way;
use super::refuse::{Kind, Refusal};
use super::templates::Scene;
use super::validate;
use crate::ApiGateway;
use crate::data::log::Line;
use crate::data::request::Incoming;
use crate::data::verdict::execute_arn;
use crate::places::Place;

/// Bytes of a request's body.
pub(crate) const BODY_BYTES_MAX: usize = 10 << 20;

impl ApiGateway {
    /// Answers a request to a stage.
    pub(crate) async fn serve_rest(&self, stage: &LiveStage, incoming: &Incoming) -> Response<Body> {
        let begun = Instant::now();
        let found = stage.find(&incoming.method, &incoming.path);
        let (method, path) = found.map_or((None, Vec::new()), |(method, path)| (Some(method), path));
        let mut scene = Scene {
            incoming,
            context: context(stage, method.as_deref(), incoming),
            stage_variables: &stage.stage.variables,
            path,
        };
        let answered = self.answer_rest(stage, method, &mut scene).await;
        let mut response = match answered {
            Ok(response) => response,
            Err(refusal) => {
                if let Some(cause) = &refusal.cause {
                    tracing::warn!(
                        api = stage.api.id,
                        request_id = &*incoming.request_id,
                        cause,
                        "a request to an API failed"
                    );
                }
                refusal.into_response(Some(stage), &mut scene)
            }
        };
        sign(&mut response, &scene.context);
        if let Some(log) = &stage.log {
            let line = line(&response, begun, &mut scene.context);
            self.write_line(log, &stage.place, incoming, &line);
        }
        response
    }

    async fn answer_rest(
        &self,
        stage: &LiveStage,
        method: Option<Arc<LiveMethod>>,
        scene: &mut Scene<'_>,
    ) -> Result<Response<Body>, Refusal> {
        let incoming = scene.incoming;
        if stage.api.disable_execute_api_endpoint {
            return Ok(forbidden());
        }
        let Some(method) = method else {
            return Err(Refusal::new(Kind::MissingAuthenticationToken, "Missing Authentication Token"));
        };
        if incoming.body.len() > BODY_BYTES_MAX {
            let message = format!("HTTP content length exceeded {BODY_BYTES_MAX} bytes.");
            return Err(Refusal::new(Kind::RequestTooLarge, message));
        }
        if !method.bucket.take() {
            return Err(Refusal::new(Kind::Throttled, "Too Many Requests"));
        }
        let path = incoming.path.trim_start_matches('/');
        let rest = format!("{}/{}/{path}", stage.stage.stage_name, incoming.method);
        let arn = execute_arn(&stage.place, &stage.api.id, &rest);
        let signer = self.authorize_rest(stage, &method, &arn, scene).await?;
        validate::check(stage, &method, scene)?;
        let way = Way { stage, method: &method, signer: signer.as_ref() };
        self.integrate(&way, scene).await
    }

    /// Hands a line to the log.
    pub(crate) fn write_line(&self, log: &LiveLog, place: &Place, incoming: &Incoming, context: &Json) {
        self.log.take(Line {
            place: place.clone(),
            group: log.group.clone(),
            stream: log.stream.clone(),
            at: incoming.now.as_millis(),
            text: log.format.line(context),
        });
    }
}

/// What access logs read beyond what was known when the request came.
pub(crate) fn line(response: &Response<Body>, begun: Instant, context: &mut Json) -> Json {
    context["status"] = json!(response.status().as_str());
    context["responseLength"] = json!(response.body().size_hint().lower());
    context["responseLatency"] = json!(u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
    context.take()
}

/// What is answered where there is no API, no stage, or none that may be reached this way.
pub(crate) fn forbidden() -> Response<Body> {
    let mut response = Response::new(full(r#"{"message":"Forbidden"}"#));
    *response.status_mut() = StatusCode::FORBIDDEN;
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("x-amzn-errortype", HeaderValue::from_static("ForbiddenException"));
    response
}

/// The headers that every answer has.
fn sign(response: &mut Response<Body>, context: &Json) {
    for (name, member) in [("x-amzn-requestid", "requestId"), ("x-amz-apigw-id", "extendedRequestId")] {
        if let Some(id) = context[member].as_str()
            && let Ok(value) = HeaderValue::from_str(id)
        {
            response.headers_mut().insert(name, value);
        }
    }
}

/// `requestContext` of a request.
fn context(stage: &LiveStage, method: Option<&LiveMethod>, incoming: &Incoming) -> Json {
    let name = &stage.stage.stage_name;
    json!({
        "resourceId": method.map(|method| method.resource_id.as_str()),
        "resourcePath": method.map(|method| method.resource_path.as_str()),
        "httpMethod": incoming.method,
        "extendedRequestId": extended(&incoming.request_id),
        "requestTime": incoming.time(),
        "path": format!("/{name}{}", incoming.path),
        "accountId": stage.place.account.to_string(),
        "protocol": incoming.protocol(),
        "stage": name,
        "domainPrefix": incoming.host.split('.').next().unwrap_or_default(),
        "requestTimeEpoch": incoming.now.as_millis(),
        "requestId": &*incoming.request_id,
        "identity": {
            "cognitoIdentityPoolId": null,
            "accountId": null,
            "cognitoIdentityId": null,
            "caller": null,
            "sourceIp": incoming.peer.to_string(),
            "principalOrgId": null,
            "accessKey": null,
            "cognitoAuthenticationType": null,
            "cognitoAuthenticationProvider": null,
            "userArn": null,
            "userAgent": incoming.header("user-agent"),
            "user": null,
        },
        "domainName": incoming.host,
        "deploymentId": stage.stage.deployment_id,
        "apiId": stage.api.id,
        "xrayTraceId": incoming.trace_id(),
    })
}

/// An id in the form of those of the gateway's own front.
pub(crate) fn extended(request_id: &str) -> String {
    use base64::Engine as _;
    let bytes: Vec<u8> = request_id.bytes().filter(u8::is_ascii_hexdigit).take(11).collect();
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
