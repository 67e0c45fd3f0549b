//! Who may call a method: the API's own policy, signatures, and authorizer functions.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html>.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value as Json, json};
use weft_service::{Access, ApiRequest, Context, Principal};

use super::compile::{LiveAuthorizer, LiveMethod, LiveStage};
use super::event;
use super::refuse::{Kind, Refusal};
use super::templates::Scene;
use crate::ApiGateway;
use crate::data::lambda::{Failure, FunctionCall};
use crate::data::target::{Target, with_variables};
use crate::data::verdict::{INVOKE, Said, Verdict, execute_arn};

/// How long an authorizer function may take.
const AUTHORIZER_TIMEOUT: Duration = Duration::from_secs(29);

impl ApiGateway {
    /// Finds out whether a request may go on, and who signed it where somebody did. What is known of the caller goes into
    /// the scene's context.
    pub(crate) async fn authorize_rest(
        &self,
        stage: &LiveStage,
        method: &LiveMethod,
        arn: &str,
        scene: &mut Scene<'_>,
    ) -> Result<Option<Context>, Refusal> {
        if stage.policy.is_err() {
            return Err(Refusal::configuration("the policy of the API cannot be read"));
        }
        match method.method.authorization_type.as_str() {
            "AWS_IAM" => self.signed(stage, arn, scene).await.map(Some),
            "CUSTOM" => {
                self.anonymous(stage, arn, scene, false).await?;
                self.custom(stage, method, arn, scene).await?;
                Ok(None)
            }
            _ => {
                self.anonymous(stage, arn, scene, true).await?;
                Ok(None)
            }
        }
    }

    /// A caller without a name: the API's policy has to let everybody in, where there is one. Before an authorizer is asked
    /// it is enough that it denies nothing.
    async fn anonymous(
        &self,
        stage: &LiveStage,
        arn: &str,
        scene: &Scene<'_>,
        needs_allow: bool,
    ) -> Result<(), Refusal> {
        let Ok(Some(policy)) = &stage.policy else { return Ok(()) };
        let mut cx = self.context(&stage.place).map_err(|error| Refusal::configuration(error.to_string()))?;
        let incoming = scene.incoming;
        cx.principal = Arc::new(Principal::Anonymous);
        cx.source_ip = Some(incoming.peer);
        cx.secure = incoming.secure;
        cx.user_agent = incoming.header("user-agent").map(Arc::from);
        cx.referer = incoming.header("referer").map(Arc::from);
        cx.request_id = Arc::clone(&incoming.request_id);
        match cx.authorize_with(&Access::to(INVOKE, arn), Some(policy)).await {
            Err(error) if needs_allow || error.message().contains(" explicit deny ") => {
                Err(Refusal::new(Kind::AccessDenied, masked(error.message())))
            }
            _ => Ok(()),
        }
    }

    /// A caller who signs.
    async fn signed(&self, stage: &LiveStage, arn: &str, scene: &mut Scene<'_>) -> Result<Context, Refusal> {
        let cx = self.identified(scene.incoming).await?;
        let policy = stage.policy.as_ref().ok().and_then(Option::as_ref);
        let access = Access::to(INVOKE, arn);
        let allowed = cx.authorize_with(&access, policy).await;
        allowed.map_err(|error| Refusal::new(Kind::AccessDenied, masked(error.message())))?;
        let identity = &mut scene.context["identity"];
        identity["accessKey"] = json!(cx.access_key_id.as_deref());
        identity["accountId"] = json!(cx.principal.account().map(|account| account.to_string()));
        identity["caller"] = json!(cx.principal.user_id());
        identity["user"] = json!(cx.principal.user_id());
        identity["userArn"] = json!(cx.principal.arn().map(|arn| arn.to_string()));
        Ok(cx)
    }

