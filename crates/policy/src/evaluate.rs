//! Deciding a request against all policies that apply to it.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>.

use crate::caller::{Caller, Reach};
use crate::condition::{ConditionKeys, Met, fold_all};
use crate::pattern::ResourcePattern;
use crate::{Effect, Listed, NamedPolicy, Policy, Statement};

/// One action on one resource, asked by somebody.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Who asks.
    pub caller: Caller<'a>,
    /// The canonical id of the caller's account, where it has one.
    pub canonical_user: Option<&'a str>,
    /// The action: `lambda:CreateFunction`.
    pub action: &'a str,
    /// The resource's ARN, or `*` for actions without resources.
    pub resource: &'a str,
    /// The twelve digits of the account that the resource is in; none where it is in the caller's own or in nobody's.
    pub resource_account: Option<&'a str>,
    /// The values of condition keys; the caller's ARN is among them, as `aws:PrincipalArn`.
    pub conditions: &'a dyn ConditionKeys,
}

/// All policies that apply to a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Policies<'a> {
    /// The policies of the user or role; of a federated user those of the user who made the session.
    pub identity: &'a [NamedPolicy],
    /// The permissions boundary of the user or role.
    pub boundary: Option<&'a NamedPolicy>,
    /// The policies passed when the session was made. Empty ones narrow nothing, but for a federated user, who then may
    /// nothing.
    pub session: &'a [NamedPolicy],
    /// The policy of the resource.
    pub resource: ResourceSide<'a>,
}

/// What the resource itself says.
#[derive(Debug, Clone, Copy, Default)]
pub enum ResourceSide<'a> {
    /// It has no policy.
    #[default]
    None,
    /// It has one, which within one account may grant beside the caller's own policies.
    Policy(&'a Policy),
    /// It has one without which nobody gets in, such as a role's trust policy or the policy of a KMS key.
    Required(&'a Policy),
}

/// Which policies a decision came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicySet {
    /// The policies of the user or role.
    Identity,
    /// The policy of the resource.
    Resource,
    /// The permissions boundary.
    Boundary,
    /// The policies passed when the session was made.
    Session,
}

/// The statement that a decision rests on.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The set that the policy is in.
    pub set: PolicySet,
    /// Its index in the set.
    pub index: usize,
    /// Its name; none for a resource's.
    pub name: Option<&'a std::sync::Arc<str>>,
    /// The policy.
    pub policy: &'a Policy,
    /// The index of the statement in the policy.
    pub statement: usize,
}

impl<'a> Source<'a> {
    /// The statement's `Sid`, where it has one.
    pub fn sid(&self) -> Option<&'a str> {
        self.policy.statements.get(self.statement)?.sid.as_deref()
    }
}

/// What the policies say, and why.
#[derive(Debug, Clone, Copy)]
pub enum Decision<'a> {
    /// It is allowed and nothing denies it.
    Allow {
        /// The identity policy's statement that allows it, where it took one: root needs none, and a resource's policy may
        /// be enough.
        identity: Option<Source<'a>>,
        /// The statement of the resource's policy that allows it, where there is one.
        resource: Option<Source<'a>>,
    },
    /// A statement denies it.
    ExplicitDeny {
        /// The statement.
        by: Source<'a>,
    },
    /// No statement allows it.
    ImplicitDeny {
        /// The first set in which no statement allows it.
        set: PolicySet,
    },
}

impl Decision<'_> {
    /// Whether the request may go on.
    pub fn is_allow(&self) -> bool {
        matches!(self, Self::Allow { .. })
    }
}

/// Decides a request. What no policy allows is denied, and an explicit denial in any policy wins.
pub fn evaluate<'a>(request: &Request<'_>, policies: &Policies<'a>) -> Decision<'a> {
    let boundary = policies.boundary.map(std::slice::from_ref).unwrap_or_default();
    let identity = Verdict::of(request, policies.identity, PolicySet::Identity);
    let (reach, resource) = Verdict::of_resource(request, policies.resource);
    let boundary = Verdict::of(request, boundary, PolicySet::Boundary);
    let session = Verdict::of(request, policies.session, PolicySet::Session);
    for verdict in [identity, resource, boundary, session] {
        if let Verdict::Deny(by) = verdict {
            return Decision::ExplicitDeny { by };
        }
    }
    match lacking(request, policies, reach, [identity, boundary, session].map(|verdict| verdict.allows())) {
        Some(set) => Decision::ImplicitDeny { set },
        None => Decision::Allow { identity: identity.allowing(), resource: resource.allowing() },
    }
}

/// The first set in which an Allow is lacking, given how far the resource's policy reaches and which of the other sets
/// allow; none where the request may go on.
fn lacking(
    request: &Request<'_>,
    policies: &Policies<'_>,
    reach: Reach,
    [identity, boundary, session]: [bool; 3],
) -> Option<PolicySet> {
    let foreign = request.is_foreign();
    let required = matches!(policies.resource, ResourceSide::Required(_));
    if reach == Reach::No && (foreign || required || request.caller.account().is_none()) {
        return Some(PolicySet::Resource);
    }
    // Who is named itself is let in by that alone: whatever else does not allow it, only does not say so.
    if reach == Reach::Itself && !foreign {
        return None;
    }
    let by_resource = reach == Reach::Holder && !foreign;
    let narrowed = !policies.session.is_empty() || matches!(request.caller, Caller::FederatedUser { .. });
    if !(by_resource || request.is_roots() || identity) {
        Some(PolicySet::Identity)
    } else if policies.boundary.is_some() && !boundary {
        Some(PolicySet::Boundary)
    } else if narrowed && !session {
        Some(PolicySet::Session)
    } else {
        None
    }
}

