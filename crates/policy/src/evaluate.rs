//! Deciding a request against identity and session policies.

use std::sync::Arc;

use crate::condition::{ConditionKeys, Met, fold_all};
use crate::pattern::ResourcePattern;
use crate::{Effect, Listed, Policy, Statement};

/// One action on one resource, asked by somebody.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The action: `lambda:CreateFunction`.
    pub action: &'a str,
    /// The resource's ARN, or `*` for actions without resources.
    pub resource: &'a str,
    /// The values of condition keys; the caller's ARN is among them, as `aws:PrincipalArn`.
    pub conditions: &'a dyn ConditionKeys,
}

/// Which policies a refusal came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicySet {
    /// The policies of the user or role.
    Identity,
    /// The policies passed when the session was made.
    Session,
}

/// What the policies say, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision<'a> {
    /// A statement allows it and none denies it.
    Allow {
        /// The index of the identity policy that allows it.
        policy: usize,
        /// The statement's `Sid`, where it has one.
        sid: Option<&'a str>,
    },
    /// A statement denies it.
    ExplicitDeny {
        /// The set that the policy is in.
        set: PolicySet,
        /// Its index in the set.
        policy: usize,
        /// The statement's `Sid`, where it has one.
        sid: Option<&'a str>,
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

/// Decides a request. `identity` are the caller's policies; `session` those passed when the session was made: the
/// caller may do what both allow. An empty `session` narrows nothing.
pub fn evaluate<'a>(
    request: &Request<'_>,
    identity: &'a [Arc<Policy>],
    session: &'a [Arc<Policy>],
) -> Decision<'a> {
    let by_identity = decide_set(request, identity, PolicySet::Identity);
    if session.is_empty() || matches!(by_identity, Decision::ExplicitDeny { .. }) {
        return by_identity;
    }
    let by_session = decide_set(request, session, PolicySet::Session);
    let narrowed = match by_session {
        Decision::ExplicitDeny { .. } => true,
        Decision::ImplicitDeny { .. } => by_identity.is_allow(),
        Decision::Allow { .. } => false,
    };
    if narrowed { by_session } else { by_identity }
}

fn decide_set<'a>(request: &Request<'_>, policies: &'a [Arc<Policy>], set: PolicySet) -> Decision<'a> {
    let mut decision = Decision::ImplicitDeny { set };
    for (policy, statements) in policies.iter().map(|policy| &policy.statements).enumerate() {
        for statement in statements {
            if statement.effect == Effect::Allow && decision.is_allow() || !statement.applies(request) {
                continue;
            }
            let sid = statement.sid.as_deref();
            match statement.effect {
                Effect::Deny => return Decision::ExplicitDeny { set, policy, sid },
                Effect::Allow => decision = Decision::Allow { policy, sid },
            }
        }
    }
    decision
}

impl Statement {
    /// Whether action, resource and conditions of the request are those of the statement. What cannot be known
    /// counts against the request.
    fn applies(&self, request: &Request<'_>) -> bool {
        self.names_action(request.action)
            && self.names_resource(request.resource, request.conditions)
            && self.conditions_met(request.conditions)
    }

    pub(crate) fn names_action(&self, action: &str) -> bool {
        self.actions.names(|patterns| patterns.iter().any(|pattern| pattern.matches(action)))
    }

    fn names_resource(&self, resource: &str, keys: &dyn ConditionKeys) -> bool {
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
