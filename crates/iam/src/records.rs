//! What is stored.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use weft_store::{Record, Table};
use weft_types::{AccountId, Timestamp};

/// Account and name in small letters: names are unique whatever their case.
pub(crate) type NameKey = (u64, String);

pub(crate) const USERS: Table<NameKey, User> = Table::new("users");
pub(crate) const ROLES: Table<NameKey, Role> = Table::new("roles");
pub(crate) const GROUPS: Table<NameKey, Group> = Table::new("groups");
pub(crate) const PROFILES: Table<NameKey, InstanceProfile> = Table::new("profiles");
/// The users of a group: by account, group and user, names in small letters.
pub(crate) const MEMBERS: Table<(u64, String, String), Member> = Table::new("members");
pub(crate) const POLICIES: Table<NameKey, ManagedPolicy> = Table::new("policies");
/// By access key id.
pub(crate) const KEYS: Table<(String,), AccessKey> = Table::new("keys");
/// How often a policy is attached: by account of the attachment and ARN.
pub(crate) const ATTACHMENTS: Table<(u64, String), Count> = Table::new("attachments");
/// How often a policy is a permissions boundary: by account and ARN.
pub(crate) const BOUNDARIES: Table<(u64, String), Count> = Table::new("boundaries");
/// What an account has set, by account.
pub(crate) const ACCOUNTS: Table<(u64,), Account> = Table::new("accounts");
/// Which account has an alias.
pub(crate) const ALIASES: Table<(String,), AliasOwner> = Table::new("aliases");
/// Deletions of service-linked roles, by account and task.
pub(crate) const DELETIONS: Table<(u64, String), Deletion> = Table::new("deletions");
/// Users and roles by their unique ids.
pub(crate) const PRINCIPALS: Table<(String,), PrincipalRecord> = Table::new("principals");
/// How many users, groups, roles, profiles and policies an account has.
pub(crate) const COUNTS: Table<(u64, String), Count> = Table::new("counts");

/// The key of a name.
pub(crate) fn name_key(account: AccountId, name: &str) -> NameKey {
    (account.as_u64(), name.to_ascii_lowercase())
}

/// The policies of a user, group or role.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Grants {
    /// Inline policies: name → document.
    pub(crate) inline: BTreeMap<String, String>,
    /// ARNs of attached policies.
    pub(crate) attached: BTreeSet<String>,
    /// The ARN of the permissions boundary. Groups have none.
    #[serde(default)]
    pub(crate) boundary: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) account: AccountId,
    pub(crate) name: String,
    pub(crate) path: String,
    /// `AIDA…`.
    pub(crate) id: String,
    pub(crate) created: Timestamp,
    pub(crate) grants: Grants,
    /// Ids of access keys, at most two, oldest first.
    pub(crate) keys: Vec<String>,
    pub(crate) tags: BTreeMap<String, String>,
    /// The groups that it is in, names in small letters.
    #[serde(default)]
    pub(crate) groups: BTreeSet<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) account: AccountId,
    pub(crate) name: String,
    pub(crate) path: String,
    /// `AGPA…`.
    pub(crate) id: String,
    pub(crate) created: Timestamp,
    pub(crate) grants: Grants,
}

/// What hands a role to a machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct InstanceProfile {
    pub(crate) account: AccountId,
    pub(crate) name: String,
    pub(crate) path: String,
    /// `AIPA…`.
    pub(crate) id: String,
    pub(crate) created: Timestamp,
    /// The name of its one role.
    pub(crate) role: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Role {
    pub(crate) account: AccountId,
    pub(crate) name: String,
    pub(crate) path: String,
    /// `AROA…`.
    pub(crate) id: String,
    pub(crate) created: Timestamp,
    pub(crate) grants: Grants,
    /// The trust policy. Users and roles stand in it by their unique ids since version 2; an older one goes by their ARNs.
    pub(crate) trust: String,
    pub(crate) description: Option<String>,
    /// Seconds, 3,600 to 43,200.
    pub(crate) session_seconds_max: i32,
    pub(crate) tags: BTreeMap<String, String>,
    /// The service that it is linked to, such as `autoscaling.amazonaws.com`.
    #[serde(default)]
    pub(crate) service: Option<String>,
    /// When it was last used, as of some hours.
    #[serde(default)]
    pub(crate) last_used: Option<RoleUse>,
}