    /// Who signed a request.
    pub(crate) async fn identified(
        &self,
        incoming: &crate::data::request::Incoming,
    ) -> Result<Context, Refusal> {
        let dispatch = self.dispatch.get().and_then(std::sync::Weak::upgrade);
        let dispatch = dispatch.ok_or_else(|| Refusal::configuration("the server is starting"))?;
        let signed = incoming.original.headers.contains_key(http::header::AUTHORIZATION)
            || incoming.raw_query.contains("X-Amz-Signature=");
        if !signed {
            return Err(Refusal::new(Kind::MissingAuthenticationToken, "Missing Authentication Token"));
        }
        let request = ApiRequest::new(
            incoming.original.clone(),
            incoming.body.clone(),
            Some(incoming.peer),
            incoming.secure,
        );
        dispatch.identify(&request).await.map_err(|message| {
            let kind = if message.contains("expired") { Kind::ExpiredToken } else { Kind::InvalidSignature };
            Refusal::new(kind, message)
        })
    }

    /// A caller about whom a function decides.
    async fn custom(
        &self,
        stage: &LiveStage,
        method: &LiveMethod,
        arn: &str,
        scene: &mut Scene<'_>,
    ) -> Result<(), Refusal> {
        let id = method.method.authorizer_id.as_deref().unwrap_or_default();
        let authorizer = stage.authorizers.get(id).ok_or_else(|| failure("there is no authorizer"))?;
        let sources = sources(authorizer, scene)?;
        let key = sources.join("\u{1f}");
        let now = Instant::now();
        // Who is not known by anything is asked about each time.
        let known = if key.is_empty() { None } else { authorizer.said.get(&key, now) };
        let said = match known {
            Some(said) => said,
            None => {
                let said =
                    Arc::new(self.ask_authorizer(stage, method, authorizer, arn, scene, &sources).await?);
                if !key.is_empty() {
                    authorizer.said.keep(key, Arc::clone(&said), now, authorizer.ttl);
                }
                said
            }
        };
        match said.verdict(&stage.place, arn, scene.incoming) {
            Verdict::Allowed => {}
            Verdict::NotAllowed => {
                return Err(Refusal::new(
                    Kind::AccessDenied,
                    "User is not authorized to access this resource",
                ));
            }
            Verdict::Denied => {
                let message = "User is not authorized to access this resource with an explicit deny";
                return Err(Refusal::new(Kind::AccessDenied, message));
            }
        }
        let mut told: serde_json::Map<String, Json> = said
            .context
            .iter()
            .map(|(key, value)| {
                (key.clone(), value.as_str().map_or_else(|| json!(value.to_string()), Json::from))
            })
            .collect();
        told.insert("principalId".to_owned(), json!(said.principal));
        scene.context["authorizer"] = Json::Object(told);
        Ok(())
    }

    async fn ask_authorizer(
        &self,
        stage: &LiveStage,
        method: &LiveMethod,
        authorizer: &LiveAuthorizer,
        arn: &str,
        scene: &Scene<'_>,
        sources: &[String],
    ) -> Result<Said, Refusal> {
        let record = &authorizer.record;
        let uri = record.authorizer_uri.as_deref().unwrap_or_default();
        let Ok(Target::Lambda(function)) = Target::parse(uri) else {
            return Err(failure("the authorizer's URI is wrong"));
        };
        let function = with_variables(&function, |name| scene.stage_variables.get(name).map(String::as_str));
        let payload = payload(record.kind == "TOKEN", method, arn, scene, sources);
        let call = FunctionCall {
            function: &function,
            source: execute_arn(&stage.place, &stage.api.id, &format!("authorizers/{}", record.id)),
            credentials: record.authorizer_credentials.as_deref(),
            caller: None,
            payload,
            timeout: AUTHORIZER_TIMEOUT,
            event: false,
            trace_id: scene.incoming.trace_id(),
        };
        let answer = match self.invoke(&stage.place, call).await {
            Ok(answer) => answer,
            Err(Failure::Function(error)) => {
                let error: Json = serde_json::from_slice(&error).unwrap_or_default();
                return Err(match error["errorMessage"].as_str() {
                    Some("Unauthorized") => Refusal::new(Kind::Unauthorized, "Unauthorized"),
                    message => failure(message.unwrap_or("the authorizer failed")),
                });
            }
            Err(Failure::TimedOut) => return Err(failure("the authorizer took too long")),
            Err(Failure::Refused(error)) => {
                let cause = Some(error.to_string());
                return Err(Refusal {
                    cause,
                    message: None,
                    ..Refusal::new(Kind::AuthorizerConfigurationError, "")
                });
            }
        };
        Said::read(&answer).ok_or_else(|| {
            let cause = Some("the authorizer gave no policy that can be read".to_owned());
            Refusal { cause, message: None, ..Refusal::new(Kind::AuthorizerConfigurationError, "") }
        })
    }
}

