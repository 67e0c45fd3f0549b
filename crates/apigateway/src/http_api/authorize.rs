//! Who may call a route: signatures, tokens of issuers, and authorizer functions.
//!
//! Sources: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html> and
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html>.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use weft_service::{Access, Context};

use super::compile::{Answer, LiveAuthorizer, LiveRoute, LiveStage};
use super::event;
use super::jwt;
use super::serve::{Refused, Scene};
use crate::ApiGateway;
use crate::data::lambda::{Failure, FunctionCall};
use crate::data::target::{Target, with_variables};
use crate::data::verdict::{INVOKE, Said, Verdict, execute_arn};

/// How long an authorizer function may take.
const AUTHORIZER_TIMEOUT: Duration = Duration::from_secs(10);

impl ApiGateway {
    /// Finds out whether a request may go on, and who signed it where somebody did.
    pub(crate) async fn authorize_http(
        &self,
        stage: &LiveStage,
        route: &LiveRoute,
        scene: &mut Scene<'_>,
    ) -> Result<Option<Context>, Refused> {
        let authorizer = || {
            let id = route.route.authorizer_id.as_deref().unwrap_or_default();
            stage.authorizers.get(id).ok_or_else(|| Refused::failed("there is no authorizer"))
        };
        match route.route.authorization_type.as_str() {
            "AWS_IAM" => return self.signed_http(stage, scene).await.map(Some),
            "JWT" => self.token(stage, route, authorizer()?, scene).await?,
            "CUSTOM" => self.custom_http(stage, route, authorizer()?, scene).await?,
            _ => {}
        }
        Ok(None)
    }

    async fn signed_http(&self, stage: &LiveStage, scene: &mut Scene<'_>) -> Result<Context, Refused> {
        let cx = self.identified(scene.incoming).await.map_err(|_| Refused::FORBIDDEN)?;
        let access = Access::to(INVOKE, arn(stage, scene));
        cx.authorize(&access).await.map_err(|_| Refused::FORBIDDEN)?;
        let id = cx.principal.user_id();
        let account = cx.principal.account().map(|account| account.to_string());
        let user = cx.principal.arn().map(|arn| arn.to_string());
        scene.authorizer = json!({ "iam": {
            "accessKey": cx.access_key_id.as_deref(), "accountId": account, "callerId": id,
            "cognitoIdentity": null, "principalOrgId": null, "userArn": user, "userId": id,
        } });
        let identity = &mut scene.context["identity"];
        identity["caller"] = json!(id);
        identity["user"] = json!(id);
        identity["userArn"] = json!(user);
        identity["accountId"] = json!(account);
        Ok(cx)
    }

    async fn token(
        &self,
        stage: &LiveStage,
        route: &LiveRoute,
        authorizer: &LiveAuthorizer,
        scene: &mut Scene<'_>,
    ) -> Result<(), Refused> {
        let source = authorizer.record.identity_source.first().map(String::as_str).unwrap_or_default();
        let value = scene.source(None).find(source.trim_start_matches('$')).ok_or(Refused::UNAUTHORIZED)?;
        let bearer = value.get(..7).filter(|start| start.eq_ignore_ascii_case("bearer "));
        let token = bearer.map_or(value.as_str(), |_| value[7..].trim());
        let settings = authorizer.record.jwt_configuration.as_ref();
        let settings = settings.ok_or_else(|| Refused::failed("the authorizer names no issuer"))?;
        let checked =
            self.check_token(stage.place.account, scene.incoming, authorizer, settings, token).await;
        let claims = checked.map_err(|why| {
            tracing::debug!(api = stage.api.api_id, why, "a token is not accepted");
            Refused { cause: None, ..Refused::UNAUTHORIZED }
        })?;
        let needed = route.route.authorization_scopes.as_deref().unwrap_or_default();
        let scopes = jwt::scopes(&claims);
        if !needed.is_empty() && !needed.iter().any(|scope| scopes.contains(scope)) {
            return Err(Refused::FORBIDDEN);
        }
        let told = if needed.is_empty() { Json::Null } else { json!(scopes) };
        scene.authorizer = json!({ "jwt": { "claims": jwt::texts(&claims), "scopes": told } });
        Ok(())
    }

