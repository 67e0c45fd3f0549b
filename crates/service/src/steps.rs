//! Steps of plans that happen once, however often they are tried.
//!
//! A deployment calls operations that make things. When the server dies between such a call and the note that it was made,
//! the call is made again after the restart. With a token that an operation stores in the same transaction as what it makes, the
//! second call finds the first one's result instead of a conflict, or of a second thing.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use weft_store::{Read, Record, StoreError, Table, WriteTx};
use weft_types::Timestamp;

use crate::Context;

/// Tokens by their text.
const STEPS: Table<(String,), Made> = Table::new("steps");
/// Tokens by when they were stored: seconds, token.
const STEP_TIMES: Table<(i64, String), Mark> = Table::new("step_times");
/// How long a token is known, in seconds; no plan is carried out for as long. 30 days.
const KNOWN_SECONDS: i64 = 30 * 24 * 3600;
/// Old tokens that go with each new one.
const SWEPT: usize = 4;

/// Names one step of one plan, and one call of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StepToken(Arc<str>);

/// What a step made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Made {
    /// How the service finds it again.
    id: String,
}
impl Record for Made {}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Mark {}
impl Record for Mark {}

impl StepToken {
    /// A token from a text that no other step has.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What this step made when it ran before: the id that [`Self::done`] was given.
    pub fn before(&self, tx: &impl Read) -> Result<Option<String>, StoreError> {
        Ok(STEPS.get(tx, &(self.as_str(),))?.map(|made| made.id))
    }

    /// Remembers what this step made, in the transaction that makes it.
    pub fn done(&self, tx: &mut WriteTx<'_>, id: &str, now: Timestamp) -> Result<(), StoreError> {
        let seconds = now.as_millis().div_euclid(1000);
        let old = STEP_TIMES.query(&()).before(&(seconds - KNOWN_SECONDS,)).limit(SWEPT).rows(tx)?;
        for ((time, token), _) in old {
            STEPS.remove(tx, &(token.as_str(),))?;
            STEP_TIMES.remove(tx, &(time, token))?;
        }
        let token = self.as_str().to_owned();
        STEP_TIMES.insert(tx, &(seconds, token.clone()), &Mark {})?;
        STEPS.insert(tx, &(token,), &Made { id: id.to_owned() })
    }
}

/// A creation that happens once for each step of a plan; outside of plans each time.
#[derive(Debug, Clone)]
pub struct Once {
    token: Option<StepToken>,
    now: Timestamp,
}

impl Once {
    /// For the operation that runs.
    pub fn of(cx: &Context) -> Self {
        Self { token: cx.step().cloned(), now: cx.scope.now }
    }

    /// Whether the operation runs as a step of a plan.
    pub fn is_step(&self) -> bool {
        self.token.is_some()
    }

    /// Makes something and remembers its id; where this step ran before, gives what `find` has by the id of then. What is not
    /// there any more is made again.
    pub fn make<T, E: From<StoreError>>(
        &self,
        tx: &mut WriteTx<'_>,
        find: impl FnOnce(&WriteTx<'_>, &str) -> Result<Option<T>, E>,
        make: impl FnOnce(&mut WriteTx<'_>) -> Result<(String, T), E>,
    ) -> Result<T, E> {
        let before = self.token.as_ref().map(|token| token.before(tx)).transpose()?.flatten();
        if let Some(id) = before
            && let Some(found) = find(tx, &id)?
        {
            return Ok(found);
        }
        let (id, thing) = make(tx)?;
        if let Some(token) = &self.token {
            token.done(tx, &id, self.now)?;
        }
        Ok(thing)
    }
}

#[cfg(test)]
mod tests {
    use weft_store::{Memory, Store};

    use super::*;

    #[tokio::test]
    async fn a_step_knows_what_it_made_until_it_is_old() {
        let store = Store::memory(&Memory::seeded(1)).expect("a store");
        let token = StepToken::new("stack/1");
        let (now, later) = (Timestamp::from_millis(0), Timestamp::from_millis(KNOWN_SECONDS * 1000 + 5000));
        let before = |token: StepToken| store.read_blocking(move |tx| token.before(tx));
        assert_eq!(before(token.clone()).expect("an answer"), None);
        let made = token.clone();
        store.write(move |tx| made.done(tx, "role-a", now)).await.expect("it is stored");
        assert_eq!(before(token.clone()).expect("an answer").as_deref(), Some("role-a"));
        let other = StepToken::new("stack/2");
        store.write(move |tx| other.done(tx, "role-b", later)).await.expect("it is stored");
        assert_eq!(before(token).expect("an answer"), None);
        assert_eq!(before(StepToken::new("stack/2")).expect("an answer").as_deref(), Some("role-b"));
    }
}
