//! Decisions that AWS documents, as one table: the evaluation logic, the condition operators, the principals, the example
//! policies of the IAM user guide, in our own words.
//!
//! A row is `(who, policies, request, keys, expected)`. Policies are statements separated by `;`, each a set (`I`dentity,
//! `B`oundary, `S`ession, `R`esource, `T`rust: a resource's policy that is required) with `+` or `-` for its effect, then
//! actions, resources (or `.` for none), and for `R` and `T` principals after `@`; `!` begins the list of a `Not…` form. After `if` come
//! operators, each with `key=value|value`, joined by `&`. Sets are policies of their own: `I+ …; I- …` are two statements of one
//! policy.

use serde_json::{Value, json};

use super::{Keys, request_of};
use crate::{Caller, Decision, NamedPolicy, Policies, Policy, PolicySet, ResourceSide, evaluate};

mod across;
mod actions;
mod examples;
mod logic;
mod multivalued;
mod operators;
mod principals;
mod variables;

/// Who, policies, request, keys, expected.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str);

const TABLES: &[&[Row]] = &[
    logic::ROWS,
    principals::ROWS,
    across::ROWS,
    actions::ROWS,
    operators::ROWS,
    multivalued::ROWS,
    variables::ROWS,
    examples::ROWS,
];

#[test]
fn every_documented_decision_is_ours() {
    let rows: Vec<&Row> = TABLES.iter().flat_map(|table| table.iter()).collect();
    let wrong: Vec<String> = rows.iter().filter_map(|row| check(row)).collect();
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
    assert!(rows.len() >= 300, "the table has shrunk to {} rows", rows.len());
    let mut seen: Vec<&Row> = rows.clone();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), rows.len(), "a row is there twice");
}

/// What holds of every row: a denial in any set wins, a statement for something else changes nothing, and without any
/// statement only root may.
#[test]
fn every_decision_keeps_the_invariants() {
    for row in TABLES.iter().flat_map(|table| table.iter()) {
        let (who, policies, request, keys, expected) = *row;
        for denial in ["I- * *", "B- * *", "S- * *", "R- * * @*"] {
            let found = decide(who, &format!("{policies}; {denial}"), request, keys);
            assert!(found.starts_with("deny"), "{denial} added to {row:?}: {found}");
        }
        let other = format!("{policies}; I+ else:Where arn:aws:else:::x; I- else:Where arn:aws:else:::x");
        assert_eq!(decide(who, &other, request, keys), expected, "{row:?}");
        let alone = decide(who, "", request, keys);
        assert_eq!(alone == "allow", who == "root", "{row:?} without policies: {alone}");
    }
}

/// What is wrong with a row, if anything is.
fn check(row: &Row) -> Option<String> {
    let (who, policies, request, keys, expected) = *row;
    let found = decide(who, policies, request, keys);
    (found != expected).then(|| format!("{row:?}: {found}"))
}

fn decide(who: &'static str, policies: &str, request: &str, keys: &str) -> String {
    let set = |letters: &[char]| {
        let statements: Vec<Value> = policies
            .split(';')
            .map(str::trim)
            .filter(|statement| statement.starts_with(letters))
            .map(statement)
            .collect();
        let document = json!({ "Version": version(policies), "Statement": statements }).to_string();
        let parse = || Policy::parse(&document).unwrap_or_else(|error| panic!("{error}: {document}"));
        (!statements.is_empty()).then(|| NamedPolicy::new("p", parse()))
    };
    let (identity, boundary, session) = (set(&['I']), set(&['B']), set(&['S']));
    let resource = set(&['R', 'T']);
    let required = policies.contains("T+") || policies.contains("T-");
    let side = resource.as_ref().map_or(ResourceSide::None, |named| {
        if required { ResourceSide::Required(&named.policy) } else { ResourceSide::Policy(&named.policy) }
    });
    let policies = Policies {
        identity: identity.as_slice(),
        boundary: boundary.as_ref(),
        session: session.as_slice(),
        resource: side,
    };
    let (action, resource) = request.split_once(' ').expect("action and resource");
    let keys = Keys::read(keys);
    let mut request = request_of(caller(who), action, resource, &keys);
    request.resource_account = resource.split(':').nth(4).filter(|account| account.len() == 12);
    request.canonical_user = (who == "ada").then_some("c4n0n1c4l");
    show(&evaluate(&request, &policies))
}

fn show(decision: &Decision<'_>) -> String {
    let name = |set: &PolicySet| format!("{set:?}").to_lowercase();
    match decision {
        Decision::Allow { .. } => "allow".to_owned(),
        Decision::ExplicitDeny { by } => format!("deny {}", name(&by.set)),
        Decision::ImplicitDeny { set } => format!("no {}", name(set)),
    }
}

/// `2008` anywhere in the policies asks for the older language.
fn version(policies: &str) -> &'static str {
    if policies.contains("2008") { "2008-10-17" } else { "2012-10-17" }
}

