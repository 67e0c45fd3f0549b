//! What stands behind a method is asked, and its answer becomes the method's.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, Response, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value as Json, json};
use weft_net::{Body, full};
use weft_service::Context;

use super::compile::{LiveMethod, LiveResponse, LiveStage};
use super::event;
use super::refuse::{Kind, Refusal};
use super::templates::{Scene, Stageplay, body_parameter};
use crate::ApiGateway;
use crate::data::lambda::{self, FunctionCall};
use crate::data::request::lossy;
use crate::data::target::{Target, with_variables};
use crate::data::upstream::{self, Answer, Sent};
use crate::data::verdict::execute_arn;
use crate::vtl::Template;

/// Where a request goes: its stage, its method, the ARN that functions know it by, and who signed it.
pub(crate) struct Way<'w> {
    pub(crate) stage: &'w LiveStage,
    pub(crate) method: &'w LiveMethod,
    pub(crate) signer: Option<&'w Context>,
}

/// What the request's parameters become for what stands behind.
#[derive(Debug, Default)]
struct Mapped {
    headers: Vec<(String, String)>,
    query: Vec<(String, String)>,
    path: Vec<(String, String)>,
}

impl ApiGateway {
    /// Asks what stands behind the method.
    pub(crate) async fn integrate(
        &self,
        way: &Way<'_>,
        scene: &mut Scene<'_>,
    ) -> Result<Response<Body>, Refusal> {
        let begun = Instant::now();
        let result = match way.method.integration.kind.as_str() {
            "MOCK" => mock(way, scene),
            "AWS_PROXY" => self.lambda_proxy(way, scene).await,
            "AWS" => self.lambda(way, scene).await,
            "HTTP" => self.http(way, scene).await,
            "HTTP_PROXY" => self.http_proxy(way, scene).await,
            other => Err(Refusal::configuration(format!("an integration of the type {other}"))),
        };
        let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        scene.context["integrationLatency"] = json!(millis);
        scene.context["integration"]["latency"] = json!(millis);
        if let Err(refusal) = &result
            && let Some(cause) = &refusal.cause
        {
            scene.context["integrationErrorMessage"] = json!(cause);
            scene.context["integration"]["error"] = json!(cause);
        }
        result
    }

    async fn call_function(
        &self,
        way: &Way<'_>,
        scene: &Scene<'_>,
        payload: Bytes,
        event: bool,
    ) -> Result<Bytes, lambda::Failure> {
        let Way { stage, method, signer } = way;
        let uri = method.integration.uri.as_deref().unwrap_or_default();
        let wrong = |message| lambda::Failure::Refused(crate::control::errors::bad_request(message));
        let function = match Target::parse(uri).map_err(wrong)? {
            Target::Lambda(function) => function,
            Target::Service(service) => return Err(wrong(format!("no integration of {service}"))),
        };
        let function = with_variables(&function, |name| scene.stage_variables.get(name).map(String::as_str));
        let path = method.resource_path.trim_start_matches('/');
        let source = format!("{}/{}/{path}", stage.stage.stage_name, scene.incoming.method);
        let call = FunctionCall {
            function: &function,
            source: execute_arn(&stage.place, &stage.api.id, &source),
            credentials: method.integration.credentials.as_deref(),
            caller: *signer,
            payload,
            timeout: timeout(method),
            event,
            trace_id: scene.incoming.trace_id(),
        };
        self.invoke(&stage.place, call).await
    }

    async fn lambda_proxy(&self, way: &Way<'_>, scene: &mut Scene<'_>) -> Result<Response<Body>, Refusal> {
        let types = way.stage.api.binary_media_types.as_deref().unwrap_or_default();
        let binary = is_binary(types, scene.incoming.header("content-type").unwrap_or_default());
        let payload = event::event(&way.method.resource_path, scene, binary, event::request_context(scene));
        let answer = match self.call_function(way, scene, payload, false).await {
            Ok(answer) => answer,
            Err(lambda::Failure::TimedOut) => return Err(Refusal::timed_out()),
            Err(lambda::Failure::Refused(error)) => return Err(Refusal::configuration(error.to_string())),
            Err(lambda::Failure::Function(error)) => {
                scene.context["integration"]["status"] = json!("200");
                return Err(Refusal::malformed(String::from_utf8_lossy(&error).into_owned()));
            }
        };
        let accept = scene.incoming.header("accept").unwrap_or_default();
        let wanted = accept.split(',').next().unwrap_or_default();
        let decode = |_: &HeaderMap| is_binary(types, wanted);
        let given = event::response(&answer, decode)
            .map_err(|why| Refusal::malformed(format!("Malformed Lambda proxy response: {why}")))?;
        scene.context["integration"]["status"] = json!("200");
        scene.context["integrationStatus"] = json!("200");
        let mut response = Response::new(full(given.body));
        *response.status_mut() = given.status;
        *response.headers_mut() = given.headers;
        weft_net::headers::set(
            response.headers_mut(),
            HeaderName::from_static("x-amzn-trace-id"),
            scene.incoming.trace_id(),
        );
        Ok(response)
    }

