//! The one place that says yes or no, and why not in AWS's words.
//!
//! Source of the words: <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>.

use std::sync::Arc;

use weft_policy::{Caller, ConditionKeys, Decision, Policies, PolicySet, Request, ResourceSide, evaluate};

use crate::context::Asked;
use crate::dispatch::decisions::Decisions;
use crate::dispatch::engine::Core;
use crate::dispatch::keys::RequestKeys;
use crate::dispatch::tags;
use crate::{Access, Context, Error, Principal};

/// Fails with `AccessDenied` unless the caller may do this.
pub(super) async fn require(
    core: &Core,
    cx: &Context,
    access: &Access,
    asked: Asked<'_>,
) -> Result<(), Error> {
    // A service of the platform acts by what its code does; it is asked for where a resource has a policy of its own.
    let is_service = matches!(&*cx.principal, Principal::Service { .. });
    if is_service && matches!(asked, Asked::Nothing) {
        return Ok(());
    }
    let holdings = match &*cx.principal {
        Principal::User { .. } | Principal::Session { .. } | Principal::Federated { .. } => {
            core.identities.holdings(cx.principal.holder()).await?
        }
        Principal::Root(_) | Principal::Service { .. } | Principal::Anonymous => Arc::default(),
    };
    let policies = Policies {
        identity: &holdings.identity,
        boundary: holdings.boundary.as_ref(),
        session: &cx.session_policies,
        resource: asked.side(),
    };
    let tagged = tags::tagged(&core.registry, access, &policies).await?;
    let access = tagged.as_ref().unwrap_or(access);
    let keys = RequestKeys::new(cx, access).with_tags(&holdings.tags);
    decide(cx, access, &policies, &keys, &core.decisions)
}

fn decide(
    cx: &Context,
    access: &Access,
    policies: &Policies<'_>,
    keys: &dyn ConditionKeys,
    decisions: &Decisions,
) -> Result<(), Error> {
    let by_name = matches!(policies.resource, ResourceSide::Policy(_) | ResourceSide::Required(_));
    let names = Names::of(&cx.principal, by_name);
    let request = Request {
        caller: names.caller(&cx.principal),
        canonical_user: None,
        action: &access.action,
        resource: &access.resource,
        resource_account: account_of(&access.resource).or_else(|| access.owner()),
        conditions: keys,
    };
    let decision = evaluate(&request, policies);
    decisions.remember(cx, access, &request, policies, &decision);
    let required = matches!(policies.resource, ResourceSide::Required(_));
    match reason(&decision, &access.action, required) {
        None => Ok(()),
        Some(reason) => Err(denied(&cx.principal, access, &reason)),
    }
}

impl<'a> Asked<'a> {
    fn side(self) -> ResourceSide<'a> {
        match self {
            Self::Nothing | Self::Policy(None) => ResourceSide::None,
            Self::Policy(Some(policy)) => ResourceSide::Policy(policy),
            Self::Required(policy) => ResourceSide::Required(policy),
        }
    }
}

/// The texts by which policies name a principal. ARNs are made only where a policy could name them.
struct Names {
    account: String,
    arn: String,
    holder: Option<String>,
}

impl Names {
    fn of(principal: &Principal, named: bool) -> Self {
        let text = |arn: Option<weft_types::Arn>| arn.map(|arn| arn.to_string());
        let account = principal.account().map(|account| account.to_string()).unwrap_or_default();
        let arn = if named { text(principal.arn()).unwrap_or_default() } else { String::new() };
        let holder = match principal {
            Principal::Federated { by, .. } if matches!(**by, Principal::User { .. }) => text(by.arn()),
            Principal::Session { .. } if named => text(principal.policy_arn()),
            _ => None,
        };
        Self { account, arn, holder }
    }

    fn caller<'a>(&'a self, principal: &'a Principal) -> Caller<'a> {
        let Self { account, arn, holder } = self;
        match principal {
            Principal::Root(_) => Caller::Root { account },
            Principal::User { id, .. } => Caller::User { account, arn, id },
            Principal::Session { role_id, .. } => {
                Caller::Session { account, arn, role: holder.as_deref().unwrap_or_default(), role_id }
            }
            Principal::Federated { by, .. } => {
                let id = if let Principal::User { id, .. } = &**by { id } else { "" };
                Caller::FederatedUser { account, arn, user: holder.as_deref().map(|user| (user, id)) }
            }
            Principal::Service { name, .. } => Caller::Service(name),
            Principal::Anonymous => Caller::Anonymous,
        }
    }
}

/// The account that an ARN names. AWS-managed policies are in everybody's, and have none.
fn account_of(resource: &str) -> Option<&str> {
    let account = resource.split(':').nth(4)?;
    (account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())).then_some(account)
}

/// Why a request is refused, none where it may go on.
fn reason(decision: &Decision<'_>, action: &str, required: bool) -> Option<String> {
    let trust = required && action.starts_with("sts:");
    match decision {
        Decision::Allow { .. } => None,
        Decision::ExplicitDeny { by } => {
            let kind = match by.set {
                PolicySet::Resource if trust => "the role trust policy",
                PolicySet::Identity => "an identity-based policy",
                PolicySet::Resource => "a resource-based policy",
                PolicySet::Boundary => "a permissions boundary",
                PolicySet::Session => "a session policy",
            };
            // A policy that has an ARN is told by it: it is of the caller's own account.
            let arn = by.name.filter(|name| name.starts_with("arn:"));
            let arn = arn.map(|arn| format!(": {arn}")).unwrap_or_default();
            Some(format!("with an explicit deny in {kind}{arn}"))
        }
        Decision::ImplicitDeny { set } => {
            let kind = match set {
                PolicySet::Resource if trust => "role trust policy",
                PolicySet::Identity => "identity-based policy",
                PolicySet::Resource => "resource-based policy",
                PolicySet::Boundary => "permissions boundary",
                PolicySet::Session => "session policy",
            };
            Some(format!("because no {kind} allows the {action} action"))
        }
    }
}

fn denied(principal: &Principal, access: &Access, reason: &str) -> Error {
    let who = principal.arn().map_or_else(|| principal.user_id(), |arn| arn.to_string());
    let Access { action, resource, .. } = access;
    let message =
        format!("User: {who} is not authorized to perform: {action} on resource: {resource} {reason}");
    Error::new("AccessDeniedException", message)
}
