//! Decisions and refusals, as tables.

use super::*;

mod conditions;
mod decisions;
mod documents;
mod explain;
mod table;

/// Condition keys as a test has them: one value, or several.
struct Keys(Vec<(String, Vec<String>)>);

impl Keys {
    /// Reads `aws:username=ada aws:TagKeys=a|b`; `aws:TagKeys=` has no value at all.
    fn read(text: &str) -> Self {
        let pair = |pair: &str| {
            let (key, values) = pair.split_once('=').expect("key=value");
            let values = values.split('|').filter(|value| !value.is_empty());
            (key.to_owned(), values.map(str::to_owned).collect())
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

const ADA: Caller<'_> = Caller::User {
    account: "111122223333",
    arn: "arn:aws:iam::111122223333:user/ada",
    id: "AIDAADAADAADAADAADAAD",
};

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
        NamedPolicy::new("p", Policy::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
    };
    let identity: Vec<_> = identity.iter().map(parse).collect();
    let session: Vec<_> = session.iter().map(parse).collect();
    let (action, resource) = request.split_once(' ').expect("action and resource");
    let keys = Keys::read(keys);
    let policies = Policies { identity: &identity, session: &session, ..Policies::default() };
    let found = evaluate(&request_of(ADA, action, resource, &keys), &policies);
    assert_eq!(show(&found), expected, "{request} [{}]", keys.0.len());
}

fn request_of<'a>(caller: Caller<'a>, action: &'a str, resource: &'a str, keys: &'a Keys) -> Request<'a> {
    Request { caller, canonical_user: None, action, resource, resource_account: None, conditions: keys }
}

fn show(decision: &Decision<'_>) -> String {
    let set = |set| if set == PolicySet::Session { "session " } else { "" };
    let named = |sid: Option<&str>| sid.map(|sid| format!(" by {sid}")).unwrap_or_default();
    match decision {
        Decision::Allow { identity, .. } => format!("allow{}", named(identity.and_then(|by| by.sid()))),
        Decision::ExplicitDeny { by } => format!("{}deny{}", set(by.set), named(by.sid())),
        Decision::ImplicitDeny { set: from } => format!("{}none", set(*from)),
    }
}