    async fn lambda(&self, way: &Way<'_>, scene: &mut Scene<'_>) -> Result<Response<Body>, Refusal> {
        let mut mapped = mapped(way.method, scene);
        let body = request_body(way, scene, &mut mapped)?;
        let is_event = mapped.headers.iter().any(|(name, value)| {
            name.eq_ignore_ascii_case("x-amz-invocation-type") && value.eq_ignore_ascii_case("event")
        });
        let (answer, error) = match self.call_function(way, scene, body, is_event).await {
            Ok(answer) => (answer, None),
            Err(lambda::Failure::Function(error)) => {
                let json: Json = serde_json::from_slice(&error).unwrap_or_default();
                let message = json["errorMessage"].as_str().unwrap_or_default().to_owned();
                (error, Some(message))
            }
            Err(lambda::Failure::TimedOut) => return Err(Refusal::timed_out()),
            Err(lambda::Failure::Refused(error)) => return Err(Refusal::configuration(error.to_string())),
        };
        let answer = Answer { status: StatusCode::OK, headers: HeaderMap::new(), body: answer };
        respond(way, scene, &answer, error.as_deref())
    }

    async fn http(&self, way: &Way<'_>, scene: &mut Scene<'_>) -> Result<Response<Body>, Refusal> {
        let mut mapped = mapped(way.method, scene);
        let body = request_body(way, scene, &mut mapped)?;
        let mut headers = HeaderMap::new();
        let kind = scene.incoming.header("content-type").unwrap_or("application/json").to_owned();
        if !body.is_empty() {
            weft_net::headers::set(&mut headers, http::header::CONTENT_TYPE, &kind);
        }
        let answer = self.send(way, scene, mapped, headers, body).await?;
        let status = answer.status.as_str().to_owned();
        respond(way, scene, &answer, Some(&status))
    }

    async fn http_proxy(&self, way: &Way<'_>, scene: &mut Scene<'_>) -> Result<Response<Body>, Refusal> {
        let mut mapped = mapped(way.method, scene);
        let own = scene
            .incoming
            .query
            .iter()
            .filter(|(name, _)| !mapped.query.iter().any(|(known, _)| known == name));
        mapped.query = own.cloned().chain(mapped.query.clone()).collect();
        let mut headers = scene.incoming.headers.clone();
        headers.remove(http::header::HOST);
        headers.remove(http::header::CONTENT_LENGTH);
        let body = scene.incoming.body.clone();
        let answer = self.send(way, scene, mapped, headers, body).await?;
        let mut response = Response::new(full(answer.body));
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        Ok(response)
    }

