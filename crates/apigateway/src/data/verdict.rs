//! What an authorizer function says: who calls, and which methods they may call.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html>.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};
use weft_policy::{Caller, ConditionKeys, Decision, Found, NamedPolicy, Policies, Policy, Request, evaluate};

use crate::data::request::Incoming;
use crate::places::Place;

pub(crate) const INVOKE: &str = "execute-api:Invoke";

/// What was said of a caller.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) principal: String,
    /// What the authorizer tells those behind the method.
    pub(crate) context: Map<String, Json>,
    policy: NamedPolicy,
}

/// What comes of it for one method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Allowed,
    /// Nothing allows it.
    NotAllowed,
    /// A statement denies it.
    Denied,
}

impl Said {
    /// Reads an answer. None where it is not one that an authorizer may give.
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let answer: Json = serde_json::from_slice(payload).ok()?;
        let principal = answer.get("principalId")?.as_str()?.to_owned();
        let document = answer.get("policyDocument")?;
        let policy = Policy::parse(&document.to_string()).ok()?;
        let context = match answer.get("context") {
            None | Some(Json::Null) => Map::new(),
            Some(Json::Object(context)) if context.values().all(is_plain) => context.clone(),
            Some(_) => return None,
        };
        Some(Self { principal, context, policy: NamedPolicy::new("authorizer", policy) })
    }

    /// Whether it allows a method.
    pub(crate) fn verdict(&self, place: &Place, arn: &str, incoming: &Incoming) -> Verdict {
        let account = place.account.to_string();
        let request = Request {
            // Only what the policy says counts, so that the caller is somebody of the account without a name.
            caller: Caller::Session { account: &account, arn: "", role: "", role_id: "" },
            canonical_user: None,
            action: INVOKE,
            resource: arn,
            resource_account: Some(&account),
            conditions: &Keys(incoming),
        };
        let policies = Policies { identity: std::slice::from_ref(&self.policy), ..Policies::default() };
        match evaluate(&request, &policies) {
            Decision::Allow { .. } => Verdict::Allowed,
            Decision::ExplicitDeny { .. } => Verdict::Denied,
            Decision::ImplicitDeny { .. } => Verdict::NotAllowed,
        }
    }
}

/// Texts, numbers and booleans are handed on; lists and objects are not taken.
fn is_plain(value: &Json) -> bool {
    !value.is_array() && !value.is_object()
}

/// The condition keys of a request to an API.
struct Keys<'r>(&'r Incoming);

impl ConditionKeys for Keys<'_> {
    fn find(&self, key: &str) -> Found<'_> {
        let one = |text: String| Found::One(Cow::Owned(text));
        match key.to_ascii_lowercase().as_str() {
            "aws:sourceip" => one(self.0.peer.to_string()),
            "aws:securetransport" => one(self.0.secure.to_string()),
            "aws:currenttime" => one(self.0.now.iso8601_seconds()),
            "aws:epochtime" => one(self.0.now.as_seconds().to_string()),
            "aws:useragent" => self.0.header("user-agent").map_or(Found::Absent, |text| one(text.to_owned())),
            "aws:referer" => self.0.header("referer").map_or(Found::Absent, |text| one(text.to_owned())),
            _ => Found::Absent,
        }
    }
}

/// The ARN of a method, or of an authorizer, of an API.
pub(crate) fn execute_arn(place: &Place, api: &str, rest: &str) -> String {
    format!("arn:aws:execute-api:{}:{}:{api}/{rest}", place.region.as_str(), place.account)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{incoming, place};

    #[track_caller]
    fn check(statement: &str, arn: &str, expected: Option<Verdict>) {
        let answer = format!(
            r#"{{"principalId":"p","policyDocument":{{"Version":"2012-10-17","Statement":{statement}}},"context":{{"a":1}}}}"#
        );
        let incoming = incoming("GET", "/", &[], b"");
        let said = Said::read(answer.as_bytes());
        assert_eq!(said.map(|said| said.verdict(&place(), arn, &incoming)), expected, "{statement} {arn}");
    }

    #[test]
    fn a_policy_allows_denies_or_says_nothing() {
        let allow = r#"{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:us-east-1:000000000000:a/prod/GET/*"}"#;
        let deny = r#"{"Effect":"Deny","Action":"execute-api:*","Resource":"*"}"#;
        let get = "arn:aws:execute-api:us-east-1:000000000000:a/prod/GET/pets";
        let post = "arn:aws:execute-api:us-east-1:000000000000:a/prod/POST/pets";
        check(allow, get, Some(Verdict::Allowed));
        check(allow, post, Some(Verdict::NotAllowed));
        check(&format!("[{allow},{deny}]"), get, Some(Verdict::Denied));
        check("7", get, None);
        assert!(Said::read(br#"{"principalId":"p"}"#).is_none());
        assert!(Said::read(br#"{"principalId":"p","policyDocument":{},"context":{"a":[]}}"#).is_none());
    }
}
