//! Reads sources and hands batches to functions.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use weft_events::EventPattern;
use weft_service::Error;
use weft_service::workload::{Invocation, WorkError};
use weft_types::{Arn, Timestamp};

use crate::Lambda;
use crate::mappings::batch::{self, Collector, Outcome, Step, Work};
use crate::mappings::records::{Mapping, State};
use crate::mappings::settings::Kind;
use crate::mappings::source::{EventSource, EventSources, Position, SourceRecord};

/// How long a source that had nothing is left alone.
const IDLE: Duration = Duration::from_millis(500);

/// What reads sources.
#[derive(Default)]
pub(crate) struct Pollers {
    pub(crate) sources: OnceLock<Arc<dyn EventSources>>,
    states: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Reading>>>>,
    /// `LastProcessingResult` by UUID.
    results: Mutex<HashMap<String, &'static str>>,
    /// A mapping came, changed or went.
    pub(crate) changed: Notify,
}

/// How far one mapping is.
#[derive(Default)]
struct Reading {
    parts: HashMap<String, Part>,
}

/// How far one part of a source is.
struct Part {
    position: Position,
    collector: Collector,
    work: VecDeque<Work>,
    not_before: Timestamp,
    /// What was read up to, once everything before is done with.
    passed: Option<String>,
}

impl Pollers {
    /// `LastProcessingResult` of a mapping.
    pub(crate) fn result(&self, uuid: &str) -> &'static str {
        let results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        results.get(uuid).copied().unwrap_or("No records processed")
    }

    fn note(&self, uuid: &str, result: &'static str) {
        self.results.lock().unwrap_or_else(PoisonError::into_inner).insert(uuid.to_owned(), result);
    }

    fn reading(&self, uuid: &str) -> Arc<tokio::sync::Mutex<Reading>> {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(states.entry(uuid.to_owned()).or_default())
    }

    /// Forgets what was read and not handed on: of a mapping that is off, changed or gone.
    fn forget(&self, uuid: &str) {
        self.states.lock().unwrap_or_else(PoisonError::into_inner).remove(uuid);
    }
}

impl Lambda {
    /// Says where the records of event source mappings come from.
    pub fn connect_sources(&self, sources: Arc<dyn EventSources>) {
        let _ = self.pollers.sources.set(sources);
        self.pollers.changed.notify_one();
    }

    /// Fails with AWS's error unless a source is there and the role may read it.
    pub(crate) async fn require_source(
        &self,
        arn: &Arn,
        role: Option<&Arn>,
        kind: Kind,
    ) -> Result<(), Error> {
        let role = role.ok_or_else(|| Error::internal("a function without a role"))?;
        let found = match self.pollers.sources.get() {
            Some(sources) => sources.find(arn, role).await?,
            None => None,
        };
        found.map(drop).ok_or_else(|| kind.missing(arn))
    }

    /// Reads the sources of all mappings until it is dropped.
    pub async fn poll(self: Arc<Self>) {
        loop {
            let changed = self.pollers.changed.notified();
            let read = self.poll_once().await.unwrap_or_else(|error| {
                tracing::error!(?error, "event source mappings could not be read");
                0
            });
            if read == 0 {
                // Without mappings there is nothing to look after.
                let idle = if self.pollers.sources.get().is_some() { IDLE } else { Duration::from_mins(1) };
                let _ = tokio::time::timeout(idle, changed).await;
            }
        }
    }

    /// Reads each source once, and hands on what is due; tells how many records were read or handed on.
    pub async fn poll_once(self: &Arc<Self>) -> Result<usize, Error> {
        let mut reading = tokio::task::JoinSet::new();
        for mapping in self.mappings.all().await? {
            if mapping.state == State::Deleting {
                self.pollers.forget(&mapping.uuid);
                self.mappings.remove(&mapping).await?;
                continue;
            }
            if let Some(settled) = mapping.state.settled() {
                self.pollers.forget(&mapping.uuid);
                self.mappings.settle(&mapping, settled).await?;
                if settled == State::Disabled {
                    continue;
                }
            }
            if mapping.state != State::Disabled {
                let lambda = Arc::clone(self);
                reading.spawn(async move { lambda.poll_mapping(&mapping).await });
            }
        }
        let mut moved = 0;
        while let Some(one) = reading.join_next().await {
            moved += one.unwrap_or(0);
        }
        Ok(moved)
    }