    async fn send(
        &self,
        way: &Way<'_>,
        scene: &mut Scene<'_>,
        mapped: Mapped,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Result<Answer, Refusal> {
        let integration = &way.method.integration;
        for (name, value) in &mapped.headers {
            if let Ok(name) = name.parse::<HeaderName>() {
                weft_net::headers::set(&mut headers, name, value);
            }
        }
        let uri = integration.uri.as_deref().unwrap_or_default();
        let uri = with_variables(uri, |name| scene.stage_variables.get(name).map(String::as_str));
        let uri = address(&uri, &mapped);
        let method = match integration.http_method.as_deref() {
            None | Some("ANY") => scene.incoming.method.clone(),
            Some(method) => method.to_owned(),
        };
        let sent = Sent { method, uri, headers, body };
        let account = way.stage.place.account;
        let answer = self.ask(account, scene.incoming, sent, timeout(way.method)).await;
        let answer = answer.map_err(|failure| match failure {
            upstream::Failure::TimedOut => Refusal::timed_out(),
            upstream::Failure::Wrong(why) => Refusal::configuration(why),
            upstream::Failure::Server(error) => Refusal {
                cause: Some(error.to_string()),
                ..Refusal::new(Kind::IntegrationFailure, "Network error communicating with endpoint")
            },
            upstream::Failure::Broken(why) => Refusal::malformed(why),
        })?;
        scene.context["integration"]["status"] = json!(answer.status.as_str());
        scene.context["integrationStatus"] = json!(answer.status.as_str());
        Ok(answer)
    }
}

fn timeout(method: &LiveMethod) -> Duration {
    Duration::from_millis(
        u64::try_from(method.integration.timeout_in_millis).unwrap_or(29_000).clamp(50, 29_000),
    )
}

/// The address that is asked: variables of the path are put in, parameters of the query come behind.
fn address(uri: &str, mapped: &Mapped) -> String {
    let mut uri = uri.to_owned();
    for (name, value) in &mapped.path {
        uri = uri.replace(&format!("{{{name}}}"), value).replace(&format!("{{{name}+}}"), value);
    }
    for (at, (name, value)) in mapped.query.iter().enumerate() {
        uri.push(if at == 0 && !uri.contains('?') { '?' } else { '&' });
        uri.extend(utf8_percent_encode(name, NON_ALPHANUMERIC));
        uri.push('=');
        uri.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
    }
    uri
}

/// The integration's parameters, from where the method's come.
fn mapped(method: &LiveMethod, scene: &Scene<'_>) -> Mapped {
    let mut mapped = Mapped::default();
    for (name, source) in &method.integration.request_parameters {
        let (Some(place), Some(value)) = (name.strip_prefix("integration.request."), scene.parameter(source))
        else {
            continue;
        };
        match place.split_once('.') {
            Some(("header" | "multivalueheader", name)) => mapped.headers.push((name.to_owned(), value)),
            Some(("querystring" | "multivaluequerystring", name)) => {
                mapped.query.push((name.to_owned(), value));
            }
            Some(("path", name)) => mapped.path.push((name.to_owned(), value)),
            _ => {}
        }
    }
    // A proxy takes over the variable of the path by its own name.
    for (name, value) in &scene.path {
        if method.integration.kind == "HTTP_PROXY" && !mapped.path.iter().any(|(known, _)| known == name) {
            mapped.path.push((name.clone(), value.clone()));
        }
    }
    mapped
}

/// The body for what stands behind: what a template leaves, or the request's own.
fn request_body(way: &Way<'_>, scene: &Scene<'_>, mapped: &mut Mapped) -> Result<Bytes, Refusal> {
    let integration = &way.method.integration;
    let kind = scene.incoming.content_type();
    let templates = &way.method.request_templates;
    let found = templates.iter().find(|(known, _)| *known == kind);
    let found = found.or_else(|| templates.iter().find(|(known, _)| known == "$default"));
    let types = way.stage.api.binary_media_types.as_deref().unwrap_or_default();
    let own = converted(
        scene.incoming.body.clone(),
        integration.content_handling.as_deref(),
        is_binary(types, &kind),
    )?;
    let Some((_, template)) = found else {
        let refused = match integration.passthrough_behavior.as_str() {
            "NEVER" => true,
            "WHEN_NO_TEMPLATES" => !templates.is_empty(),
            _ => false,
        };
        let refusal = || Refusal::new(Kind::UnsupportedMediaType, "Unsupported Media Type");
        return if refused { Err(refusal()) } else { Ok(own) };
    };
    let (text, overrides) = run(template, scene, &own)?;
    let set = &overrides["requestOverride"];
    for (place, into) in
        [("header", &mut mapped.headers), ("querystring", &mut mapped.query), ("path", &mut mapped.path)]
    {
        for (name, value) in set[place].as_object().into_iter().flatten() {
            let value = super::templates::plain(value).unwrap_or_default();
            into.retain(|(known, _)| known != name);
            into.push((name.clone(), value));
        }
    }
    Ok(text.into())
}

fn run(template: &Template, scene: &Scene<'_>, body: &[u8]) -> Result<(String, Json), Refusal> {
    let ran = Stageplay::new(scene, body).run(template);
    ran.map_err(|failure| Refusal::configuration(format!("a mapping template failed: {failure}")))
}

/// Turns a body into text or bytes where the integration says so.
fn converted(body: Bytes, handling: Option<&str>, binary: bool) -> Result<Bytes, Refusal> {
    match handling {
        Some("CONVERT_TO_TEXT") if binary => Ok(STANDARD.encode(&body).into()),
        Some("CONVERT_TO_BINARY") if !binary => STANDARD
            .decode(&body)
            .map(Bytes::from)
            .map_err(|_| Refusal::configuration("a body that should become binary is not base64")),
        _ => Ok(body),
    }
}

/// Whether a content type is among those that are bytes: `image/png`, `image/*`, `*/*`.
pub(crate) fn is_binary(types: &[String], kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    types.iter().any(|known| {
        let known = known.to_ascii_lowercase();
        known == "*/*"
            || known == kind
            || known
                .strip_suffix("/*")
                .is_some_and(|group| kind.split_once('/').is_some_and(|(own, _)| own == group))
    })
}

/// The gateway answers itself, as the template says which status.
fn mock(way: &Way<'_>, scene: &mut Scene<'_>) -> Result<Response<Body>, Refusal> {
    let body = request_body(way, scene, &mut Mapped::default())?;
    let json: Json = serde_json::from_slice(&body)
        .map_err(|_| Refusal::configuration("the template of a mock leaves no JSON"))?;
    let status = match &json["statusCode"] {
        Json::Number(number) => number.to_string(),
        Json::String(text) => text.clone(),
        _ => return Err(Refusal::configuration("the template of a mock names no statusCode")),
    };
    let answer = Answer { status: StatusCode::OK, headers: HeaderMap::new(), body: Bytes::new() };
    respond(way, scene, &answer, Some(&status))
}

/// Makes an answer the method's: the response whose pattern fits, or the one without a pattern.
fn respond(
    way: &Way<'_>,
    scene: &mut Scene<'_>,
    answer: &Answer,
    sign: Option<&str>,
) -> Result<Response<Body>, Refusal> {
    let chosen = choose(&way.method.responses, sign)
        .ok_or_else(|| Refusal::configuration("no integration response is for this answer"))?;
    let record = &chosen.record;
    let handling = record.content_handling.as_deref();
    let body = converted(answer.body.clone(), handling, false)?;
    let accept = scene.incoming.header("accept").unwrap_or_default();
    let template = chosen
        .templates
        .iter()
        .find(|(kind, _)| accept.split(',').any(|wanted| wanted.trim() == kind))
        .or_else(|| chosen.templates.iter().find(|(kind, _)| kind == "application/json"))
        .or_else(|| chosen.templates.first());
    let (body, kind, overrides) = match template {
        Some((kind, template)) => {
            let (text, overrides) = run(template, scene, &body)?;
            (Bytes::from(text), kind.clone(), overrides)
        }
        None => {
            let own = answer.headers.get(http::header::CONTENT_TYPE).map(|value| lossy(value).into_owned());
            (body, own.unwrap_or_else(|| "application/json".to_owned()), Json::Null)
        }
    };
    let set = &overrides["responseOverride"];
    let status = super::templates::plain(&set["status"]).unwrap_or_else(|| record.status_code.clone());
    let mut headers = HeaderMap::new();
    weft_net::headers::set(&mut headers, http::header::CONTENT_TYPE, &kind);
    for (name, source) in &record.response_parameters {
        let Some(name) = name.strip_prefix("method.response.header.") else { continue };
        if let (Ok(name), Some(value)) =
            (name.parse::<HeaderName>(), response_parameter(source, answer, scene))
        {
            weft_net::headers::set(&mut headers, name, &value);
        }
    }
    for (name, value) in set["header"].as_object().into_iter().flatten() {
        if let (Ok(name), Some(value)) = (name.parse::<HeaderName>(), super::templates::plain(value)) {
            weft_net::headers::set(&mut headers, name, &value);
        }
    }
    let mut response = Response::new(full(body));
    let status = status.parse::<u16>().ok().filter(|status| *status >= 200);
    *response.status_mut() = status
        .and_then(|status| StatusCode::from_u16(status).ok())
        .ok_or_else(|| Refusal::configuration("a status that is none"))?;
    *response.headers_mut() = headers;
    Ok(response)
}

fn choose<'r>(responses: &'r [LiveResponse], sign: Option<&str>) -> Option<&'r LiveResponse> {
    let by_pattern = sign.and_then(|sign| {
        responses.iter().find(|one| one.pattern.as_ref().is_some_and(|pattern| pattern.is_match(sign)))
    });
    by_pattern.or_else(|| {
        responses.iter().find(|one| one.record.selection_pattern.as_deref().unwrap_or_default().is_empty())
    })
}

