//! Managed policies: customers' own and AWS's.

use std::collections::BTreeSet;
use std::sync::Arc;

use weft_model::iam;
use weft_policy::Policy;
use weft_service::{Access, Context, Error};
use weft_store::{Read, WriteTx};
use weft_types::{AccountId, Arn, Timestamp};

use crate::errors::{invalid_arn, no_such_entity, quota};
use crate::managed::{self, AwsPolicy};
use crate::records::{ManagedPolicy, POLICIES, Version, name_key};
use crate::uses::Uses;
use crate::{Iam, documents, ids, tags};

/// How many policies an account may have, and the quota's name.
pub(crate) const POLICY_QUOTA: (&str, usize) = ("PoliciesPerAccount", 1500);
/// Characters of a managed policy's document, without white space.
const SIZE_MAX: usize = 6144;

/// A managed policy of either kind.
pub(crate) enum AnyPolicy {
    Own(ManagedPolicy),
    Aws(&'static AwsPolicy),
}

/// The ARN of a policy, checked: `arn:aws:iam::000000000000:policy/path/name`, or `aws` for the account.
#[derive(Debug, Clone)]
pub(crate) struct PolicyArn {
    arn: Arn,
    /// None for AWS's own.
    account: Option<AccountId>,
}

impl PolicyArn {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let arn = Arn::parse(text).map_err(|_| invalid_arn(text))?;
        let account = match arn.account() {
            "aws" => None,
            account => Some(AccountId::parse(account).map_err(|_| invalid_arn(text))?),
        };
        let is_policy =
            arn.service() == "iam" && arn.region().is_empty() && arn.resource().starts_with("policy/");
        if is_policy && !arn.resource().ends_with('/') {
            Ok(Self { arn, account })
        } else {
            Err(invalid_arn(text))
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        self.arn.as_str()
    }

    /// Fails unless the policy is one of this account.
    pub(crate) fn require_own(self, account: AccountId) -> Result<Self, Error> {
        if self.account == Some(account) {
            return Ok(self);
        }
        Err(Error::new("AccessDeniedException", "Policy is outside your own account."))
    }

    fn name(&self) -> &str {
        self.arn.resource().rsplit('/').next().unwrap_or_default()
    }
}

/// The policy with this ARN, if there is one.
pub(crate) fn find(tx: &impl Read, arn: &PolicyArn) -> Result<Option<AnyPolicy>, Error> {
    let Some(account) = arn.account else { return Ok(managed::find(arn.as_str()).map(AnyPolicy::Aws)) };
    let found = POLICIES.get(tx, &name_key(account, arn.name()))?;
    Ok(found.filter(|policy| policy.arn() == arn.as_str()).map(AnyPolicy::Own))
}

/// The policy with this ARN, or `NoSuchEntity`.
pub(crate) fn get(tx: &impl Read, arn: &PolicyArn) -> Result<AnyPolicy, Error> {
    let missing = || no_such_entity(format!("Policy {} was not found.", arn.as_str()));
    find(tx, arn)?.ok_or_else(missing)
}

/// The customer-managed policy with this ARN, or `NoSuchEntity`.
pub(crate) fn get_own(tx: &impl Read, arn: &PolicyArn) -> Result<ManagedPolicy, Error> {
    match get(tx, arn)? {
        AnyPolicy::Own(policy) => Ok(policy),
        AnyPolicy::Aws(_) => Err(invalid_arn(arn.as_str())),
    }
}

/// Whether an entity of the account can have the policy attached.
pub(crate) fn is_attachable(tx: &impl Read, account: AccountId, arn: &PolicyArn) -> Result<bool, Error> {
    let own = arn.account.is_none_or(|owner| owner == account);
    Ok(own && find(tx, arn)?.is_some())
}

/// Fails unless an entity of the account can have the policy attached.
pub(crate) fn require_attachable(tx: &impl Read, account: AccountId, arn: &PolicyArn) -> Result<(), Error> {
    if is_attachable(tx, account, arn)? {
        // What AWS made for one service's own role is for that role alone.
        if arn.account.is_none() && arn.arn.resource().starts_with("policy/aws-service-role/") {
            let message = "Cannot attach a Service Role Policy to a Customer Role.";
            return Err(Error::new("PolicyNotAttachableException", message));
        }
        return Ok(());
    }
    Err(no_such_entity(format!("Policy {} does not exist or is not attachable.", arn.as_str())))
}

/// Fails where a document is longer than a managed policy may be.
pub(crate) fn require_size(document: &str) -> Result<(), Error> {
    if documents::size(document) > SIZE_MAX { Err(quota("PolicySize", SIZE_MAX)) } else { Ok(()) }
}

/// Attached policies under a path, by name.
pub(crate) fn show_attached(arns: BTreeSet<String>, prefix: &str) -> Vec<(String, iam::AttachedPolicy)> {
    let mut shown: Vec<_> = arns
        .into_iter()
        .filter_map(|arn| {
            let (_, place) = arn.split_once(":policy/")?;
            let (path, name) = match place.rsplit_once('/') {
                Some((path, name)) => (format!("/{path}/"), name.to_owned()),
                None => ("/".to_owned(), place.to_owned()),
            };
            path.starts_with(prefix).then(|| {
                let key = format!("{name} {arn}");
                (key, iam::AttachedPolicy { policy_name: Some(name), policy_arn: Some(arn.clone()) })
            })
        })
        .collect();
    shown.sort_by(|(a, _), (b, _)| a.cmp(b));
    shown
}

/// A document, as it is stored or as AWS has it.
pub(crate) enum Document {
    Own(String),
    Aws(&'static AwsPolicy),
}

impl Document {
    pub(crate) fn text(self) -> String {
        match self {
            Self::Own(text) => text,
            Self::Aws(policy) => policy.document(),
        }
    }

