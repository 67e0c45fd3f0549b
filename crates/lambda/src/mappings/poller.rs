//! Reads one mapping's source and hands batches to its function.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::sync::{Mutex, Notify};
use tokio::time::Instant;
use weft_events::EventPattern;
use weft_service::{BoxFuture, Error};
use weft_types::Timestamp;

use crate::Lambda;
use crate::mappings::batch::{Rules, Work};
use crate::mappings::handing::event;
use crate::mappings::landing::Place;
use crate::mappings::part::Part;
use crate::mappings::records::Mapping;
use crate::mappings::source::{EventSource, Polled, Position};

/// How long a part that had nothing is left alone.
const IDLE: Duration = Duration::from_millis(500);
/// How often a source is found anew, with its parts and with what the function's role may.
const OPEN_EVERY: Duration = Duration::from_secs(10);
/// How long until the next try where a source could not be found.
const OPEN_AGAIN: Duration = Duration::from_secs(1);
/// How long a read may keep its place among those of all mappings: what hangs longer goes on without.
const READ_MAX: Duration = Duration::from_secs(1);
/// Parts of one mapping that are read at a time.
const READS_MAX: usize = 16;

/// What reads one mapping.
pub(crate) struct Poller {
    pub(crate) mapping: Arc<Mapping>,
    pub(super) rules: Rules,
    pub(super) patterns: Vec<EventPattern>,
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
        let known = reading.parts.len();
        reading.parts.retain(|shard, part| {
            part.is_gone = !shards.contains(shard);
            !part.is_gone || !part.is_over()
        });
        if known == 0 || reading.parts.len() < known {
            let kept = shards.iter().chain(reading.parts.keys()).cloned().collect();
            lambda.mappings.keep_places(&mapping.uuid, kept).await?;
        }
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
                let place = reads.acquire().await;
                let began = clock.now();
                let polled = {
                    let mut poll = source.poll(&shard, &from, room);
                    let soon = tokio::time::timeout(READ_MAX, &mut poll).await;
                    drop(place);
                    match soon {
                        Ok(polled) => polled,
                        Err(_) => poll.await,
                    }
                };
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
}