const USER: &str = "arn:aws:iam::111122223333:user/ada";
const BOB: &str = "arn:aws:iam::111122223333:user/team/bob";
const ROLE: &str = "arn:aws:iam::111122223333:role/app/dev";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/dev/s1";
const GUEST: &str = "arn:aws:sts::111122223333:federated-user/guest";
const EVE: &str = "arn:aws:iam::444455556666:user/eve";
const USER_ID: &str = "AIDAADAADAADAADAADAAD";
const ROLE_ID: &str = "AROADEVDEVDEVDEVDEVDE";
const EVE_ID: &str = "AIDAEVEEVEEVEEVEEVEEV";
const ACCOUNT: &str = "111122223333";

fn caller(who: &'static str) -> Caller<'static> {
    let account = ACCOUNT;
    match who {
        "root" => Caller::Root { account },
        "ada" => Caller::User { account, arn: USER, id: USER_ID },
        "bob" => Caller::User { account, arn: BOB, id: "AIDABOBBOBBOBBOBBOBBO" },
        "dev" => Caller::Session { account, arn: SESSION, role: ROLE, role_id: ROLE_ID },
        "guest" => Caller::FederatedUser { account, arn: GUEST, user: Some((USER, USER_ID)) },
        "guest-of-root" => Caller::FederatedUser { account, arn: GUEST, user: None },
        "eve" => Caller::User { account: "444455556666", arn: EVE, id: EVE_ID },
        "their-root" => Caller::Root { account: "444455556666" },
        "their-role" => Caller::Session {
            account: "444455556666",
            arn: "arn:aws:sts::444455556666:assumed-role/ops/s2",
            role: "arn:aws:iam::444455556666:role/ops",
            role_id: "AROAOPSOPSOPSOPSOPSOP",
        },
        "anonymous" => Caller::Anonymous,
        who => match who.strip_prefix("idp:") {
            Some(provider) => Caller::Federated(provider),
            None => Caller::Service(who),
        },
    }
}

/// A principal's kind and name.
fn principal(name: &str) -> (&'static str, &str) {
    match name {
        "ada" => ("AWS", USER),
        "bob" => ("AWS", BOB),
        "ada's-id" => ("AWS", USER_ID),
        "ada's-former-id" => ("AWS", "AIDAFORMERFORMERFORME"),
        "role's-id" => ("AWS", ROLE_ID),
        "role's-former-id" => ("AWS", "AROAFORMERFORMERFORME"),
        "eve's-id" => ("AWS", EVE_ID),
        "role" => ("AWS", ROLE),
        "dev" => ("AWS", SESSION),
        "guest" => ("AWS", GUEST),
        "eve" => ("AWS", EVE),
        "ops" => ("AWS", "arn:aws:iam::444455556666:role/ops"),
        "ops/s2" => ("AWS", "arn:aws:sts::444455556666:assumed-role/ops/s2"),
        name if name.contains("amazonaws.com") && !name.starts_with("idp:") => ("Service", name),
        name => match name.split_once(':') {
            Some(("idp", provider)) => ("Federated", provider),
            Some(("can", id)) => ("CanonicalUser", id),
            _ => ("AWS", name),
        },
    }
}

fn statement(text: &str) -> Value {
    let (head, condition) = text.split_once(" if ").map_or((text, None), |(head, rest)| (head, Some(rest)));
    let mut words = head.split_whitespace();
    let effect = if words.next().expect("a set").ends_with('+') { "Allow" } else { "Deny" };
    let mut statement = json!({ "Effect": effect });
    let mut listed = |element: &str, list: &str, make: &dyn Fn(&str) -> Value| {
        let (name, list) = match list.strip_prefix('!') {
            Some(list) => (format!("Not{element}"), list),
            None => (element.to_owned(), list),
        };
        statement[name] = make(list);
    };
    // A comma before `'` begins a variable's default.
    let texts = |list: &str| -> Value {
        list.replace(",'", "\0").split(',').map(|text| json!(text.replace('\0', ",'"))).collect()
    };
    listed("Action", words.next().expect("actions"), &texts);
    let resources = words.next().expect("resources");
    if resources != "." {
        listed("Resource", resources, &texts);
    }
    if let Some(named) = words.next().filter(|word| *word != "2008") {
        let named = named.strip_prefix('@').expect("principals after @");
        // `@!a,b`: all but these.
        listed("Principal", named, &|list| {
            if list == "*" { json!("*") } else { principals(list) }
        });
    }
    if let Some(condition) = condition {
        statement["Condition"] = conditions(condition);
    }
    statement
}

fn principals(list: &str) -> Value {
    let mut kinds = json!({});
    for (kind, name) in list.split(',').map(principal) {
        match kinds[kind].as_array_mut() {
            Some(names) => names.push(json!(name)),
            None => kinds[kind] = json!([name]),
        }
    }
    kinds
}

/// `StringEquals a:b=x|y & Bool c:d=true`.
fn conditions(text: &str) -> Value {
    let mut all = json!({});
    for one in text.split(" & ") {
        let (operator, rest) = one.trim().split_once(' ').expect("operator and key");
        let (key, values) = rest.split_once('=').expect("key=value");
        let values: Vec<&str> = values.split('|').collect();
        all[operator][key.trim()] = json!(values);
    }
    all
}
