//! Access control lists: who owns something, and whom else it is granted to.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html>.

mod asked;
mod decide;

use serde::{Deserialize, Serialize};
use weft_model::s3 as model;
use weft_types::AccountId;

use crate::errors;
use crate::output::canonical_id;
use crate::tables::Bucket;

pub(crate) use asked::{Asked, Kind};
pub(crate) use decide::policy;

const EVERYBODY: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
const AUTHENTICATED: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
const LOG_DELIVERY: &str = "http://acs.amazonaws.com/groups/s3/LogDelivery";

/// Whom something is granted to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Grantee {
    /// An account, by its canonical id.
    Account(String),
    /// Anybody, known or not.
    Everybody,
    /// Anybody with an account.
    Authenticated,
    /// What writes logs.
    LogDelivery,
}

/// What is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Permission {
    FullControl,
    Read,
    Write,
    ReadAcl,
    WriteAcl,
}

/// One line of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) to: Grantee,
    pub(crate) permission: Permission,
}

impl Grant {
    /// What the owner of something has where nothing else is said.
    pub(crate) fn of_owner(owner: AccountId) -> Self {
        Self { to: Grantee::Account(canonical_id(owner)), permission: Permission::FullControl }
    }

    fn is_public(&self) -> bool {
        matches!(self.to, Grantee::Everybody | Grantee::Authenticated)
    }
}

impl Permission {
    const ALL: [(Self, &'static str); 5] = [
        (Self::FullControl, "FULL_CONTROL"),
        (Self::Read, "READ"),
        (Self::Write, "WRITE"),
        (Self::ReadAcl, "READ_ACP"),
        (Self::WriteAcl, "WRITE_ACP"),
    ];

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(permission, _)| *permission)
    }

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(known, _)| *known == self).map_or("", |(_, name)| *name)
    }
}

/// Whether lists count for a bucket: not where its owner owns all.
pub(crate) fn enabled(bucket: &Bucket) -> bool {
    bucket.ownership.as_deref().is_some_and(|rule| rule != "BucketOwnerEnforced")
}

/// What is said where lists do not count.
pub(crate) fn disabled() -> weft_service::Error {
    errors::plain("AccessControlListNotSupported", 400, "The bucket does not allow ACLs")
}

/// A list as an answer has it; one that was never set grants all to the owner.
pub(crate) fn to_model(owner: AccountId, grants: &[Grant]) -> Vec<model::Grant> {
    let own = [Grant::of_owner(owner)];
    let grants = if grants.is_empty() { &own } else { grants };
    grants
        .iter()
        .map(|grant| {
            let group = |uri: &str| model::Grantee {
                r#type: "Group".to_owned(),
                uri: Some(uri.to_owned()),
                ..Default::default()
            };
            let grantee = match &grant.to {
                Grantee::Account(id) => model::Grantee {
                    r#type: "CanonicalUser".to_owned(),
                    id: Some(id.clone()),
                    ..Default::default()
                },
                Grantee::Everybody => group(EVERYBODY),
                Grantee::Authenticated => group(AUTHENTICATED),
                Grantee::LogDelivery => group(LOG_DELIVERY),
            };
            model::Grant { grantee: Some(grantee), permission: Some(grant.permission.name().to_owned()) }
        })
        .collect()
}

#[cfg(test)]
mod tests;