    async fn custom_http(
        &self,
        stage: &LiveStage,
        route: &LiveRoute,
        authorizer: &LiveAuthorizer,
        scene: &mut Scene<'_>,
    ) -> Result<(), Refused> {
        let mut sources = Vec::new();
        for source in &authorizer.record.identity_source {
            let value = scene.source(None).find(source.trim_start_matches('$'));
            sources.push(value.filter(|value| !value.is_empty()).ok_or(Refused::UNAUTHORIZED)?);
        }
        // What a simple answer says holds for the route alone, unless the whole is cached by what the sources say.
        let key = sources.join("\u{1f}");
        let now = Instant::now();
        let known = if key.is_empty() { None } else { authorizer.said.get(&key, now) };
        let answer = match known {
            Some(answer) => answer,
            None => {
                let answer =
                    Arc::new(self.ask_http_authorizer(stage, route, authorizer, scene, &sources).await?);
                if !key.is_empty() {
                    authorizer.said.keep(key, Arc::clone(&answer), now, authorizer.ttl);
                }
                answer
            }
        };
        let context = match &*answer {
            Answer::Simple(allowed, context) => allowed.then(|| context.clone()),
            Answer::Policy(said) => {
                let verdict = said.verdict(&stage.place, &arn(stage, scene), scene.incoming);
                (verdict == Verdict::Allowed).then(|| said.context.clone())
            }
        };
        let context = context.ok_or(Refused::FORBIDDEN)?;
        let newer = route.integration.as_ref().is_some_and(|one| one.payload_format_version == "2.0");
        scene.authorizer = if newer {
            json!({ "lambda": context })
        } else {
            let mut context = context;
            if let Answer::Policy(said) = &*answer {
                context.insert("principalId".to_owned(), json!(said.principal));
            }
            Json::Object(context)
        };
        Ok(())
    }

    async fn ask_http_authorizer(
        &self,
        stage: &LiveStage,
        route: &LiveRoute,
        authorizer: &LiveAuthorizer,
        scene: &Scene<'_>,
        sources: &[String],
    ) -> Result<Answer, Refused> {
        let record = &authorizer.record;
        let uri = record.authorizer_uri.as_deref().unwrap_or_default();
        let Ok(Target::Lambda(function)) = Target::of_http(uri) else {
            return Err(Refused::failed("the authorizer's URI is no function"));
        };
        let function = with_variables(&function, |name| scene.stage_variables.get(name).map(String::as_str));
        let newer = record.authorizer_payload_format_version.as_deref() == Some("2.0");
        let payload = payload(newer, &arn(stage, scene), &route.route.route_key, scene, sources);
        let call = FunctionCall {
            function: &function,
            source: execute_arn(
                &stage.place,
                &stage.api.api_id,
                &format!("authorizers/{}", record.authorizer_id),
            ),
            credentials: record.authorizer_credentials_arn.as_deref(),
            caller: None,
            payload: payload.to_string().into(),
            timeout: AUTHORIZER_TIMEOUT,
            event: false,
            trace_id: scene.incoming.trace_id(),
        };
        let answer = match self.invoke(&stage.place, call).await {
            Ok(answer) => answer,
            Err(Failure::Function(error)) => {
                let error: Json = serde_json::from_slice(&error).unwrap_or_default();
                return Err(match error["errorMessage"].as_str() {
                    Some("Unauthorized") => Refused::UNAUTHORIZED,
                    message => Refused::failed(message.unwrap_or("the authorizer failed")),
                });
            }
            Err(Failure::TimedOut) => return Err(Refused::failed("the authorizer took too long")),
            Err(Failure::Refused(error)) => return Err(Refused::failed(error.to_string())),
        };
        let found = if record.enable_simple_responses == Some(true) {
            simple(&answer)
        } else {
            Said::read(&answer).map(Answer::Policy)
        };
        found.ok_or_else(|| Refused::failed("the authorizer's answer cannot be read"))
    }
}

/// The ARN of what a request asks for, as policies name it.
fn arn(stage: &LiveStage, scene: &Scene<'_>) -> String {
    let rest = format!("{}/{}{}", stage.stage.stage_name, scene.incoming.method, scene.incoming.path);
    execute_arn(&stage.place, &stage.api.api_id, &rest)
}

fn simple(answer: &[u8]) -> Option<Answer> {
    let json: Json = serde_json::from_slice(answer).ok()?;
    let allowed = json.get("isAuthorized")?.as_bool()?;
    let context = json.get("context").and_then(Json::as_object).cloned().unwrap_or_default();
    Some(Answer::Simple(allowed, context))
}

/// The event of an authorizer.
fn payload(newer: bool, arn: &str, key: &str, scene: &Scene<'_>, sources: &[String]) -> Json {
    if newer {
        let mut event = event::base_2(scene);
        event.insert("type".to_owned(), json!("REQUEST"));
        event.insert("routeArn".to_owned(), json!(arn));
        event.insert("routeKey".to_owned(), json!(key));
        event.insert(
            "identitySource".to_owned(),
            if sources.is_empty() { Json::Null } else { json!(sources) },
        );
        return Json::Object(event);
    }
    let mut event = event::event_1(scene);
    if let Some(members) = event.as_object_mut() {
        members.remove("body");
        members.remove("isBase64Encoded");
        members.insert("type".to_owned(), json!("REQUEST"));
        members.insert("methodArn".to_owned(), json!(arn));
        members.insert("identitySource".to_owned(), json!(sources.join(",")));
        members.insert("authorizationToken".to_owned(), json!(sources.join(",")));
    }
    event
}
