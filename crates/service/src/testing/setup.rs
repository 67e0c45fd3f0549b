//! A dispatch over services under test, with an administrator and a stranger.

use std::collections::BTreeMap;
use std::sync::Arc;

use weft_policy::{NamedPolicy, Policy};
use weft_types::{AccountId, Timestamp};
use weft_wire::ServiceFault;

use super::Client;
use crate::{
    BoxFuture, Credential, CredentialError, Dispatch, DispatchOptions, Error, Holdings, Identities,
    ManualClock, Principal, Registry,
};

/// When a test begins: an arbitrary moment, in milliseconds since 1970.
pub const START: i64 = 1_795_482_123_004;

/// A clock that stands at [`START`].
pub fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_millis(START)))
}

/// Two clients of what is registered: `admin` may do everything, the other signs well and may do nothing.
pub fn clients(registry: Registry, clock: &Arc<ManualClock>) -> [Client; 2] {
    let clock = Arc::<ManualClock>::clone(clock);
    let dispatch = Dispatch::new(registry, Arc::new(Users), clock, DispatchOptions::default());
    ["admin", "stranger"].map(|name| Client::new(&dispatch, name, SECRET))
}

/// Code, HTTP status and message of a refusal. Panics where there is none.
pub fn refusal<T: std::fmt::Debug>(result: Result<T, ServiceFault>) -> (String, u16, String) {
    match result {
        Err(fault) => (fault.code, fault.status.as_u16(), fault.message),
        Ok(value) => panic!("not refused: {value:?}"),
    }
}

/// The unique id of a user of the tests: one name, one id.
pub fn user_id(name: &str) -> String {
    format!("AIDA{:0<17}", name.to_ascii_uppercase())
}

/// A user that a policy can be saved for, and who is deleted when it is shown.
pub const DELETED: &str = "deleted";

/// What the ARNs of the tests' users begin with.
const USERS: &str = "arn:aws:iam::000000000000:user/";
const SECRET: &str = "secret";
const ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

/// Everything that has no tag `team=red`.
const NOT_RED: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
    {"Sid":"NotRed","Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"red"}}}]}"#;
/// Everything that has the tag `team=red`.
const RED: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*",
    "Condition":{"StringEquals":{"aws:ResourceTag/team":"red"}}}}"#;

/// Users whose access keys have their names, and whose ids [`user_id`] gives. `admin` may do everything, and so may roles whose names begin with `worker`;
/// `not_red` and `red` by the tags of what they use; all others nothing.
struct Users;

impl Identities for Users {
    fn credential<'a>(
        &'a self,
        access_key_id: &'a str,
        _: Option<&'a str>,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        // `admin-111122223333` is the administrator of that account.
        let (name, account) = access_key_id.split_once('-').unwrap_or((access_key_id, ""));
        let account = AccountId::parse(account).unwrap_or(AccountId::DEFAULT);
        let (path, name) = ("/".to_owned(), name.to_owned());
        let id = user_id(&name);
        let principal = Arc::new(Principal::User { account, path, name, id });
        Box::pin(std::future::ready(Ok(Credential::long_lived(SECRET, principal))))
    }

    fn principal_ids<'a>(
        &'a self,
        arns: &'a [String],
    ) -> BoxFuture<'a, Result<BTreeMap<String, String>, Error>> {
        let known = arns.iter().filter_map(|arn| Some((arn.clone(), user_id(arn.strip_prefix(USERS)?))));
        Box::pin(std::future::ready(Ok(known.collect())))
    }

    fn principal_arns<'a>(
        &'a self,
        ids: &'a [String],
    ) -> BoxFuture<'a, Result<BTreeMap<String, String>, Error>> {
        let name = |id: &str| Some(id.strip_prefix("AIDA")?.trim_end_matches('0').to_ascii_lowercase());
        let there = |name: &String| name != DELETED;
        let known =
            ids.iter().filter_map(|id| Some((id.clone(), format!("{USERS}{}", name(id).filter(there)?))));
        Box::pin(std::future::ready(Ok(known.collect())))
    }

    fn holdings<'a>(&'a self, principal: &'a Principal) -> BoxFuture<'a, Result<Arc<Holdings>, Error>> {
        let policy = match principal {
            Principal::User { name, .. } => match name.as_str() {
                "admin" => Some(ALL),
                "not_red" => Some(NOT_RED),
                "red" => Some(RED),
                _ => None,
            },
            Principal::Session { role, .. } => {
                (role.starts_with("worker") && !role.ends_with("alone")).then_some(ALL)
            }
            _ => None,
        };
        let held = |text| NamedPolicy::new("all", Policy::parse(text).expect("the policy is valid"));
        let identity = policy.map(held).into_iter().collect();
        Box::pin(std::future::ready(Ok(Arc::new(Holdings { identity, ..Holdings::default() }))))
    }
}