    async fn poll_mapping(&self, mapping: &Mapping) -> usize {
        let outcome = self.try_mapping(mapping).await;
        outcome.unwrap_or_else(|error| {
            tracing::warn!(%error, mapping = mapping.uuid, "an event source cannot be read");
            self.pollers.note(&mapping.uuid, "PROBLEM: The event source cannot be read.");
            0
        })
    }

    async fn try_mapping(&self, mapping: &Mapping) -> Result<usize, Error> {
        let Some(sources) = self.pollers.sources.get() else { return Ok(0) };
        let role = self.resolve(&mapping.function()).await?.revision.role.clone();
        let role = role.ok_or_else(|| Error::internal("a function without a role"))?;
        let source = sources.find(&mapping.source, &role).await?;
        let source = source.ok_or_else(|| mapping.settings.kind.missing(&mapping.source))?;
        let reading = self.pollers.reading(&mapping.uuid);
        let mut reading = reading.lock().await;
        let shards = source.shards().await?;
        reading.parts.retain(|shard, _| shards.contains(shard));
        let mut moved = 0;
        let patterns = mapping.settings.patterns();
        for shard in shards {
            if !reading.parts.contains_key(&shard) {
                let part = self.begin_part(mapping, &shard).await?;
                reading.parts.insert(shard.clone(), part);
            }
            let Some(part) = reading.parts.get_mut(&shard) else { continue };
            let place = Place { mapping, source: &*source, shard: &shard };
            moved += self.read_part(&place, &patterns, part).await?;
            moved += self.hand_on(&place, part).await?;
        }
        Ok(moved)
    }

    async fn begin_part(&self, mapping: &Mapping, shard: &str) -> Result<Part, Error> {
        let place = self.mappings.places(&mapping.uuid).await?.remove(shard);
        Ok(Part {
            position: place.map_or_else(|| mapping.settings.position(), Position::After),
            collector: Collector::default(),
            work: VecDeque::new(),
            not_before: Timestamp::from_millis(0),
            passed: None,
        })
    }