fn response_parameter(source: &str, answer: &Answer, scene: &Scene<'_>) -> Option<String> {
    let Some(place) = source.strip_prefix("integration.response.") else { return scene.parameter(source) };
    if let Some(name) = place.strip_prefix("header.").or_else(|| place.strip_prefix("multivalueheader.")) {
        return answer.headers.get(name).map(|value| lossy(value).into_owned());
    }
    body_parameter(place, &answer.body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_types_are_named_whole_or_by_group() {
        let check = |types: &[&str], kind: &str, expected: bool| {
            let types: Vec<String> = types.iter().map(|kind| (*kind).to_owned()).collect();
            assert_eq!(is_binary(&types, kind), expected, "{types:?} {kind}");
        };
        check(&["image/png"], "image/png", true);
        check(&["image/png"], "Image/PNG; q=1", true);
        check(&["image/*"], "image/jpeg", true);
        check(&["image/*"], "imagery/x", false);
        check(&["*/*"], "", true);
        check(&[], "image/png", false);
    }

    #[test]
    fn an_address_gets_its_variables_and_its_query() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mapped = Mapped {
            path: vec![pair("id", "7"), pair("proxy", "a/b")],
            query: vec![pair("q", "a b")],
            ..Mapped::default()
        };
        assert_eq!(address("http://h/{id}/{proxy}", &mapped), "http://h/7/a/b?q=a%20b");
        assert_eq!(address("http://h/{proxy+}?x=1", &mapped), "http://h/a/b?x=1&q=a%20b");
    }
}
