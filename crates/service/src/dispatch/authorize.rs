//! The one place that says yes or no, and why not in AWS's words.
//!
//! Source of the words: <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>.

use std::sync::Arc;

use weft_policy::{Decision, Policy, PolicySet, Request, evaluate};

use crate::dispatch::keys::RequestKeys;
use crate::{Access, Context, Error, Grant, Identities, Principal};

/// Fails with `AccessDenied` unless the caller may do this.
pub(super) async fn require(
    identities: &dyn Identities,
    cx: &Context,
    access: &Access,
    grant: Grant,
) -> Result<(), Error> {
    let reason = match &*cx.principal {
        // A service of the platform acts by what its code does; trust policies are checked where roles are assumed.
        Principal::Service { .. } => None,
        Principal::Anonymous => Some(no_policy_allows("identity-based", access)),
        Principal::Root(_) => decide(cx, access, grant, &[], true),
        Principal::User { .. } | Principal::Session { .. } | Principal::Federated { .. } => {
            let holdings = identities.holdings(cx.principal.holder()).await?;
            let policies: Vec<_> = holdings.identity.iter().map(|named| Arc::clone(&named.policy)).collect();
            decide(cx, access, grant, &policies, false)
        }
    };
    match reason {
        None => Ok(()),
        Some(reason) => Err(denied(&cx.principal, access, &reason)),
    }
}

/// Why the request is refused, or none where it may go on. `everything` stands for an identity policy that allows all.
fn decide(
    cx: &Context,
    access: &Access,
    grant: Grant,
    identity: &[Arc<Policy>],
    everything: bool,
) -> Option<String> {
    let foreign = is_foreign(cx, &access.resource);
    if foreign && grant == Grant::None {
        return Some(no_policy_allows("resource-based", access));
    }
    let keys = RequestKeys::new(cx, access);
    let request = Request { action: &access.action, resource: &access.resource, conditions: &keys };
    let granted = everything || (grant == Grant::Caller && !foreign);
    let session: Vec<_> = cx.session_policies.iter().map(|named| Arc::clone(&named.policy)).collect();
    let by_identity = evaluate(&request, identity, &[]);
    let refused = match by_identity {
        Decision::ExplicitDeny { .. } => Some(by_identity),
        Decision::ImplicitDeny { .. } if !granted => Some(by_identity),
        _ => None,
    };
    let refused = refused.or_else(|| narrowed(&request, &session));
    match refused? {
        Decision::ExplicitDeny { set, .. } => Some(format!("with an explicit deny in {}", with_article(set))),
        Decision::ImplicitDeny { set: PolicySet::Identity } => {
            Some(no_policy_allows("identity-based", access))
        }
        Decision::ImplicitDeny { set: PolicySet::Session } => Some(no_policy_allows("session", access)),
        Decision::Allow { .. } => None,
    }
}

/// What the session's policies say, where they refuse.
fn narrowed<'a>(request: &Request<'_>, session: &'a [Arc<Policy>]) -> Option<Decision<'a>> {
    if session.is_empty() {
        return None;
    }
    match evaluate(request, session, &[]) {
        Decision::Allow { .. } => None,
        Decision::ExplicitDeny { policy, sid, .. } => {
            Some(Decision::ExplicitDeny { set: PolicySet::Session, policy, sid })
        }
        Decision::ImplicitDeny { .. } => Some(Decision::ImplicitDeny { set: PolicySet::Session }),
    }
}

/// Whether a resource is in another account than the caller. AWS-managed policies are in everybody's.
fn is_foreign(cx: &Context, resource: &str) -> bool {
    let account = resource.split(':').nth(4).unwrap_or("");
    match cx.principal.account() {
        Some(own) if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) => {
            account.parse() != Ok(own.as_u64())
        }
        _ => false,
    }
}

fn no_policy_allows(kind: &str, access: &Access) -> String {
    format!("because no {kind} policy allows the {} action", access.action)
}

fn with_article(set: PolicySet) -> &'static str {
    match set {
        PolicySet::Identity => "an identity-based policy",
        PolicySet::Session => "a session policy",
    }
}

fn denied(principal: &Principal, access: &Access, reason: &str) -> Error {
    let who = principal.arn().map_or_else(|| principal.user_id(), |arn| arn.to_string());
    let Access { action, resource, .. } = access;
    let message =
        format!("User: {who} is not authorized to perform: {action} on resource: {resource} {reason}");
    Error::new("AccessDeniedException", message)
}
