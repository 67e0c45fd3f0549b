//! What an account has set, and how full it is.

use std::collections::BTreeMap;

use weft_service::Error;
use weft_store::{Read, WriteTx};
use weft_types::AccountId;

use crate::named::{self, Named};
use crate::policies::POLICY_QUOTA;
use crate::records::{ACCOUNTS, Account, Group, InstanceProfile, POLICIES, Role, User};

pub(crate) fn get(tx: &impl Read, account: AccountId) -> Result<Account, Error> {
    Ok(ACCOUNTS.get(tx, &(account.as_u64(),))?.unwrap_or_default())
}

pub(crate) fn set(tx: &mut WriteTx<'_>, account: AccountId, settings: &Account) -> Result<(), Error> {
    Ok(ACCOUNTS.insert(tx, &(account.as_u64(),), settings)?)
}

/// Quotas, and what there cannot be any of, as AWS counts them.
/// Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html>.
const FIXED: &[(&str, i32)] = &[
    ("AccessKeysPerUserQuota", 2),
    ("AccountAccessKeysPresent", 0),
    ("AccountMFAEnabled", 0),
    ("AccountPasswordPresent", 0),
    ("AccountSigningCertificatesPresent", 0),
    ("AssumeRolePolicySizeQuota", 2048),
    ("AttachedPoliciesPerGroupQuota", 10),
    ("AttachedPoliciesPerRoleQuota", 10),
    ("AttachedPoliciesPerUserQuota", 10),
    ("GlobalEndpointTokenVersion", 1),
    ("GroupPolicySizeQuota", 5120),
    ("GroupsPerUserQuota", 10),
    ("MFADevices", 0),
    ("MFADevicesInUse", 0),
    ("PolicySizeQuota", 6144),
    ("PolicyVersionsInUseQuota", 10_000),
    ("Providers", 0),
    ("RolePolicySizeQuota", 10_240),
    ("ServerCertificates", 0),
    ("ServerCertificatesQuota", 20),
    ("SigningCertificatesPerUserQuota", 2),
    ("UserPolicySizeQuota", 2048),
    ("VersionsPerPolicyQuota", 5),
];

/// What `GetAccountSummary` answers.
pub(crate) fn summary(tx: &impl Read, account: AccountId) -> Result<BTreeMap<String, i32>, Error> {
    let mut summary: BTreeMap<String, i32> =
        FIXED.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    let counted = [
        ("Users", User::QUOTA),
        ("Groups", Group::QUOTA),
        ("Roles", Role::QUOTA),
        ("InstanceProfiles", InstanceProfile::QUOTA),
        ("Policies", POLICY_QUOTA),
    ];
    for (name, (quota, limit)) in counted {
        summary.insert(name.to_owned(), whole(named::count(tx, account, quota)?));
        summary.insert(format!("{name}Quota"), whole(limit as u64));
    }
    let policies = POLICIES.query(&(account.as_u64(),)).rows(tx)?;
    let versions: u64 = policies.iter().map(|(_, policy)| policy.versions.len() as u64).sum();
    summary.insert("PolicyVersionsInUse".to_owned(), whole(versions));
    Ok(summary)
}

fn whole(count: u64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