/// A use of a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RoleUse {
    pub(crate) at: Timestamp,
    /// The region of the request.
    pub(crate) region: String,
}

/// Whose unique id it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PrincipalRecord {
    pub(crate) kind: Kind,
    pub(crate) account: AccountId,
    pub(crate) name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    User,
    Role,
}

/// A customer-managed policy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ManagedPolicy {
    pub(crate) account: AccountId,
    pub(crate) name: String,
    pub(crate) path: String,
    /// `ANPA…`.
    pub(crate) id: String,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) description: Option<String>,
    /// The default version's number.
    pub(crate) default: u32,
    /// The number that the next version gets; numbers are never used twice.
    pub(crate) next: u32,
    /// At most five.
    pub(crate) versions: BTreeMap<u32, Version>,
    pub(crate) tags: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) document: String,
    pub(crate) created: Timestamp,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AccessKey {
    pub(crate) account: AccountId,
    /// The user's name.
    pub(crate) user: String,
    pub(crate) secret: String,
    pub(crate) active: bool,
    pub(crate) created: Timestamp,
}

/// That a user is in a group.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Member {}

/// What an account has set.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) alias: Option<String>,
    pub(crate) passwords: Option<PasswordRules>,
}

/// An account's password policy.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "AWS's own members, each a yes or no")]
pub(crate) struct PasswordRules {
    /// Characters, 6 to 128.
    pub(crate) length_min: i32,
    pub(crate) symbols: bool,
    pub(crate) numbers: bool,
    pub(crate) upper: bool,
    pub(crate) lower: bool,
    pub(crate) users_may_change: bool,
    /// Days, 1 to 1,095.
    pub(crate) days_max: Option<i32>,
    /// Passwords, 1 to 24.
    pub(crate) remembered: Option<i32>,
    pub(crate) hard_expiry: Option<bool>,
}

/// The account that has an alias.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct AliasOwner(pub(crate) u64);

/// A service-linked role's deletion, which is done.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Deletion {
    pub(crate) at: Timestamp,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Count(pub(crate) u64);

impl Record for User {}
impl Record for Group {}
impl Record for InstanceProfile {}
impl Record for Member {}
impl Record for Account {}
impl Record for AliasOwner {}
impl Record for Deletion {}
impl Record for PrincipalRecord {}
impl Record for ManagedPolicy {}
impl Record for AccessKey {}
impl Record for Count {}

/// A build that only knows version 1 cannot read a trust policy that names unique ids.
impl Record for Role {
    const VERSION: u16 = 2;

    fn upgrade(_: u16, fields: &[u8]) -> Result<Self, String> {
        rmp_serde::from_slice(fields).map_err(|error| error.to_string())
    }
}

impl AccessKey {
    /// `Active` or `Inactive`.
    pub(crate) fn status(&self) -> String {
        if self.active { "Active".to_owned() } else { "Inactive".to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_older_build_wrote_is_read() {
        let user = r#"{"account":"000000000000","name":"ada","path":"/","id":"AIDA1","created":1,
            "grants":{"inline":{"p":"{}"},"attached":[]},"keys":["AKIA1"],"tags":{}}"#;
        let user: User = serde_json::from_str(user).expect("a user");
        assert_eq!((user.groups.len(), user.grants.boundary, user.grants.inline.len()), (0, None, 1));
        let role = r#"{"account":"000000000000","name":"r","path":"/","id":"AROA1","created":1,
            "grants":{"inline":{},"attached":["arn"]},"trust":"{}","description":null,
            "session_seconds_max":3600,"tags":{}}"#;
        let role: Role = serde_json::from_str(role).expect("a role");
        assert_eq!((&role.service, &role.last_used, role.grants.attached.len()), (&None, &None, 1));
        // Version 1 named users and roles by their ARNs, and goes on doing so.
        let old = Role {
            trust: r#"{"Principal":{"AWS":"arn:aws:iam::000000000000:user/ada"}}"#.to_owned(),
            ..role
        };
        let fields = rmp_serde::to_vec_named(&old).expect("fields");
        assert_eq!(Role::upgrade(1, &fields).map(|role| role.trust), Ok(old.trust));
    }
}
