//! Why nothing allowed a request: the statement that came nearest.

use crate::caller::Reach;
use crate::condition::{Condition, Found, Met};
use crate::evaluate::{Policies, PolicySet, Request, ResourceSide, Source};
use crate::{Effect, Policy, Statement};

/// The Allow statement that came nearest to a request, and what it failed for.
#[derive(Debug, Clone)]
pub struct Miss<'a> {
    /// The statement.
    pub source: Source<'a>,
    /// The first thing that it failed for.
    pub why: Why<'a>,
}

/// What an Allow statement for the right action failed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why<'a> {
    /// It does not name the caller.
    Principal,
    /// It is for other resources.
    Resource,
    /// A condition is not met.
    Condition(Compared<'a>),
}

/// A condition of a statement beside what a request has for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared<'a> {
    /// The operator: `StringEquals`.
    pub operator: &'a str,
    /// The key: `aws:SourceIp`.
    pub key: &'a str,
    /// What the policy wants, as it is written.
    pub wanted: Vec<&'a str>,
    /// What the request has; none where the key is not in it.
    pub found: Option<Vec<String>>,
}

impl<'a> Source<'a> {
    /// The conditions of the statement, each beside what a request has for it.
    pub fn compared(&self, request: &Request<'_>) -> Vec<Compared<'a>> {
        let conditions = statement(self.policy, self.statement).map(|found| &*found.conditions);
        conditions.unwrap_or_default().iter().map(|condition| condition.compared(request)).collect()
    }
}

/// Finds the Allow statement of `set` that names the request's action and fails the latest; none where no statement
/// names the action. Meant for requests that [`crate::evaluate()`] found to be denied because nothing in `set` allows them.
pub fn nearest_miss<'a>(request: &Request<'_>, policies: &Policies<'a>, set: PolicySet) -> Option<Miss<'a>> {
    let boundary = policies.boundary.map(std::slice::from_ref).unwrap_or_default();
    let named = match set {
        PolicySet::Identity => policies.identity,
        PolicySet::Boundary => boundary,
        PolicySet::Session => policies.session,
        PolicySet::Resource => &[],
    };
    let named = named.iter().map(|named| (Some(&named.name), &*named.policy));
    let own = match policies.resource {
        ResourceSide::Policy(policy) | ResourceSide::Required(policy) if set == PolicySet::Resource => {
            Some((None, policy))
        }
        _ => None,
    };
    let all = named.chain(own).enumerate().flat_map(|(index, (name, policy))| {
        let source = move |statement| Source { set, index, name, policy, statement };
        (0..policy.statements.len()).map(source)
    });
    let misses = all.filter_map(|source| {
        let why = statement(source.policy, source.statement).and_then(|found| found.miss(request, set))?;
        Some(Miss { source, why })
    });
    // The first of the nearest.
    misses.reduce(|best, next| if next.why.nearness() > best.why.nearness() { next } else { best })
}

fn statement(policy: &Policy, index: usize) -> Option<&Statement> {
    policy.statements.get(index)
}

impl Why<'_> {
    fn nearness(&self) -> u8 {
        match self {
            Self::Principal => 0,
            Self::Resource => 1,
            Self::Condition(_) => 2,
        }
    }
}

impl Statement {
    fn miss(&self, request: &Request<'_>, set: PolicySet) -> Option<Why<'_>> {
        if self.effect == Effect::Deny || !self.names_action(request.action) {
            return None;
        }
        let owned = set == PolicySet::Resource;
        if owned && self.reach(&request.caller, request.canonical_user) == Reach::No {
            return Some(Why::Principal);
        }
        let everywhere = owned && self.resources.is_none();
        if !everywhere && !self.names_resource(request.resource, request.conditions) {
            return Some(Why::Resource);
        }
        let failed =
            self.conditions.iter().find(|condition| condition.met(request.conditions) != Met::Yes)?;
        Some(Why::Condition(failed.compared(request)))
    }
}

impl Condition {
    fn compared(&self, request: &Request<'_>) -> Compared<'_> {
        let found = match request.conditions.find(&self.key) {
            Found::Absent => None,
            Found::One(value) => Some(vec![value.into_owned()]),
            Found::Many(values) => Some(values.to_vec()),
        };
        let wanted = self.written.iter().map(|text| &**text).collect();
        Compared { operator: &self.name, key: &self.key, wanted, found }
    }
}
