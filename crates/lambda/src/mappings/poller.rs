//! Reads one mapping's source and hands batches to its function.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use serde_json::Value;
use tokio::sync::{Mutex, Notify};
use tokio::time::Instant;
use weft_events::EventPattern;
use weft_service::workload::{Invocation, WorkError};
use weft_service::{BoxFuture, Error};
use weft_types::Timestamp;

use crate::Lambda;
use crate::mappings::batch::{self, Outcome, Rules, Step, Work};
use crate::mappings::part::{Handed, Part};
use crate::mappings::records::Mapping;
use crate::mappings::source::{EventSource, Polled, Position, SourceRecord};
use crate::mappings::window;

/// How long a part that had nothing is left alone.
const IDLE: Duration = Duration::from_millis(500);
/// How often a source is found anew, with its parts and with what the function's role may.
const OPEN_EVERY: Duration = Duration::from_secs(10);
/// How long until the next try where a source could not be found.
const OPEN_AGAIN: Duration = Duration::from_secs(1);
/// Parts of one mapping that are read at a time: what hangs in one holds up no other mapping.
const READS_MAX: usize = 16;

/// What reads one mapping.
pub(crate) struct Poller {
    pub(crate) mapping: Arc<Mapping>,
    rules: Rules,
    patterns: Vec<EventPattern>,
    is_stopping: AtomicBool,
    stopped: Notify,
    reading: Mutex<Reading>,
}

/// How far it is.
#[derive(Default)]
struct Reading {
    source: Option<Arc<dyn EventSource>>,
    /// Whether the source was there when it was last looked for.
    is_open: bool,
    open_again: Option<Instant>,
    parts: HashMap<String, Part>,
    under_way: FuturesUnordered<BoxFuture<'static, Happened>>,
    turns: u64,
}

/// Something of a part has ended.
struct Happened {
    shard: String,
    what: What,
}

enum What {
    /// What was read by a look that began then.
    Read(Result<Polled, Error>, Timestamp),
    /// What the function answered to a lane's batch; nothing where it failed; an error where it could not run.
    Ran(usize, Work, Result<Option<Bytes>, ()>),
}

impl Poller {
    pub(crate) fn new(mapping: Mapping) -> Self {
        Self {
            rules: mapping.settings.rules(),
            patterns: mapping.settings.patterns(),
            mapping: Arc::new(mapping),
            is_stopping: AtomicBool::new(false),
            stopped: Notify::new(),
            reading: Mutex::default(),
        }
    }

    /// Has it begin nothing more.
    pub(crate) fn stop(&self) {
        if !self.is_stopping.swap(true, Ordering::SeqCst) {
            self.stopped.notify_one();
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::SeqCst)
    }

    /// Reads and hands on until it is stopped and what was under way then has ended.
    pub(crate) async fn run(&self, lambda: &Arc<Lambda>) {
        self.go_on(lambda).await;
        self.let_go().await;
    }

    async fn go_on(&self, lambda: &Arc<Lambda>) {
        let mut reading = self.reading.lock().await;
        loop {
            let is_stopping = self.is_stopping();
            if is_stopping && reading.under_way.is_empty() {
                return;
            }
            let mut wait = IDLE;
            if !is_stopping {
                self.open(lambda, &mut reading, false).await;
                self.begin_reads(lambda, &mut reading, false);
                self.begin_batches(lambda, &mut reading);
                wait = self.wait(lambda, &reading);
            }
            let is_busy = !reading.under_way.is_empty();
            tokio::select! {
                Some(happened) = reading.under_way.next(), if is_busy => {
                    self.land(lambda, &mut reading, happened).await;
                }
                () = self.stopped.notified(), if !is_stopping => {}
                () = tokio::time::sleep(wait), if !is_stopping => {}
            }
        }
    }

    /// Reads every part once and hands on what is due; tells how many records were read or handed on.
    pub(crate) async fn round(&self, lambda: &Arc<Lambda>) -> usize {
        let mut reading = self.reading.lock().await;
        self.open(lambda, &mut reading, true).await;
        self.begin_reads(lambda, &mut reading, true);
        let read = self.land_all(lambda, &mut reading).await;
        self.begin_batches(lambda, &mut reading);
        read + self.land_all(lambda, &mut reading).await
    }

