//! What a bucket's policy may say.

use serde_json::Value;
use weft_policy::Policy;
use weft_service::{Context, Error, Principal};

use crate::access::Found;
use crate::{S3, errors};

/// Bytes of a policy.
const POLICY_BYTES_MAX: usize = 20 << 10;

/// What is said where a bucket has none.
pub(crate) fn no_policy(bucket: &str) -> Error {
    let fault = errors::plain("NoSuchBucketPolicy", 404, "The bucket policy does not exist");
    fault.with_member("BucketName", weft_model::Value::Text(bucket.to_owned()))
}

fn malformed(message: &'static str) -> Error {
    errors::plain("MalformedPolicy", 400, message)
}

/// Refuses a policy that no bucket of this name may have.
pub(crate) fn check(bucket: &str, text: &str) -> Result<(), Error> {
    if text.len() > POLICY_BYTES_MAX {
        return Err(malformed("Policy exceeds the maximum allowed document size."));
    }
    let document: Value = serde_json::from_str(text)
        .map_err(|_| malformed("Policies must be valid JSON and the first byte must be '{'"))?;
    if !document.is_object() {
        return Err(malformed("Policies must be valid JSON and the first byte must be '{'"));
    }
    Policy::parse(text)
        .map_err(|error| malformed("This policy contains invalid elements").with_cause(error))?;
    let statements = match &document["Statement"] {
        Value::Array(list) => list.iter().collect(),
        one => vec![one],
    };
    statements.into_iter().try_for_each(|statement| check_statement(bucket, statement))
}

fn check_statement(bucket: &str, statement: &Value) -> Result<(), Error> {
    if statement.get("Principal").is_none() && statement.get("NotPrincipal").is_none() {
        return Err(malformed("Missing required field Principal"));
    }
    let texts = |names: [&str; 2]| -> Option<Vec<&str>> {
        match names.iter().find_map(|name| statement.get(*name))? {
            Value::String(text) => Some(vec![text]),
            Value::Array(list) => Some(list.iter().filter_map(Value::as_str).collect()),
            _ => None,
        }
    };
    let actions = texts(["Action", "NotAction"]).ok_or_else(|| malformed("Missing required field Action"))?;
    let is_ours = |action: &&str| {
        *action == "*" || action.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("s3:"))
    };
    if !actions.iter().all(is_ours) {
        return Err(malformed("Policy has invalid action"));
    }
    let resources =
        texts(["Resource", "NotResource"]).ok_or_else(|| malformed("Missing required field Resource"))?;
    let is_here = |resource: &&str| {
        let name = resource.strip_prefix("arn:aws:s3:::");
        *resource == "*"
            || name.is_some_and(|name| name.split('/').next() == Some(bucket) || covers(name, bucket))
    };
    if !resources.iter().all(is_here) {
        return Err(malformed("Policy has invalid resource"));
    }
    Ok(())
}

/// Whether a pattern with a wildcard before its first slash begins as the bucket does.
fn covers(pattern: &str, bucket: &str) -> bool {
    let fixed = pattern.split(['*', '?']).next().unwrap_or(pattern);
    fixed.len() < pattern.len() && bucket.starts_with(fixed)
}

impl S3 {
    /// Finds a bucket for a request about its policy. The account that it belongs to is never locked out by it.
    pub(crate) async fn find_for_policy(
        &self,
        cx: &Context,
        name: &str,
        owner: Option<&str>,
        action: &'static str,
    ) -> Result<Found, Error> {
        let found = self.find(cx, name, owner, (action, None)).await?;
        let is_root = matches!(*cx.principal, Principal::Root(account) if account == found.bucket.account);
        let open = Found { policy: found.policy.clone().filter(|_| !is_root), ..found };
        self.allow(cx, &open, &open.access(action)).await?;
        Ok(open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_for_their_bucket() {
        let check = |statement: &str, expected: Result<(), &str>| {
            let policy = format!(r#"{{"Statement":[{statement}]}}"#);
            let found = check("b", &policy);
            assert_eq!(found.as_ref().err().map(Error::message), expected.err(), "{statement}");
        };
        let with = |action: &str, resource: &str| {
            format!(r#"{{"Effect":"Allow","Principal":"*","Action":"{action}","Resource":"{resource}"}}"#)
        };
        check(&with("s3:GetObject", "arn:aws:s3:::b/*"), Ok(()));
        check(&with("S3:*", "arn:aws:s3:::b"), Ok(()));
        check(&with("*", "*"), Ok(()));
        check(&with("s3:GetObject", "arn:aws:s3:::*"), Ok(()));
        check(&with("s3:GetObject", "arn:aws:s3:::c/*"), Err("Policy has invalid resource"));
        check(&with("iam:GetUser", "arn:aws:s3:::b"), Err("Policy has invalid action"));
        let nobody = r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b"}"#;
        check(nobody, Err("Missing required field Principal"));
        assert_eq!(super::check("b", "[]").map_err(|error| error.code()), Err("MalformedPolicy"));
        assert_eq!(super::check("b", "").map_err(|error| error.code()), Err("MalformedPolicy"));
    }
}
