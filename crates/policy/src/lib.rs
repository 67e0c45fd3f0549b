//! IAM policies: evaluate a request against policies to a decision with reasons.
//!
//! [`Policy`] is a parsed document; it is parsed once, when it is written or loaded, and then only read. [`evaluate()`]
//! decides a [`Request`] against all [`Policies`] that apply to it, and [`nearest_miss`] tells why nothing allowed it. Both are
//! pure: the values of condition keys come through [`ConditionKeys`], and a decision allocates nothing unless a policy has
//! variables.
//!
//! A stored policy of a resource names users and roles by unique ids, which a namesake made later does not have;
//! [`rename_principals`] turns a document's ARNs into them and back. One that names ARNs goes by them.
//!
//! Invariants: an explicit Deny always wins; what no statement allows is denied; a condition that this crate does not
//! understand never helps a request: an Allow with it does not apply, a Deny with it does.
//!
//! The crate deliberately does not know users, roles, or where policies are stored, and it checks no service's list of
//! actions. Source of the rules: the IAM user guide's policy reference,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies.html>.

use std::collections::HashSet;
use std::iter;
use std::sync::Arc;

mod caller;
mod condition;
mod evaluate;
mod explain;
mod memory;
mod operator;
mod parse;
mod pattern;
mod principal;
mod rename;

pub use caller::Caller;
pub use condition::{ConditionKeys, Found};
pub use evaluate::{Decision, Policies, PolicySet, Request, ResourceSide, Source, allowing, evaluate};
pub use explain::{Compared, Miss, Why, nearest_miss};
pub use parse::{PolicyError, PolicyKind};
pub use rename::rename_principals;

use condition::Condition;
use pattern::{ActionPattern, ResourcePattern};
use principal::Principals;

/// A parsed policy document.
#[derive(Debug, Clone)]
pub struct Policy {
    pub(crate) id: Option<Box<str>>,
    pub(crate) statements: Vec<Statement>,
}

impl Policy {
    /// The policy that says nothing: no statement, so nothing is allowed by it.
    pub fn empty() -> Self {
        Self { id: None, statements: Vec::new() }
    }

    /// The policy that says what all of these say, for a resource to which several apply.
    pub fn joined(policies: impl IntoIterator<Item = Self>) -> Self {
        Self { id: None, statements: policies.into_iter().flat_map(|policy| policy.statements).collect() }
    }

    /// The document's `Id`, where it has one.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The ARNs of users, roles and sessions that it names as principals.
    pub fn principal_arns(&self) -> impl Iterator<Item = &str> {
        self.principals().flat_map(|listed| listed.arns.iter().map(|arn| &**arn))
    }

    /// The unique ids of users and roles that it names as principals.
    pub fn principal_ids(&self) -> impl Iterator<Item = &str> {
        self.principals().flat_map(|listed| listed.ids.iter().map(|id| &**id))
    }

    fn principals(&self) -> impl Iterator<Item = &Principals> {
        self.statements.iter().filter_map(|statement| statement.principals.as_ref()).map(Listed::list)
    }

    /// How many statements it has.
    pub fn statement_count(&self) -> usize {
        self.statements.len()
    }
}

/// The condition keys that policies read, in conditions and as variables, in their order and each once whatever its case.
pub fn context_keys<'a>(policies: impl IntoIterator<Item = &'a Policy>) -> Vec<&'a str> {
    let mut known = HashSet::new();
    let statements = policies.into_iter().flat_map(|policy| &policy.statements);
    statements
        .flat_map(Statement::context_keys)
        .filter(|key| known.insert(key.to_ascii_lowercase()))
        .collect()
}

impl Policies<'_> {
    /// Whether any of them reads a condition key that begins like this, in whatever case, in conditions or as a variable.
    /// Tells whether values that cost something need to be fetched before the policies are evaluated.
    pub fn read_keys_of(&self, start: &str) -> bool {
        let begins = |key: &str| key.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start));
        let named = self.identity.iter().chain(self.boundary).chain(self.session);
        let own = match self.resource {
            ResourceSide::Policy(policy) | ResourceSide::Required(policy) => Some(policy),
            ResourceSide::None => None,
        };
        let all = named.map(|named| &*named.policy).chain(own);
        all.flat_map(|policy| &policy.statements).flat_map(Statement::context_keys).any(begins)
    }
}

/// A policy with the name by which people know it.
#[derive(Debug, Clone)]
pub struct NamedPolicy {
    /// The ARN of a managed policy, the name of an inline one, or what else tells it from others.
    pub name: Arc<str>,
    /// The policy.
    pub policy: Arc<Policy>,
}

impl NamedPolicy {
    /// Names a policy.
    pub fn new(name: impl Into<Arc<str>>, policy: impl Into<Arc<Policy>>) -> Self {
        Self { name: name.into(), policy: policy.into() }
    }
}

/// What a statement does when it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Allow,
    Deny,
}

/// One statement.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    pub(crate) sid: Option<Box<str>>,
    pub(crate) effect: Effect,
    pub(crate) principals: Option<Listed<Principals>>,
    pub(crate) actions: Listed<Vec<ActionPattern>>,
    pub(crate) resources: Option<Listed<Vec<ResourcePattern>>>,
    pub(crate) conditions: Vec<Condition>,
}

impl Statement {
    fn context_keys(&self) -> impl Iterator<Item = &str> {
        let resources = self.resources.iter().flat_map(Listed::list).flat_map(ResourcePattern::variables);
        let conditions = self
            .conditions
            .iter()
            .flat_map(|condition| iter::once(&*condition.key).chain(condition.variables()));
        resources.chain(conditions)
    }
}

/// What a statement names: these, or all but these (`NotAction`, `NotResource`, `NotPrincipal`).
#[derive(Debug, Clone)]
pub(crate) enum Listed<T> {
    These(T),
    AllBut(T),
}

impl<T> Listed<T> {
    /// Whether something is meant, given a test for the list itself.
    pub(crate) fn names(&self, in_list: impl FnOnce(&T) -> bool) -> bool {
        match self {
            Self::These(list) => in_list(list),
            Self::AllBut(list) => !in_list(list),
        }
    }

    pub(crate) fn list(&self) -> &T {
        match self {
            Self::These(list) | Self::AllBut(list) => list,
        }
    }
}

#[cfg(test)]
mod tests;
