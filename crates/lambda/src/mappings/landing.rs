//! Takes what was read of a part and what the function answered.

use std::sync::Arc;

use bytes::Bytes;
use weft_service::Error;
use weft_types::Timestamp;

use crate::Lambda;
use crate::mappings::batch::{self, Outcome, Step, Work};
use crate::mappings::part::Part;
use crate::mappings::poller::Poller;
use crate::mappings::source::{EventSource, Polled, SourceRecord};
use crate::mappings::window;

impl Poller {
    /// Takes records that were read; what no filter takes is done with.
    pub(super) async fn read(
        &self,
        place: &Place<'_>,
        part: &mut Part,
        polled: Polled,
        began: Timestamp,
    ) -> Result<usize, Error> {
        let count = polled.records.len();
        if count > 0 {
            part.rests_until = None;
        }
        let takes = |record: &SourceRecord| {
            self.patterns.is_empty() || self.patterns.iter().any(|pattern| pattern.matches(&record.filtered))
        };
        let skipped = polled.records.iter().filter(|record| !takes(record));
        let skipped: Vec<String> = skipped.map(|record| record.id.clone()).collect();
        part.take(&self.rules, polled, takes, (began, place.lambda.clock.now()));
        if !self.rules.ordered && !skipped.is_empty() {
            place.source.acknowledge(place.shard, &skipped).await?;
        }
        self.pass(place, part).await?;
        Ok(count)
    }

    /// Does what the end of a lane's batch asks for.
    pub(super) async fn ran(
        &self,
        place: &Place<'_>,
        part: &mut Part,
        lane: usize,
        work: Work,
        answer: Result<Option<Bytes>, ()>,
    ) -> Result<usize, Error> {
        let count = work.records.len();
        let state = answer.as_ref().ok().and_then(Option::as_deref).and_then(window::state_of);
        let is_closing = part.is_closing(lane);
        let needs_state = self.rules.tumbling.is_some() && !is_closing;
        let outcome = match &answer {
            Ok(Some(payload)) if state.is_some() || !needs_state => Outcome::Answered(payload),
            Ok(_) => Outcome::Failed,
            Err(()) => Outcome::Fault,
        };
        let good = matches!(outcome, Outcome::Answered(_));
        let result = if good { "OK" } else { "PROBLEM: Function call failed" };
        place.lambda.pollers.note(&self.mapping.uuid, result);
        let now = place.lambda.clock.now();
        if is_closing {
            part.closed(lane, good, now);
            self.pass(place, part).await?;
            return Ok(usize::from(good));
        }
        let mut step = batch::after(&self.rules, work, outcome, now);
        part.ended(lane, &mut step, state, now);
        let Step { done, released, dropped, .. } = step;
        if !dropped.is_empty() {
            let (mapping, count) = (&self.mapping.uuid, dropped.len());
            tracing::warn!(mapping, count, "records of a stream are given up");
        }
        if !self.rules.ordered && !done.is_empty() {
            place.source.acknowledge(place.shard, &done).await?;
        }
        if !released.is_empty() {
            place.source.release(place.shard, &released).await?;
        }
        self.pass(place, part).await?;
        Ok(count)
    }

    /// Remembers how far a stream was read.
    async fn pass(&self, place: &Place<'_>, part: &mut Part) -> Result<(), Error> {
        let Some(passed) = part.passed().filter(|_| self.rules.ordered) else { return Ok(()) };
        let stored = place.lambda.mappings.read_up_to(&self.mapping.uuid, place.shard, &passed).await;
        if stored.is_err() {
            part.not_stored(passed);
        }
        stored
    }
}

/// A part of the source, and who has to do with it.
pub(super) struct Place<'a> {
    pub(super) lambda: &'a Arc<Lambda>,
    pub(super) source: &'a dyn EventSource,
    pub(super) shard: &'a str,
}