    /// Reads what there is room for; what no filter takes is done with.
    async fn read_part(
        &self,
        place: &Place<'_>,
        patterns: &[EventPattern],
        part: &mut Part,
    ) -> Result<usize, Error> {
        let rules = place.mapping.settings.rules();
        let room = part.collector.room(&rules);
        if !part.work.is_empty() || room == 0 {
            return Ok(0);
        }
        let polled = place.source.poll(place.shard, &part.position, room).await?;
        let (read, now) = (polled.records.len(), self.clock.now());
        let next = polled.next.or_else(|| polled.records.last().map(|record| record.id.clone()));
        let takes = |record: &SourceRecord| {
            patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(&record.filtered))
        };
        let (wanted, skipped): (Vec<_>, Vec<_>) = polled.records.into_iter().partition(takes);
        if !rules.ordered && !skipped.is_empty() {
            let ids: Vec<String> = skipped.into_iter().map(|record| record.id).collect();
            place.source.acknowledge(place.shard, &ids).await?;
        }
        for record in wanted {
            part.collector.add(record, now);
        }
        if let (true, Some(next)) = (rules.ordered, next) {
            part.position = Position::After(next.clone());
            part.passed = Some(next);
        }
        if let Some(batch) = part.collector.take(&rules, now) {
            part.work.push_back(Work::new(batch));
        }
        self.pass(place, part).await?;
        Ok(read)
    }

    /// Hands the first batch to the function, and does what its end asks for.
    async fn hand_on(&self, place: &Place<'_>, part: &mut Part) -> Result<usize, Error> {
        let rules = place.mapping.settings.rules();
        if part.not_before > self.clock.now() {
            return Ok(0);
        }
        let Some(work) = part.work.pop_front() else { return Ok(0) };
        let count = work.records.len();
        let answer = self.run_batch(place, &work).await;
        let outcome = match &answer {
            Ok(Some(payload)) => Outcome::Answered(payload),
            Ok(None) => Outcome::Failed,
            Err(()) => Outcome::Fault,
        };
        let good = matches!(outcome, Outcome::Answered(_));
        self.pollers.note(&place.mapping.uuid, if good { "OK" } else { "PROBLEM: Function call failed" });
        let step = batch::after(&rules, work, outcome, self.clock.now());
        self.carry_out(place, part, step).await?;
        Ok(count)
    }

    async fn carry_out(&self, place: &Place<'_>, part: &mut Part, step: Step) -> Result<(), Error> {
        let Step { done, released, dropped, next, wait } = step;
        part.not_before = self.clock.now().plus(wait);
        // Nothing that is yet to be tried stands before what is done; before what is too old, something may.
        let last = if next.is_empty() { dropped.last().or(done.last()) } else { done.last() };
        let last = last.cloned();
        for work in next.into_iter().rev() {
            part.work.push_front(work);
        }
        if !dropped.is_empty() {
            let (mapping, count) = (&place.mapping.uuid, dropped.len());
            tracing::warn!(mapping, count, "records of a stream are given up");
        }
        if !place.mapping.settings.kind.is_stream() {
            if !done.is_empty() {
                place.source.acknowledge(place.shard, &done).await?;
            }
            if !released.is_empty() {
                place.source.release(place.shard, &released).await?;
            }
            return Ok(());
        }
        if let Some(last) = last {
            self.mappings.read_up_to(&place.mapping.uuid, place.shard, &last).await?;
        }
        self.pass(place, part).await
    }

    /// Remembers how far a stream was read, once nothing of it waits.
    async fn pass(&self, place: &Place<'_>, part: &mut Part) -> Result<(), Error> {
        if !part.work.is_empty() || !part.collector.is_empty() {
            return Ok(());
        }
        match part.passed.take() {
            Some(passed) => self.mappings.read_up_to(&place.mapping.uuid, place.shard, &passed).await,
            None => Ok(()),
        }
    }

    /// What the function answered to a batch; nothing where it failed; an error where it could not run.
    async fn run_batch(&self, place: &Place<'_>, work: &Work) -> Result<Option<bytes::Bytes>, ()> {
        let function = place.mapping.function();
        let target = self.resolve(&function).await.map_err(|error| {
            tracing::warn!(%error, mapping = place.mapping.uuid, "the function of a mapping is not there");
        })?;
        let running = self.begin(&function.key, &target, self.clock.now()).await.map_err(|_| ())?;
        let records = work.records.iter().map(|record| record.event.clone()).collect();
        let invocation = Invocation {
            request_id: weft_service::request_id().into(),
            payload: place.source.event(records).to_string().into(),
            client_context: None,
            cognito_identity: None,
            tenant_id: None,
            invoked_arn: function.arn(),
            tail: false,
            trace_id: None,
        };
        match self.workers.invoke(target.revision, invocation).await {
            Ok(invoked) => {
                running.ended(invoked.error.is_some(), invoked.duration);
                Ok(invoked.error.is_none().then_some(invoked.payload))
            }
            Err(WorkError::Crashed { .. } | WorkError::TimedOut(_)) => {
                running.ended(true, Duration::ZERO);
                Ok(None)
            }
            Err(_) => {
                running.throttled();
                Err(())
            }
        }
    }
}

/// A part of a mapping's source.
struct Place<'a> {
    mapping: &'a Mapping,
    source: &'a dyn EventSource,
    shard: &'a str,
}