    async fn land_all(&self, lambda: &Arc<Lambda>, reading: &mut Reading) -> usize {
        let mut moved = 0;
        while let Some(happened) = reading.under_way.next().await {
            moved += self.land(lambda, reading, happened).await;
        }
        moved
    }

    /// Gives a queue back what was read and not handed on.
    pub(crate) async fn let_go(&self) {
        let mut reading = self.reading.lock().await;
        let Some(source) = reading.source.take().filter(|_| !self.rules.ordered) else { return };
        for (shard, part) in reading.parts.drain() {
            let held = part.held();
            if !held.is_empty()
                && let Err(error) = source.release(&shard, &held).await
            {
                tracing::warn!(%error, mapping = self.mapping.uuid, "messages were not given back");
            }
        }
    }

    /// Finds the source and its parts, where it is time for that.
    async fn open(&self, lambda: &Arc<Lambda>, reading: &mut Reading, at_once: bool) {
        if !at_once && reading.open_again.is_some_and(|time| time > Instant::now()) {
            return;
        }
        let opened = self.try_open(lambda, reading).await;
        let wait = if opened.is_ok() { OPEN_EVERY } else { OPEN_AGAIN };
        reading.open_again = Some(Instant::now() + wait);
        reading.is_open = opened.is_ok();
        if let Err(error) = opened {
            self.unreadable(lambda, &error);
        }
    }

    async fn try_open(&self, lambda: &Arc<Lambda>, reading: &mut Reading) -> Result<(), Error> {
        let mapping = &self.mapping;
        let Some(sources) = lambda.pollers.sources.get() else { return Ok(()) };
        let role = lambda.resolve(&mapping.function()).await?.revision.role.clone();
        let role = role.ok_or_else(|| Error::internal("a function without a role"))?;
        let source = sources.find(&mapping.source, &role).await?;
        let source = source.ok_or_else(|| mapping.settings.kind.missing(&mapping.source))?;
        let shards = source.shards().await?;
        reading.parts.retain(|shard, part| {
            part.is_gone = !shards.contains(shard);
            !part.is_gone || !part.is_over()
        });
        if shards.iter().any(|shard| !reading.parts.contains_key(shard)) {
            let mut places = lambda.mappings.places(&mapping.uuid).await?;
            for shard in shards {
                let place = places.remove(&shard);
                let position = || place.map_or_else(|| mapping.settings.position(), Position::After);
                reading.parts.entry(shard).or_insert_with(|| Part::new(position(), &self.rules));
            }
        }
        reading.source = Some(source);
        Ok(())
    }

    fn unreadable(&self, lambda: &Lambda, error: &Error) {
        tracing::warn!(%error, mapping = self.mapping.uuid, "an event source cannot be read");
        lambda.pollers.note(&self.mapping.uuid, "PROBLEM: The event source cannot be read.");
    }

    /// Begins to read the parts for which there is room, those first that have waited longest.
    fn begin_reads(&self, lambda: &Arc<Lambda>, reading: &mut Reading, at_once: bool) {
        let Some(source) = reading.source.as_ref().filter(|_| reading.is_open) else { return };
        let now = Instant::now();
        let places = READS_MAX.saturating_sub(reading.parts.values().filter(|part| part.is_reading).count());
        let wants = |part: &Part| part.room(&self.rules) > 0 && (at_once || part.rests_until <= Some(now));
        let mut waiting: Vec<_> = reading.parts.iter_mut().filter(|(_, part)| wants(part)).collect();
        waiting.sort_by_key(|(_, part)| part.turn);
        let places = if at_once { waiting.len() } else { places };
        for (shard, part) in waiting.into_iter().take(places) {
            let (room, from) = (part.room(&self.rules), part.position.clone());
            let (source, shard) = (Arc::clone(source), shard.clone());
            let reads = Arc::clone(&lambda.pollers.reads);
            reading.turns += 1;
            (part.is_reading, part.turn) = (true, reading.turns);
            let clock = Arc::clone(&lambda.clock);
            reading.under_way.push(Box::pin(async move {
                let _place = reads.acquire().await;
                let began = clock.now();
                let polled = source.poll(&shard, &from, room).await;
                Happened { shard, what: What::Read(polled, began) }
            }));
        }
    }

