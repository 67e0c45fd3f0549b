//! The last decisions, by the ids of their requests, so that a refusal can be explained after the fact.
//!
//! Two rings, so that a flood of allowed requests does not push out why one was refused. What does not fit any more is
//! forgotten, the oldest first; nothing is written down.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::mem::size_of;
use std::sync::{Arc, Mutex, PoisonError};

use weft_policy::{Compared, Decision, Miss, Policies, PolicySet, Request, Source, Why, nearest_miss};
use weft_types::{AccountId, Timestamp};

use crate::{Access, Context, Principal};

/// How many decisions that allowed something are kept, and in how many bytes.
const ALLOWED: Bounds = Bounds { count: 8_000, bytes: 6 << 20 };
/// As [`ALLOWED`], for those that refused something.
const DENIED: Bounds = Bounds { count: 2_000, bytes: 2 << 20 };
/// The longest text of a condition's value that is kept, in bytes, and how many values are.
const VALUE_BYTES_MAX: usize = 256;
const VALUES_MAX: usize = 8;

/// A decision that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRecord {
    /// When it was made.
    pub time: Timestamp,
    /// The id of the request that it was made for.
    pub request_id: Arc<str>,
    /// The account in which the request worked.
    pub account: AccountId,
    /// Who asked.
    pub principal: Arc<Principal>,
    /// What for: `lambda:GetFunction`.
    pub action: Cow<'static, str>,
    /// The resource's ARN, or `*`.
    pub resource: String,
    /// What was decided, and by which statements.
    pub outcome: Outcome,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was allowed by these statements: one of the caller's policies, one of the resource's, or both. None for root,
    /// and for a resource that was asked elsewhere.
    Allowed(Vec<Ground>),
    /// A statement denied it.
    Denied(Ground),
    /// No statement of a set allowed it.
    NotAllowed {
        /// The set.
        set: PolicySet,
        /// The statement that came nearest, where one is for the action.
        nearest: Option<NearMiss>,
    },
}

/// A statement that a decision rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ground {
    /// Which policies it belongs to.
    pub set: PolicySet,
    /// The policy's ARN or name; none for a resource's.
    pub policy: Option<Arc<str>>,
    /// The index of the statement in the policy.
    pub statement: usize,
    /// Its `Sid`, where it has one.
    pub sid: Option<Box<str>>,
    /// Its conditions, beside what the request had for them.
    pub conditions: Vec<ConditionRecord>,
}

/// A condition of a statement beside what a request had for it. Long values are cut, and of many only the first are here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionRecord {
    /// The operator.
    pub operator: String,
    /// The key.
    pub key: String,
    /// What the policy wants.
    pub wanted: Vec<String>,
    /// What the request had; none where the key was not in it.
    pub found: Option<Vec<String>>,
}

/// The statement that came nearest to allowing a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// The statement.
    pub ground: Ground,
    /// What it failed for.
    pub cause: MissCause,
}

/// What an Allow statement for the right action failed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MissCause {
    /// It does not name the caller.
    Principal,
    /// It is for other resources.
    Resource,
    /// A condition is not met.
    Condition(ConditionRecord),
}

#[derive(Clone, Copy)]
struct Bounds {
    count: usize,
    bytes: usize,
}

/// How many parts the rings are in, so that requests at the same time seldom wait for each other.
const PARTS: usize = 16;

/// The decisions that are still known, in parts by their requests' ids; a part has its share of the bounds.
#[derive(Default)]
pub(super) struct Decisions {
    parts: [Mutex<Rings>; PARTS],
}

#[derive(Default)]
struct Rings {
    allowed: Ring,
    denied: Ring,
}

#[derive(Default)]
struct Ring {
    records: VecDeque<DecisionRecord>,
    bytes: usize,
}

impl Decisions {
    /// Remembers a decision, with what the conditions of its statements wanted; where no statement allows something, with what
    /// the nearest one did.
    pub(super) fn remember(
        &self,
        cx: &Context,
        access: &Access,
        request: &Request<'_>,
        policies: &Policies<'_>,
        decision: &Decision<'_>,
    ) {
        let outcome = match decision {
            Decision::Allow { identity, resource } => {
                let sources = identity.iter().chain(resource);
                Outcome::Allowed(sources.map(|source| Ground::decided(source, request)).collect())
            }
            Decision::ExplicitDeny { by } => Outcome::Denied(Ground::decided(by, request)),
            Decision::ImplicitDeny { set } => {
                let nearest = nearest_miss(request, policies, *set).map(NearMiss::of);
                Outcome::NotAllowed { set: *set, nearest }
            }
        };
        self.push(DecisionRecord {
            time: cx.scope.now,
            request_id: Arc::clone(&cx.request_id),
            account: cx.scope.account,
            principal: Arc::clone(&cx.principal),
            action: access.action.clone(),
            resource: access.resource.clone(),
            outcome,
        });
    }

