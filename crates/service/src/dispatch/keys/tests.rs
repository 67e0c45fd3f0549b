use std::sync::Arc;

use weft_types::{AccountId, Region, Timestamp};

use super::*;
use crate::dispatch::engine::Core;
use crate::{BoxFuture, Credential, CredentialError, Error, Holdings, Identities, ManualClock, Registry};
use crate::{Scope, SessionFacts};

struct Nobody;

impl Identities for Nobody {
    fn credential<'a>(
        &'a self,
        _: &'a str,
        _: Option<&'a str>,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        Box::pin(async { Err(CredentialError::Unknown) })
    }

    fn holdings<'a>(&'a self, _: &'a Principal) -> BoxFuture<'a, Result<Arc<Holdings>, Error>> {
        Box::pin(async { Ok(Arc::default()) })
    }
}

fn user() -> Principal {
    let (path, name) = ("/team/".to_owned(), "ada".to_owned());
    Principal::User { account: AccountId::DEFAULT, path, name, id: "AIDA1".to_owned() }
}

fn session() -> Principal {
    let (path, role) = ("/app/".to_owned(), "dev".to_owned());
    let (role_id, session) = ("AROA1".to_owned(), "s1".to_owned());
    Principal::Session { account: AccountId::DEFAULT, path, role, role_id, session }
}

fn context(principal: Principal) -> Context {
    let now = Timestamp::from_seconds(1_700_000_000);
    let core = Core {
        registry: Registry::default(),
        identities: Arc::new(Nobody),
        clock: Arc::new(ManualClock::at(now)),
        depth_max: 1,
        decisions: crate::dispatch::decisions::Decisions::default(),
    };
    let is_session = matches!(principal, Principal::Session { .. });
    let said =
        SessionFacts { source_identity: Some("Grace".to_owned()), mfa: true, ..SessionFacts::default() };
    let facts = SessionFacts {
        issued: Some(Timestamp::from_seconds(1_699_999_000)),
        tags: vec![("Team".to_owned(), "red".to_owned())],
        ..said
    };
    Context {
        scope: Scope { account: AccountId::DEFAULT, region: Region::default(), now },
        principal: Arc::new(principal),
        access_key_id: None,
        session_token: None,
        step: None,
        next_step: None,
        session_policies: Arc::new([]),
        session: is_session.then(|| Arc::new(facts)),
        request_id: "r".into(),
        source_ip: Some(std::net::Ipv4Addr::new(192, 0, 2, 1).into()),
        secure: true,
        host: None,
        user_agent: Some("aws-cli".into()),
        referer: Some("http://example.com/".into()),
        trace_id: None,
        source_arn: None,
        called_via: Arc::new([]),
        service: "lambda",
        depth: 0,
        engine: Arc::new(core),
    }
}

#[track_caller]
fn check(cx: &Context, key: &str, expected: &str) {
    let access = Access::to("lambda:Invoke", "arn:aws:lambda:us-east-1:000000000000:function:f")
        .with("lambda:X", "own")
        .with_request_tags(
            &[("a", "1"), ("b", "2")].map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        )
        .with_resource_tags([("owner", "ada")].into_iter());
    let tags = [("team".to_owned(), "blue".to_owned()), ("level".to_owned(), "7".to_owned())];
    let keys = RequestKeys::new(cx, &access).with_tags(&tags);
    let found = match keys.find(key) {
        Found::Absent => "absent".to_owned(),
        Found::One(value) => value.into_owned(),
        Found::Many(values) => values.join("|"),
    };
    assert_eq!(found, expected, "{key}");
}

#[test]
fn keys_of_the_caller() {
    let (user, session) = (context(user()), context(session()));
    check(&user, "aws:PrincipalArn", "arn:aws:iam::000000000000:user/team/ada");
    check(&session, "AWS:principalarn", "arn:aws:iam::000000000000:role/app/dev");
    check(&user, "aws:username", "ada");
    check(&session, "aws:username", "absent");
    check(&session, "aws:userid", "AROA1:s1");
    check(&user, "aws:PrincipalType", "User");
    check(&session, "aws:PrincipalAccount", "000000000000");
    check(&user, "aws:PrincipalTag/Team", "blue");
    check(&session, "aws:PrincipalTag/Team", "red");
    check(&session, "aws:PrincipalTag/level", "7");
    check(&user, "aws:PrincipalTag/other", "absent");
    check(&user, "aws:PrincipalOrgID", "absent");
    check(&user, "aws:FederatedProvider", "absent");
    check(&user, "aws:PrincipalIsAWSService", "false");
}

#[test]
fn keys_of_the_session() {
    let (user, session) = (context(user()), context(session()));
    check(&session, "aws:TokenIssueTime", "2023-11-14T21:56:40Z");
    check(&session, "aws:MultiFactorAuthPresent", "true");
    check(&session, "aws:MultiFactorAuthAge", "1000");
    check(&session, "aws:SourceIdentity", "Grace");
    for key in ["TokenIssueTime", "MultiFactorAuthPresent", "MultiFactorAuthAge", "SourceIdentity"] {
        check(&user, &format!("aws:{key}"), "absent");
    }
}

#[test]
fn keys_of_the_request_and_its_access() {
    let user = context(user());
    check(&user, "aws:SourceIp", "192.0.2.1");
    check(&user, "aws:UserAgent", "aws-cli");
    check(&user, "aws:Referer", "http://example.com/");
    check(&user, "aws:ResourceAccount", "000000000000");
    check(&user, "lambda:x", "own");
    check(&user, "aws:RequestTag/a", "1");
    check(&user, "aws:TagKeys", "a|b");
    check(&user, "aws:ResourceTag/owner", "ada");
    check(&user, "aws:ResourceTag/other", "absent");
    check(&user, "aws:ViaAWSService", "false");
    check(&user, "aws:CalledVia", "absent");
    check(&user, "aws:SourceArn", "absent");
    check(&user, "lambda:Y", "absent");
}

#[test]
fn keys_of_services_and_of_calls_between_them() {
    let via = context(user()).inner("logs").inner("sts");
    check(&via, "aws:CalledVia", "lambda.amazonaws.com|logs.amazonaws.com");
    check(&via, "aws:CalledViaFirst", "lambda.amazonaws.com");
    check(&via, "aws:CalledViaLast", "logs.amazonaws.com");
    check(&via, "aws:ViaAWSService", "true");
    let service = context(user()).as_service("s3.amazonaws.com");
    check(&service, "aws:SourceAccount", "000000000000");
    check(&service, "aws:SourceArn", "absent");
    check(&context(user()), "aws:SourceAccount", "absent");
    check(&service.inner("sts"), "aws:ViaAWSService", "false");
    check(&service, "aws:PrincipalServiceName", "s3.amazonaws.com");
    let bucket = service.clone().with_source("arn:aws:s3:::b");
    check(&bucket, "aws:SourceArn", "arn:aws:s3:::b");
    check(&bucket, "aws:SourceAccount", "000000000000");
    let topic = service.with_source("arn:aws:sns:us-east-1:111122223333:t");
    check(&topic, "aws:SourceAccount", "111122223333");
}
