//! What is stored.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use weft_store::{Record, Table};
use weft_types::{AccountId, Timestamp};

/// Account and name in small letters: names are unique whatever their case.
pub(crate) type NameKey = (u64, String);

pub(crate) const USERS: Table<NameKey, User> = Table::new("users");
pub(crate) const ROLES: Table<NameKey, Role> = Table::new("roles");
pub(crate) const POLICIES: Table<NameKey, ManagedPolicy> = Table::new("policies");
/// By access key id.
pub(crate) const KEYS: Table<(String,), AccessKey> = Table::new("keys");
/// How often a policy is attached: by account of the attachment and ARN.
pub(crate) const ATTACHMENTS: Table<(u64, String), Count> = Table::new("attachments");
/// How many users, roles and policies an account has.
pub(crate) const COUNTS: Table<(u64, String), Count> = Table::new("counts");

/// The key of a name.
pub(crate) fn name_key(account: AccountId, name: &str) -> NameKey {
    (account.as_u64(), name.to_ascii_lowercase())
}

/// The policies of a user or role.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Grants {
    /// Inline policies: name → document.
    pub(crate) inline: BTreeMap<String, String>,
    /// ARNs of attached policies.
    pub(crate) attached: BTreeSet<String>,
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
    /// The trust policy.
    pub(crate) trust: String,
    pub(crate) description: Option<String>,
    /// Seconds, 3,600 to 43,200.
    pub(crate) session_seconds_max: i32,
    pub(crate) tags: BTreeMap<String, String>,
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

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Count(pub(crate) u64);

impl Record for User {}
impl Record for Role {}
impl Record for ManagedPolicy {}
impl Record for AccessKey {}
impl Record for Count {}

impl AccessKey {
    /// `Active` or `Inactive`.
    pub(crate) fn status(&self) -> String {
        if self.active { "Active".to_owned() } else { "Inactive".to_owned() }
    }
}