    fn push(&self, record: DecisionRecord) {
        let mut rings = self.part(&record.request_id).lock().unwrap_or_else(PoisonError::into_inner);
        match record.outcome {
            Outcome::Allowed(_) => rings.allowed.push(record, ALLOWED),
            Outcome::Denied(_) | Outcome::NotAllowed { .. } => rings.denied.push(record, DENIED),
        }
    }

    /// The decisions of a request of an account, in their order.
    pub(super) fn of_request(&self, account: AccountId, request_id: &str) -> Vec<DecisionRecord> {
        let rings = self.part(request_id).lock().unwrap_or_else(PoisonError::into_inner);
        let all = rings.allowed.records.iter().chain(&rings.denied.records);
        all.filter(|record| *record.request_id == *request_id && record.account == account).cloned().collect()
    }

    fn part(&self, request_id: &str) -> &Mutex<Rings> {
        // Who chooses an id chooses its part, and forgets decisions sooner there: a keyed hash would not help against
        // who may send any number of requests.
        let sum =
            request_id.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        &self.parts[sum % PARTS]
    }
}

impl Ring {
    fn push(&mut self, record: DecisionRecord, bounds: Bounds) {
        self.bytes += record.bytes();
        self.records.push_back(record);
        while self.records.len() > bounds.count / PARTS || self.bytes > bounds.bytes / PARTS {
            let Some(oldest) = self.records.pop_front() else { break };
            self.bytes -= oldest.bytes();
        }
    }
}

impl DecisionRecord {
    /// What it takes in memory, about: texts that others share count as well.
    fn bytes(&self) -> usize {
        let outcome = match &self.outcome {
            Outcome::Allowed(grounds) => grounds.iter().map(Ground::bytes).sum(),
            Outcome::Denied(ground) => ground.bytes(),
            Outcome::NotAllowed { nearest, .. } => nearest.as_ref().map_or(0, NearMiss::bytes),
        };
        size_of::<Self>() + self.request_id.len() + self.action.len() + self.resource.len() + outcome
    }
}

impl Ground {
    fn of(source: &Source<'_>) -> Self {
        Self {
            set: source.set,
            policy: source.name.cloned(),
            statement: source.statement,
            sid: source.sid().map(Into::into),
            conditions: Vec::new(),
        }
    }

    /// The statement that decided a request.
    fn decided(source: &Source<'_>, request: &Request<'_>) -> Self {
        let conditions = source.compared(request).into_iter().map(ConditionRecord::of).collect();
        Self { conditions, ..Self::of(source) }
    }

    fn bytes(&self) -> usize {
        let conditions: usize = self.conditions.iter().map(ConditionRecord::bytes).sum();
        size_of::<Self>() + self.sid.as_ref().map_or(0, |sid| sid.len()) + conditions
    }
}

impl ConditionRecord {
    fn of(compared: Compared<'_>) -> Self {
        Self {
            operator: compared.operator.to_owned(),
            key: compared.key.to_owned(),
            wanted: some(compared.wanted.into_iter()),
            found: compared.found.map(|found| some(found.iter().map(String::as_str))),
        }
    }

    fn bytes(&self) -> usize {
        let Self { operator, key, wanted, found } = self;
        let texts = wanted.iter().chain(found.iter().flatten());
        let texts = texts.map(|text| size_of::<String>() + text.len()).sum::<usize>();
        size_of::<Self>() + operator.len() + key.len() + texts
    }
}

impl NearMiss {
    fn of(miss: Miss<'_>) -> Self {
        let cause = match miss.why {
            Why::Principal => MissCause::Principal,
            Why::Resource => MissCause::Resource,
            Why::Condition(compared) => MissCause::Condition(ConditionRecord::of(compared)),
        };
        Self { ground: Ground::of(&miss.source), cause }
    }

    fn bytes(&self) -> usize {
        let cause = match &self.cause {
            MissCause::Principal | MissCause::Resource => 0,
            MissCause::Condition(condition) => condition.bytes(),
        };
        self.ground.bytes() + cause
    }
}

/// The first values, each cut where it is long.
fn some<'a>(values: impl Iterator<Item = &'a str>) -> Vec<String> {
    values
        .take(VALUES_MAX)
        .map(|value| value[..value.floor_char_boundary(VALUE_BYTES_MAX)].to_owned())
        .collect()
}

#[cfg(test)]
mod tests;
