//! Whether a bucket policy makes something public.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>, "The meaning of public".

use serde_json::Value;

/// Condition keys that narrow a statement to callers that are known, where their value has no wildcard.
const NARROWING: &[&str] = &[
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "aws:viaawsservice",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
];

/// Whether a policy that is valid lets everybody do something.
pub(crate) fn is_public(policy: &str) -> bool {
    let Ok(document) = serde_json::from_str::<Value>(policy) else { return false };
    let statements = match &document["Statement"] {
        Value::Array(list) => list.iter().collect(),
        one => vec![one],
    };
    statements.into_iter().any(|statement| {
        statement["Effect"] == "Allow" && names_everybody(statement) && !is_narrow(&statement["Condition"])
    })
}

fn names_everybody(statement: &Value) -> bool {
    let has_star = |value: &Value| match value {
        Value::String(text) => text == "*",
        Value::Array(list) => list.iter().any(|one| one == "*"),
        _ => false,
    };
    let principal = &statement["Principal"];
    statement.get("NotPrincipal").is_some() || has_star(principal) || has_star(&principal["AWS"])
}

fn is_narrow(condition: &Value) -> bool {
    let operators = condition.as_object().into_iter().flatten();
    operators
        .filter(|(operator, _)| {
            let operator = operator.to_ascii_lowercase();
            !operator.contains("not")
                && !operator.starts_with("forallvalues")
                && !operator.ends_with("ifexists")
                && operator != "null"
        })
        .flat_map(|(_, keys)| keys.as_object().into_iter().flatten())
        .any(|(key, values)| {
            let fixed = |value: &Value| match value {
                Value::String(text) => !text.is_empty() && !text.contains(['*', '?']) && !is_everywhere(text),
                Value::Bool(_) => true,
                _ => false,
            };
            let all_fixed = match values {
                Value::Array(list) => !list.is_empty() && list.iter().all(fixed),
                one => fixed(one),
            };
            NARROWING.contains(&key.to_ascii_lowercase().as_str()) && all_fixed
        })
}

fn is_everywhere(range: &str) -> bool {
    range.ends_with("/0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_public_or_not() {
        let check = |statement: &str, expected: bool| {
            let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
            assert_eq!(is_public(&policy), expected, "{statement}");
        };
        let rest = r#""Action":"s3:GetObject","Resource":"*""#;
        check(&format!(r#"{{"Effect":"Allow","Principal":"*",{rest}}}"#), true);
        check(&format!(r#"{{"Effect":"Allow","Principal":{{"AWS":"*"}},{rest}}}"#), true);
        check(&format!(r#"{{"Effect":"Allow","Principal":{{"AWS":["1","*"]}},{rest}}}"#), true);
        check(&format!(r#"{{"Effect":"Deny","Principal":"*",{rest}}}"#), false);
        check(&format!(r#"{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::1:root"}},{rest}}}"#), false);
        check(&format!(r#"{{"Effect":"Allow","Principal":{{"Service":"s3.amazonaws.com"}},{rest}}}"#), false);
        let with = |condition: &str| {
            format!(r#"{{"Effect":"Allow","Principal":"*","Condition":{condition},{rest}}}"#)
        };
        check(&with(r#"{"StringEquals":{"aws:SourceAccount":"1"}}"#), false);
        check(&with(r#"{"StringLike":{"aws:SourceArn":"arn:*"}}"#), true);
        check(&with(r#"{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}"#), true);
        check(&with(r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#), false);
        check(&with(r#"{"Bool":{"aws:SecureTransport":"true"}}"#), true);
        check(&with(r#"{"StringNotEquals":{"aws:SourceAccount":"1"}}"#), true);
    }
}
