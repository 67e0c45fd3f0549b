//! Resource policies: at most ten for an account and region, and one for each group.
//!
//! They say which services may put events (see [`crate::access`]); what workers print comes through the platform's own intake.
//! Source: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html>.

use serde::{Deserialize, Serialize};
use weft_model::logs as model;
use weft_policy::Policy;
use weft_service::{Error, Scope, request_id};
use weft_store::{Read, Record, StoreError, Table};
use weft_types::Timestamp;

use crate::errors;
use crate::names::GroupName;
use crate::tables::require_group;

/// Policies of an account and region.
pub(crate) const POLICIES_MAX: usize = 10;

/// Bytes of an account's policy.
const ACCOUNT_BYTES_MAX: usize = 5120;

/// Account, region, the group's ARN (empty for the account's own), the name (empty for a group's).
pub(crate) type PolicyKey = (u64, String, String, String);

pub(crate) const POLICIES: Table<PolicyKey, StoredPolicy> = Table::new("policies");

/// A policy's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredPolicy {
    pub(crate) name: Option<String>,
    pub(crate) document: String,
    pub(crate) updated: Timestamp,
    pub(crate) revision: String,
}

impl Record for StoredPolicy {}

/// The documents of all policies that apply to a group: the account's and the group's own.
pub(crate) fn all_for(tx: &impl Read, group: &GroupName) -> Result<Vec<String>, StoreError> {
    let (account, region) = (group.account.as_u64(), group.region.as_str());
    let of_account = POLICIES.query(&(account, region, "")).limit(POLICIES_MAX).rows(tx)?;
    let own = POLICIES.get(tx, &(account, region, group.arn().as_str(), ""))?;
    Ok(of_account.into_iter().map(|(_, policy)| policy).chain(own).map(|policy| policy.document).collect())
}

/// What a policy belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PolicyPlace {
    /// The account and region, by the policy's name.
    Account(String),
    /// One group.
    Group(GroupName),
}

impl PolicyPlace {
    /// The one that a request names: the group by ARN where it is there, else the account's policy of a name.
    pub(crate) fn parse(name: Option<&str>, arn: Option<&str>, scope: &Scope) -> Result<Self, Error> {
        match (name, arn) {
            (_, Some(arn)) => GroupName::parse_taggable(arn, scope).map(Self::Group),
            (Some(name), None) if !name.is_empty() => Ok(Self::Account(name.to_owned())),
            _ => Err(errors::invalid_parameter("Either policyName or resourceArn must be provided.")),
        }
    }

    /// The key of the policy's record.
    pub(crate) fn key(&self, scope: &Scope) -> PolicyKey {
        let (arn, name) = match self {
            Self::Account(name) => (String::new(), name.clone()),
            Self::Group(group) => (group.arn().into(), String::new()),
        };
        (scope.account.as_u64(), scope.region.as_str().to_owned(), arn, name)
    }

    /// Checks that the group is there, and that the policy has the revision that the caller knows; gives what is there.
    pub(crate) fn check(
        &self,
        tx: &impl Read,
        scope: &Scope,
        expected: Option<&str>,
    ) -> Result<Option<StoredPolicy>, Error> {
        let old = POLICIES.get(tx, &self.key(scope))?;
        if let Self::Group(group) = self {
            require_group(tx, group)?;
            if old.as_ref().map(|old| old.revision.as_str()) != expected {
                let message = "The revision id is not that of the resource policy.";
                return Err(Error::new("OperationAbortedException", message).with_status(400));
            }
        }
        Ok(old)
    }

    /// Checks a document.
    pub(crate) fn document(&self, document: Option<String>) -> Result<String, Error> {
        let missing = || errors::invalid_parameter("policyDocument must be provided.");
        let document = document.ok_or_else(missing)?;
        if matches!(self, Self::Account(_)) && document.len() > ACCOUNT_BYTES_MAX {
            let rule = format!("have length less than or equal to {ACCOUNT_BYTES_MAX}");
            return Err(errors::constraint("", "policyDocument", &rule));
        }
        match Policy::parse(&document) {
            Ok(_) => Ok(document),
            Err(error) => Err(errors::invalid_parameter(format!("Invalid resource policy: {error}"))),
        }
    }
}

impl StoredPolicy {
    /// A new revision.
    pub(crate) fn new(name: Option<String>, document: String, now: Timestamp) -> Self {
        Self { name, document, updated: now, revision: request_id() }
    }

    /// The policy as the API shows it.
    pub(crate) fn describe(self, (_, _, arn, name): &PolicyKey) -> model::ResourcePolicy {
        let of_group = !arn.is_empty();
        model::ResourcePolicy {
            policy_name: if of_group { self.name } else { Some(name.clone()) },
            policy_document: Some(self.document),
            last_updated_time: Some(self.updated.as_millis()),
            policy_scope: Some(if of_group { "RESOURCE" } else { "ACCOUNT" }.to_owned()),
            resource_arn: of_group.then(|| arn.clone()),
            revision_id: of_group.then_some(self.revision),
        }
    }
}