    /// Hands the function the batches that are due.
    fn begin_batches(&self, lambda: &Arc<Lambda>, reading: &mut Reading) {
        let Some(source) = reading.source.as_ref().filter(|_| reading.is_open) else { return };
        let now = lambda.clock.now();
        for (shard, part) in &mut reading.parts {
            for lane in 0..part.lanes.len() {
                let Some(handed) = part.next_work(lane, &self.rules, now) else { continue };
                let (lambda, mapping) = (Arc::clone(lambda), Arc::clone(&self.mapping));
                let (source, shard) = (Arc::clone(source), shard.clone());
                reading.under_way.push(Box::pin(async move {
                    let answer = lambda.run_batch(&mapping, event(&mapping, &*source, &shard, &handed)).await;
                    Happened { shard, what: What::Ran(lane, handed.work, answer) }
                }));
            }
        }
    }

    /// How long nothing is to be done unless something happens.
    fn wait(&self, lambda: &Lambda, reading: &Reading) -> Duration {
        if !reading.is_open {
            return IDLE;
        }
        let (now, instant) = (lambda.clock.now(), Instant::now());
        let due = reading.parts.values().filter_map(|part| part.due(&self.rules)).map(|due| due.since(now));
        let rests = reading.parts.values().filter(|part| part.room(&self.rules) > 0);
        let rests = rests.filter_map(|part| part.rests_until).map(|time| time.duration_since(instant));
        let soonest = due.chain(rests).min().unwrap_or(IDLE);
        soonest.clamp(Duration::from_millis(5), IDLE)
    }

    /// Takes what has ended; tells how many records that moved.
    async fn land(&self, lambda: &Arc<Lambda>, reading: &mut Reading, happened: Happened) -> usize {
        let Happened { shard, what } = happened;
        let Some((source, part)) = reading.source.clone().zip(reading.parts.get_mut(&shard)) else {
            return 0;
        };
        let place = Place { lambda, source: &*source, shard: &shard };
        let landed = match what {
            What::Read(polled, began) => {
                part.is_reading = false;
                part.rests_until = Some(Instant::now() + IDLE);
                match polled {
                    Ok(polled) => self.read(&place, part, polled, began).await,
                    Err(error) => Err(error),
                }
            }
            What::Ran(lane, work, answer) => self.ran(&place, part, lane, work, answer).await,
        };
        landed.unwrap_or_else(|error| {
            self.unreadable(lambda, &error);
            0
        })
    }

    /// Takes records that were read; what no filter takes is done with.
    async fn read(
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
    async fn ran(
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
        match part.passed().filter(|_| self.rules.ordered) {
            Some(passed) => place.lambda.mappings.read_up_to(&self.mapping.uuid, place.shard, &passed).await,
            None => Ok(()),
        }
    }
}

/// A part of the source, and who has to do with it.
struct Place<'a> {
    lambda: &'a Arc<Lambda>,
    source: &'a dyn EventSource,
    shard: &'a str,
}

/// The event for what is handed to the function.
fn event(mapping: &Mapping, source: &dyn EventSource, shard: &str, handed: &Handed) -> Value {
    let records = handed.work.records.iter().map(|record| record.event.clone()).collect();
    let mut event = source.event(records);
    if let Some(window) = &handed.window {
        window.tell(&mut event, shard, &mapping.source, handed.is_final);
    }
    event
}

impl Lambda {
    /// What the function answered to a batch; nothing where it failed; an error where it could not run.
    async fn run_batch(&self, mapping: &Mapping, event: Value) -> Result<Option<Bytes>, ()> {
        let function = mapping.function();
        let target = self.resolve(&function).await.map_err(|error| {
            tracing::warn!(%error, mapping = mapping.uuid, "the function of a mapping is not there");
        })?;
        let running = self.begin(&function.key, &target, self.clock.now()).await.map_err(|_| ())?;
        let invocation = Invocation {
            request_id: weft_service::request_id().into(),
            payload: event.to_string().into(),
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