/// All statements of the identity policies that allow a request, where [`evaluate()`] names the first.
pub fn allowing<'a>(request: &Request<'_>, identity: &'a [NamedPolicy]) -> Vec<Source<'a>> {
    let set = PolicySet::Identity;
    let mut sources = Vec::new();
    for (index, NamedPolicy { name, policy }) in identity.iter().enumerate() {
        let allows =
            |(_, found): &(usize, &Statement)| found.effect == Effect::Allow && found.applies(request);
        let found = policy.statements.iter().enumerate().filter(allows);
        sources.extend(found.map(|(statement, _)| Source {
            set,
            index,
            name: Some(name),
            policy,
            statement,
        }));
    }
    sources
}

/// What one set of policies says.
#[derive(Clone, Copy)]
enum Verdict<'a> {
    Allow(Source<'a>),
    Deny(Source<'a>),
    Nothing,
}

impl<'a> Verdict<'a> {
    fn of(request: &Request<'_>, policies: &'a [NamedPolicy], set: PolicySet) -> Self {
        let mut verdict = Self::Nothing;
        for (index, NamedPolicy { name, policy }) in policies.iter().enumerate() {
            for (statement, found) in policy.statements.iter().enumerate() {
                if found.effect == Effect::Allow && verdict.allows() || !found.applies(request) {
                    continue;
                }
                let source = Source { set, index, name: Some(name), policy, statement };
                match found.effect {
                    Effect::Deny => return Self::Deny(source),
                    Effect::Allow => verdict = Self::Allow(source),
                }
            }
        }
        verdict
    }

    /// What the resource says, and how far it reaches where it allows.
    fn of_resource(request: &Request<'_>, side: ResourceSide<'a>) -> (Reach, Self) {
        let (ResourceSide::Policy(policy) | ResourceSide::Required(policy)) = side else {
            return (Reach::No, Self::Nothing);
        };
        // A role is lent to a service by the service's name alone; everybody are those who have an account.
        let lent = match request.caller {
            Caller::Service(name) if matches!(side, ResourceSide::Required(_)) => Some(name),
            _ => None,
        };
        let (mut best, mut verdict) = (Reach::No, Self::Nothing);
        for (statement, found) in policy.statements.iter().enumerate() {
            let reach = found.reach(&request.caller, request.canonical_user);
            let allowed = reach > best && lent.is_none_or(|service| found.names_service(service));
            let in_vain = reach == Reach::No || found.effect == Effect::Allow && !allowed;
            if in_vain || !found.applies_to_owner(request) {
                continue;
            }
            let source = Source { set: PolicySet::Resource, index: 0, name: None, policy, statement };
            match found.effect {
                Effect::Deny => return (Reach::No, Self::Deny(source)),
                Effect::Allow => (best, verdict) = (reach, Self::Allow(source)),
            }
        }
        (best, verdict)
    }

    fn allows(&self) -> bool {
        matches!(self, Self::Allow(_))
    }

    fn allowing(self) -> Option<Source<'a>> {
        if let Self::Allow(source) = self { Some(source) } else { None }
    }
}

impl Request<'_> {
    /// Whether the resource is in another account than the caller.
    pub(crate) fn is_foreign(&self) -> bool {
        match (self.caller.account(), self.resource_account) {
            (Some(own), Some(account)) => own != account,
            _ => false,
        }
    }

    /// Whether the caller has all rights of its account: root, and the ceiling of root's federated users.
    pub(crate) fn is_roots(&self) -> bool {
        matches!(self.caller, Caller::Root { .. } | Caller::FederatedUser { user: None, .. })
    }
}

impl Statement {
    /// Whether action, resource and conditions of the request are those of the statement. What cannot be known
    /// counts against the request.
    fn applies(&self, request: &Request<'_>) -> bool {
        self.names_action(request.action)
            && self.names_resource(request.resource, request.conditions)
            && self.conditions_met(request.conditions)
    }

    /// As [`Self::applies`], in the policy of a resource: without a `Resource` it speaks of the one that it is attached to.
    pub(crate) fn applies_to_owner(&self, request: &Request<'_>) -> bool {
        self.names_action(request.action)
            && (self.resources.is_none() || self.names_resource(request.resource, request.conditions))
            && self.conditions_met(request.conditions)
    }

    pub(crate) fn names_action(&self, action: &str) -> bool {
        self.actions.names(|patterns| patterns.iter().any(|pattern| pattern.matches(action)))
    }

    pub(crate) fn names_resource(&self, resource: &str, keys: &dyn ConditionKeys) -> bool {
        let Some(listed) = &self.resources else { return false };
        let in_list = |patterns: &Vec<ResourcePattern>, when_unknown: bool| {
            patterns.iter().any(|pattern| pattern.matches(resource, keys).unwrap_or(when_unknown))
        };
        // A variable without a value: `Resource` of an Allow must not match, nor may `NotResource` of one.
        let against = self.effect == Effect::Deny;
        match listed {
            Listed::These(patterns) => in_list(patterns, against),
            Listed::AllBut(patterns) => !in_list(patterns, !against),
        }
    }

    pub(crate) fn conditions_met(&self, keys: &dyn ConditionKeys) -> bool {
        match fold_all(self.conditions.iter().map(|condition| condition.met(keys))) {
            Met::Yes => true,
            Met::No => false,
            Met::Unknown => self.effect == Effect::Deny,
        }
    }
}
