//! Stack policies: which resources an update may change, replace or delete.

use serde_json::Value as Json;
use weft_service::Error;

use crate::errors;

/// Bytes of a policy.
const BYTES_MAX: usize = 16_384;

/// What an update does to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Update {
    Modify,
    Replace,
    Delete,
}

impl Update {
    fn action(self) -> &'static str {
        match self {
            Self::Modify => "Update:Modify",
            Self::Replace => "Update:Replace",
            Self::Delete => "Update:Delete",
        }
    }
}

/// Refuses a text that is no stack policy.
pub(crate) fn check(text: &str) -> Result<(), Error> {
    let wrong = |problem: &str| errors::validation(format!("Error validating stack policy: {problem}"));
    if text.len() > BYTES_MAX {
        return Err(wrong(&format!("it is longer than {BYTES_MAX} bytes")));
    }
    let document: Json = serde_json::from_str(text).map_err(|error| wrong(&error.to_string()))?;
    let statements = statements(&document);
    if statements.is_empty() {
        return Err(wrong("a Statement is needed"));
    }
    for statement in statements {
        if !matches!(statement["Effect"].as_str(), Some("Allow" | "Deny")) {
            return Err(wrong("Effect must be Allow or Deny"));
        }
        if statement["Principal"] != "*" {
            return Err(wrong("Principal must be *"));
        }
        let has = |name: &str, not: &str| !statement[name].is_null() || !statement[not].is_null();
        if !has("Action", "NotAction") || !has("Resource", "NotResource") {
            return Err(wrong("a statement needs an action and a resource"));
        }
    }
    Ok(())
}

/// Whether a stack's policy lets an update do something to a resource. Without a policy everything is allowed, with one only what it
/// allows.
pub(crate) fn allows(policy: Option<&str>, update: Update, logical_id: &str, kind: &str) -> bool {
    let Some(document) = policy.and_then(|text| serde_json::from_str::<Json>(text).ok()) else { return true };
    let resource = format!("LogicalResourceId/{logical_id}");
    let mut allowed = false;
    for statement in statements(&document) {
        let applies = matches_list(statement, "Action", "NotAction", update.action())
            && matches_list(statement, "Resource", "NotResource", &resource)
            && condition(statement, kind);
        match statement["Effect"].as_str() {
            Some("Deny") if applies => return false,
            Some("Allow") if applies => allowed = true,
            _ => {}
        }
    }
    allowed
}

fn statements(document: &Json) -> Vec<&Json> {
    match &document["Statement"] {
        Json::Array(list) => list.iter().collect(),
        Json::Null => Vec::new(),
        one => vec![one],
    }
}

fn texts(value: &Json) -> Vec<&str> {
    match value {
        Json::Array(list) => list.iter().filter_map(Json::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

fn matches_list(statement: &Json, name: &str, not: &str, wanted: &str) -> bool {
    let any = |value: &Json| texts(value).iter().any(|pattern| matches(pattern, wanted));
    match (&statement[name], &statement[not]) {
        (Json::Null, Json::Null) => false,
        (Json::Null, excluded) => !any(excluded),
        (included, _) => any(included),
    }
}

/// The one condition that stack policies have: the resource's type.
fn condition(statement: &Json, kind: &str) -> bool {
    let Some(condition) = statement["Condition"].as_object() else { return true };
    condition.iter().all(|(operator, keys)| {
        let wanted = texts(&keys["ResourceType"]);
        match operator.as_str() {
            "StringEquals" => wanted.contains(&kind),
            "StringLike" => wanted.iter().any(|pattern| matches(pattern, kind)),
            _ => false,
        }
    })
}

/// Whether a pattern with `*` and `?` matches a whole text.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(letter) if *letter == '?' || *letter == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, t) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"{"Statement": [
        {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": ["Update:Replace", "Update:Delete"], "Principal": "*", "Resource": "LogicalResourceId/Db*"},
        {"Effect": "Deny", "NotAction": "Update:Modify", "Principal": "*", "Resource": "*",
         "Condition": {"StringEquals": {"ResourceType": ["AWS::S3::Bucket"]}}}]}"#;

    #[test]
    fn a_policy_says_what_an_update_may_do() {
        let check = |update, logical_id: &str, kind: &str, expected: bool| {
            assert_eq!(allows(Some(POLICY), update, logical_id, kind), expected, "{update:?} {logical_id} {kind}");
        };
        check(Update::Modify, "Db1", "AWS::RDS::DBInstance", true);
        check(Update::Replace, "Db1", "AWS::RDS::DBInstance", false);
        check(Update::Delete, "Web", "AWS::Lambda::Function", true);
        check(Update::Delete, "Files", "AWS::S3::Bucket", false);
        check(Update::Modify, "Files", "AWS::S3::Bucket", true);
        assert!(allows(None, Update::Delete, "Db1", "X"));
        assert!(!allows(Some(r#"{"Statement": []}"#), Update::Modify, "A", "X"));
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        assert!(super::check(POLICY).is_ok());
        for wrong in ["", "{}", r#"{"Statement": [{"Effect": "May"}]}"#] {
            assert_eq!(super::check(wrong).map_err(|error| error.code()), Err("ValidationError"), "{wrong}");
        }
    }
}
