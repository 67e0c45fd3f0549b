//! Decisions, refusals and trust, as tables.

use std::sync::Arc;

use super::*;

mod conditions;
mod decisions;
mod documents;
mod trust;

/// Condition keys as a test has them: one value, or several.
struct Keys(Vec<(String, Vec<String>)>);

impl Keys {
    /// Reads `aws:username=ada aws:TagKeys=a,b`.
    fn read(text: &str) -> Self {
        let pair = |pair: &str| {
            let (key, values) = pair.split_once('=').expect("key=value");
            (key.to_owned(), values.split('|').map(str::to_owned).collect())
        };
        Self(text.split_whitespace().map(pair).collect())
    }
}

impl ConditionKeys for Keys {
    fn find(&self, key: &str) -> Found<'_> {
        match self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(key)) {
            None => Found::Absent,
            Some((_, values)) if values.len() == 1 => Found::One(values[0].as_str().into()),
            Some((_, values)) => Found::Many(values),
        }
    }
}

/// One decision. `statements` are JSON objects with `'` for `"`, as an identity policy of version 2012-10-17.
#[track_caller]
fn check(statements: &str, request: &str, keys: &str, expected: &str) {
    check_sets(&[statements], &[], request, keys, expected);
}

/// One decision over several identity and session policies; `request` is an action and a resource.
#[track_caller]
fn check_sets(identity: &[&str], session: &[&str], request: &str, keys: &str, expected: &str) {
    let parse = |statements: &&str| {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.replace('\'', "\""));
        Arc::new(Policy::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
    };
    let identity: Vec<_> = identity.iter().map(parse).collect();
    let session: Vec<_> = session.iter().map(parse).collect();
    let (action, resource) = request.split_once(' ').expect("action and resource");
    let keys = Keys::read(keys);
    let found = evaluate(&Request { action, resource, conditions: &keys }, &identity, &session);
    assert_eq!(show(found), expected, "{request} [{}]", keys.0.len());
}

fn show(decision: Decision<'_>) -> String {
    let set = |set| if set == PolicySet::Session { "session " } else { "" };
    let named = |sid: Option<&str>| sid.map(|sid| format!(" by {sid}")).unwrap_or_default();
    match decision {
        Decision::Allow { sid, .. } => format!("allow{}", named(sid)),
        Decision::ExplicitDeny { set: from, sid, .. } => format!("{}deny{}", set(from), named(sid)),
        Decision::ImplicitDeny { set: from } => format!("{}none", set(from)),
    }
}