/// An authorizer that did not answer.
fn failure(cause: &str) -> Refusal {
    Refusal { message: None, cause: Some(cause.to_owned()), ..Refusal::new(Kind::AuthorizerFailure, "") }
}

/// Hides all but the end of the account in a refusal's resource, as AWS does.
fn masked(message: &str) -> String {
    let Some((start, rest)) = message.split_once("on resource: arn:aws:execute-api:") else {
        return message.to_owned();
    };
    let mut parts = rest.splitn(3, ':');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(region), Some(account), Some(end)) if account.len() == 12 => {
            format!("{start}on resource: arn:aws:execute-api:{region}:********{}:{end}", &account[8..])
        }
        _ => message.to_owned(),
    }
}

/// What the caller is known by. Something that is missing is a caller whom nobody has to ask about.
fn sources(authorizer: &LiveAuthorizer, scene: &Scene<'_>) -> Result<Vec<String>, Refusal> {
    let record = &authorizer.record;
    let listed = record.identity_source.as_deref().unwrap_or_default();
    let listed = listed.split(',').map(str::trim).filter(|source| !source.is_empty());
    let unauthorized = || Refusal::new(Kind::Unauthorized, "Unauthorized");
    let mut found = Vec::new();
    for source in listed {
        found.push(scene.parameter(source).filter(|value| !value.is_empty()).ok_or_else(unauthorized)?);
    }
    if let Some(pattern) = &authorizer.validation
        && record.kind == "TOKEN"
        && !found.iter().all(|token| pattern.is_match(token))
    {
        return Err(unauthorized());
    }
    Ok(found)
}

/// The event of an authorizer.
fn payload(token: bool, method: &LiveMethod, arn: &str, scene: &Scene<'_>, sources: &[String]) -> Bytes {
    if token {
        let event = json!({
            "type": "TOKEN",
            "methodArn": arn,
            "authorizationToken": sources.first().map(String::as_str).unwrap_or_default(),
        });
        return event.to_string().into();
    }
    let whole = event::event(&method.resource_path, scene, false, event::request_context(scene));
    let mut event: Json = serde_json::from_slice(&whole).unwrap_or_default();
    if let Some(members) = event.as_object_mut() {
        members.remove("body");
        members.remove("isBase64Encoded");
        // Maps that are empty are objects here, unlike in the event of a proxied request.
        for name in
            ["queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "stageVariables"]
        {
            if members.get(name).is_some_and(Json::is_null) {
                members.insert(name.to_owned(), json!({}));
            }
        }
        members.insert("type".to_owned(), json!("REQUEST"));
        members.insert("methodArn".to_owned(), json!(arn));
    }
    event.to_string().into()
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn an_account_is_not_told() {
        let message = "User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:123456789012:abc/prod/GET/ with an explicit deny";
        assert!(masked(message).contains("us-east-1:********9012:abc/prod/GET/ with"));
        assert_eq!(masked("other"), "other");
    }
}
