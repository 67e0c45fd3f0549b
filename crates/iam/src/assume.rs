//! Sessions of roles and users: who gets one, and what it is made of.

use std::time::Duration;

use weft_model::sts::Credentials;
use weft_policy::{Caller, ConditionKeys, Found, Policies as Sets, Policy, Request, ResourceSide, evaluate};
use weft_service::Error;
use weft_types::{AccountId, Arn, Timestamp};

use crate::records::Role;
use crate::seal::{Session, Who};
use crate::session_tags::SessionTags;
use crate::{Iam, ids, named};

/// A role's ARN, checked.
#[derive(Debug, Clone)]
pub(crate) struct RoleArn {
    pub(crate) arn: Arn,
    account: AccountId,
}

impl RoleArn {
    /// Parses `arn:aws:iam::000000000000:role/path/name`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let arn = Arn::parse(text).ok()?;
        let account = AccountId::parse(arn.account()).ok()?;
        let is_role =
            arn.service() == "iam" && arn.region().is_empty() && arn.resource().starts_with("role/");
        (is_role && !arn.resource().ends_with('/')).then_some(Self { arn, account })
    }
}

impl Iam {
    /// The role with this ARN, if there is one.
    pub(crate) async fn role_by_arn(&self, role: &RoleArn) -> Result<Option<Role>, Error> {
        let RoleArn { arn, account } = role.clone();
        self.read(move |tx| {
            let name = arn.resource().rsplit('/').next().unwrap_or_default();
            let found = named::find::<Role>(tx, account, name)?;
            Ok(found.filter(|role| named::Named::arn(role) == arn.as_str()))
        })
        .await
    }

    /// The keys of a session that lasts for `duration` from `now`.
    pub(crate) fn issue(&self, grant: NewSession, now: Timestamp, duration: Duration) -> Credentials {
        let key = ids::access_key_id("ASIA");
        // Whole seconds, as the answer shows them.
        let expires = Timestamp::from_seconds(now.plus(duration).as_seconds());
        let token = self.seal.seal(&Session {
            key: key.clone(),
            account: grant.account,
            who: grant.who,
            expires,
            policy: grant.policies.policy,
            policy_arns: grant.policies.arns,
            issued: Some(now),
            tags: grant.tags.tags.into_iter().collect(),
            transitive: grant.tags.transitive,
            source_identity: grant.source_identity,
        });
        let secret_access_key = self.seal.secret(&key);
        Credentials { access_key_id: key, secret_access_key, session_token: token, expiration: expires }
    }
}

/// A session to be.
pub(crate) struct NewSession {
    pub(crate) account: AccountId,
    pub(crate) who: Who,
    pub(crate) policies: Policies,
    pub(crate) tags: SessionTags,
    pub(crate) source_identity: Option<String>,
}

impl NewSession {
    /// A session that nothing was passed for.
    pub(crate) fn plain(account: AccountId, who: Who) -> Self {
        let (policies, tags) = (Policies::default(), SessionTags::default());
        Self { account, who, policies, tags, source_identity: None }
    }
}

/// Policies that narrow a session, checked.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    pub(crate) policy: Option<String>,
    pub(crate) arns: Vec<String>,
}

/// A session of a role under a name.
pub(crate) fn role_session(role: &Role, session: &str) -> Who {
    Who::Role {
        path: role.path.clone(),
        name: role.name.clone(),
        id: role.id.clone(),
        session: session.to_owned(),
    }
}

/// Whether a role's trust policy lends it to a service of the platform.
pub(crate) fn trusts_service(role: &Role, service: &str) -> Result<bool, Error> {
    let policy = Policy::parse(&role.trust).map_err(Error::internal)?;
    let (arn, account) = (named::Named::arn(role), role.account.to_string());
    let request = Request {
        caller: Caller::Service(service),
        canonical_user: None,
        action: "sts:AssumeRole",
        resource: &arn,
        resource_account: None,
        conditions: &SourceAccount(&account),
    };
    let sets = Sets { resource: ResourceSide::Required(&policy), ..Sets::default() };
    Ok(evaluate(&request, &sets).is_allow())
}

/// The condition keys of a service that acts for an account: whose worker it is for.
struct SourceAccount<'a>(&'a str);

impl ConditionKeys for SourceAccount<'_> {
    fn find(&self, key: &str) -> Found<'_> {
        if key.eq_ignore_ascii_case("aws:SourceAccount") { Found::One(self.0.into()) } else { Found::Absent }
    }
}