    /// The document, read. AWS's are read once: they never change.
    pub(crate) fn policy(&self) -> Arc<Policy> {
        match self {
            Self::Own(text) => documents::stored(text),
            Self::Aws(policy) => policy.policy(),
        }
    }
}

/// The document of the default version, if the policy exists.
pub(crate) fn document(tx: &impl Read, arn: &str) -> Result<Option<Document>, Error> {
    let Ok(arn) = PolicyArn::parse(arn) else { return Ok(None) };
    Ok(find(tx, &arn)?.map(|policy| match policy {
        AnyPolicy::Own(policy) => {
            Document::Own(policy.default_version().map(|v| v.document.clone()).unwrap_or_default())
        }
        AnyPolicy::Aws(policy) => Document::Aws(policy),
    }))
}

impl ManagedPolicy {
    pub(crate) fn arn(&self) -> String {
        ids::arn(self.account, "policy", &self.path, &self.name)
    }

    pub(crate) fn default_version(&self) -> Option<&Version> {
        self.versions.get(&self.default)
    }
}

impl AnyPolicy {
    pub(crate) fn arn(&self) -> String {
        match self {
            Self::Own(policy) => policy.arn(),
            Self::Aws(policy) => policy.arn(),
        }
    }

    pub(crate) fn path(&self) -> &str {
        match self {
            Self::Own(policy) => &policy.path,
            Self::Aws(policy) => policy.path,
        }
    }

    /// The policy as answers have it. Listings leave out description and tags, as AWS does.
    pub(crate) fn show(&self, uses: Uses, listed: bool) -> iam::Policy {
        let shown = match self {
            Self::Own(policy) => iam::Policy {
                policy_name: Some(policy.name.clone()),
                policy_id: Some(policy.id.clone()),
                default_version_id: Some(version_id(policy.default)),
                description: policy.description.clone().filter(|_| !listed),
                create_date: Some(policy.created),
                update_date: Some(policy.updated),
                tags: tags::show(&policy.tags).filter(|_| !listed),
                ..iam::Policy::default()
            },
            Self::Aws(policy) => iam::Policy {
                policy_name: Some(policy.name.to_owned()),
                policy_id: Some(policy.id()),
                default_version_id: Some(version_id(policy.version)),
                create_date: Some(policy.created),
                update_date: Some(policy.updated),
                ..iam::Policy::default()
            },
        };
        iam::Policy {
            arn: Some(self.arn()),
            path: Some(self.path().to_owned()),
            attachment_count: Some(i32::try_from(uses.attached).unwrap_or(i32::MAX)),
            permissions_boundary_usage_count: Some(i32::try_from(uses.bounding).unwrap_or(i32::MAX)),
            is_attachable: Some(true),
            ..shown
        }
    }

    /// Its versions, the newest first: number, document, time.
    pub(crate) fn versions(&self) -> Vec<(u32, String, Timestamp)> {
        match self {
            Self::Own(policy) => {
                let all = policy.versions.iter().rev();
                all.map(|(number, version)| (*number, version.document.clone(), version.created)).collect()
            }
            Self::Aws(policy) => vec![(policy.version, policy.document(), policy.updated)],
        }
    }

    pub(crate) fn default_number(&self) -> u32 {
        match self {
            Self::Own(policy) => policy.default,
            Self::Aws(policy) => policy.version,
        }
    }
}

/// A version as answers have it; listings leave out the document.
pub(crate) fn show_version(
    number: u32,
    created: Timestamp,
    default: u32,
    document: Option<&str>,
) -> iam::PolicyVersion {
    iam::PolicyVersion {
        document: document.map(documents::escape),
        version_id: Some(version_id(number)),
        is_default_version: Some(number == default),
        create_date: Some(created),
    }
}

/// `v3`.
pub(crate) fn version_id(number: u32) -> String {
    format!("v{number}")
}

/// The number of `v3`; 0, which no version has, where it is none.
pub(crate) fn version_number(id: &str) -> u32 {
    id.strip_prefix('v').and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// The error for a version that is not there.
pub(crate) fn no_version(arn: &str, version: &str) -> Error {
    no_such_entity(format!("Policy {arn} version {version} does not exist or is not attachable."))
}

impl Iam {
    /// Authorizes an action on a policy by the tags that it has. One that does not exist, or is another account's, has none.
    pub(crate) async fn allow_policy(
        &self,
        cx: &Context,
        access: Access,
        arn: &PolicyArn,
    ) -> Result<(), Error> {
        let (own, arn) = (arn.account == Some(cx.scope.account), arn.clone());
        let found = if own { self.read(move |tx| find(tx, &arn)).await? } else { None };
        let tags = match found {
            Some(AnyPolicy::Own(policy)) => policy.tags,
            Some(AnyPolicy::Aws(_)) | None => tags::Tags::new(),
        };
        let tagged = |access: Access, (key, value)| access.with(format!("aws:ResourceTag/{key}"), value);
        cx.authorize(&tags.iter().fold(access, tagged)).await
    }

    /// Changes a policy of the caller's account.
    pub(crate) async fn change_policy<T, F>(
        &self,
        cx: &Context,
        arn: PolicyArn,
        change: F,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&mut WriteTx<'_>, &mut ManagedPolicy) -> Result<T, Error> + Send + Sync + 'static,
    {
        let account = cx.scope.account;
        let arn = arn.require_own(account)?;
        self.write(move |tx| {
            let mut policy = get_own(tx, &arn)?;
            let result = change(tx, &mut policy)?;
            POLICIES.insert(tx, &name_key(account, &policy.name), &policy)?;
            Ok(result)
        })
        .await
    }
}
