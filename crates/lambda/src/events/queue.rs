//! Events that wait, in memory: whose turn it is, out of what came and went. Pure; the time is an argument.
//!
//! Each function has a line, ordered by when its events are due. Lines take turns, so that one function's fifty thousand
//! events do not stand before another's one. No line may have more events in flight than there are places left, so
//! that slow events of one function leave room for others.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use weft_types::Timestamp;

use crate::events::retry;
use crate::name::FunctionKey;

/// An event's number: its key in the store.
pub(crate) type EventId = u64;

/// What the queue may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLimits {
    /// Events of one function.
    pub function_events_max: usize,
    /// Bytes of one function's events.
    pub function_bytes_max: u64,
    /// Events of all functions.
    pub events_max: usize,
    /// Bytes of all functions' events.
    pub bytes_max: u64,
    /// Events that are being delivered at a time.
    pub in_flight_max: usize,
}

impl Default for QueueLimits {
    /// 100,000 events and 1 GiB of one function, 500,000 and 4 GiB of all, 64 in flight.
    fn default() -> Self {
        Self {
            function_events_max: 100_000,
            function_bytes_max: 1 << 30,
            events_max: 500_000,
            bytes_max: 4 << 30,
            in_flight_max: 64,
        }
    }
}

/// The queue, or the part of it that is the function's, is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

/// An event that is in nobody's line: it comes, or it is being delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) function: Arc<FunctionKey>,
    pub(crate) id: EventId,
    pub(crate) due: Timestamp,
    /// Bytes of its payload and of what else its sender chose.
    pub(crate) bytes: u64,
}

/// All lines.
#[derive(Debug)]
pub(crate) struct Queue {
    limits: QueueLimits,
    lines: HashMap<Arc<FunctionKey>, Line>,
    /// Lines whose first event is due, each once, in the order of their turns.
    ring: VecDeque<Arc<FunctionKey>>,
    /// Lines whose first event is not due, by when it is.
    later: BTreeSet<(Timestamp, Arc<FunctionKey>)>,
    events: usize,
    bytes: u64,
    in_flight: usize,
}

#[derive(Debug, Default)]
struct Line {
    waiting: BTreeMap<(Timestamp, EventId), u64>,
    /// Waiting, in flight, or on their way to the store.
    events: usize,
    bytes: u64,
    in_flight: usize,
    /// Throttled: nothing is delivered before.
    held_until: Timestamp,
    /// Throttles in a row.
    throttles: u32,
    place: Place,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Nowhere,
    Ring,
    Later(Timestamp),
}

impl Queue {
    pub(crate) fn new(limits: QueueLimits) -> Self {
        Self {
            limits,
            lines: HashMap::new(),
            ring: VecDeque::new(),
            later: BTreeSet::new(),
            events: 0,
            bytes: 0,
            in_flight: 0,
        }
    }

    /// Makes room for an event that is about to be stored.
    pub(crate) fn reserve(&mut self, function: &Arc<FunctionKey>, bytes: u64) -> Result<(), Full> {
        let limits = self.limits;
        let (events, held) = self.lines.get(function).map_or((0, 0), |line| (line.events, line.bytes));
        let full = self.events >= limits.events_max
            || self.bytes + bytes > limits.bytes_max
            || events >= limits.function_events_max
            || held + bytes > limits.function_bytes_max;
        if full {
            return Err(Full);
        }
        self.count(function, bytes);
        Ok(())
    }

    /// Counts an event without asking whether there is room: one that was acknowledged before.
    pub(crate) fn count(&mut self, function: &Arc<FunctionKey>, bytes: u64) {
        let line = self.lines.entry(Arc::clone(function)).or_default();
        line.events += 1;
        line.bytes += bytes;
        self.events += 1;
        self.bytes += bytes;
    }

    /// Gives room back: the event was not stored, or it is over and was not in flight.
    pub(crate) fn release(&mut self, function: &Arc<FunctionKey>, bytes: u64) {
        let Some(line) = self.lines.get_mut(function) else { return };
        line.events = line.events.saturating_sub(1);
        line.bytes = line.bytes.saturating_sub(bytes);
        self.events = self.events.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
        if line.events == 0 {
            self.unplace(function);
            self.lines.remove(function);
        }
    }

    /// Puts a stored event, for which there is room, into its line.
    pub(crate) fn push(&mut self, ticket: &Ticket, now: Timestamp) {
        let Some(line) = self.lines.get_mut(&ticket.function) else { return };
        line.waiting.insert((ticket.due, ticket.id), ticket.bytes);
        self.place(&ticket.function, now);
    }

    /// The next event to deliver, where one is due and there is a place for it.
    pub(crate) fn take(&mut self, now: Timestamp) -> Option<Ticket> {
        let free = self.limits.in_flight_max.saturating_sub(self.in_flight);
        if free == 0 {
            return None;
        }
        self.wake(now);
        for _ in 0..self.ring.len() {
            let function = self.ring.pop_front()?;
            let Some(line) = self.lines.get_mut(&function) else { continue };
            line.place = Place::Nowhere;
            if line.in_flight >= free {
                line.place = Place::Ring;
                self.ring.push_back(function);
                continue;
            }
            let Some(((due, id), bytes)) = line.waiting.pop_first() else { continue };
            line.in_flight += 1;
            self.in_flight += 1;
            self.place(&function, now);
            return Some(Ticket { function, id, due, bytes });
        }
        None
    }

    /// An event in flight is over.
    pub(crate) fn done(&mut self, ticket: &Ticket, now: Timestamp) {
        self.land(&ticket.function, now, false);
        self.release(&ticket.function, ticket.bytes);
    }

    /// An event in flight is to be tried again at `ticket.due`.
    pub(crate) fn again(&mut self, ticket: &Ticket, now: Timestamp) {
        self.land(&ticket.function, now, false);
        self.push(ticket, now);
    }

    /// An event in flight found its function without a place: it keeps its turn, and its line waits until another of its
    /// events is over, or for a growing time where none is in flight.
    pub(crate) fn throttled(&mut self, ticket: &Ticket, now: Timestamp) {
        self.land(&ticket.function, now, true);
        self.push(ticket, now);
    }

    /// When the next line that waits for the time has an event that is due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.later.first().map(|(due, _)| *due)
    }

    /// Events that wait, are in flight, or are being stored.
    pub(crate) fn len(&self) -> usize {
        self.events
    }

    /// Events that are being delivered.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight
    }

    fn land(&mut self, function: &Arc<FunctionKey>, now: Timestamp, throttled: bool) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let Some(line) = self.lines.get_mut(function) else { return };
        line.in_flight = line.in_flight.saturating_sub(1);
        if throttled {
            // Those that were under way together count as one.
            if line.held_until <= now {
                line.throttles = line.throttles.saturating_add(1);
            }
            // The end of one that is in flight makes a place sooner; so may the end of an invocation that nobody here knows of.
            line.held_until = now.plus(retry::fault_delay(line.throttles.saturating_sub(1)));
        } else {
            line.throttles = 0;
            line.held_until = now;
        }
        self.place(function, now);
    }

    /// Moves lines whose time has come into the ring.
    fn wake(&mut self, now: Timestamp) {
        while let Some((due, _)) = self.later.first()
            && *due <= now
        {
            let Some((_, function)) = self.later.pop_first() else { return };
            if let Some(line) = self.lines.get_mut(&function) {
                line.place = Place::Ring;
                self.ring.push_back(function);
            }
        }
    }

    /// Puts a line where it belongs. One that is in the ring keeps its turn.
    fn place(&mut self, function: &Arc<FunctionKey>, now: Timestamp) {
        let Some(line) = self.lines.get_mut(function) else { return };
        let wanted = match line.waiting.first_key_value() {
            None => Place::Nowhere,
            Some(((due, _), _)) if (*due).max(line.held_until) <= now => Place::Ring,
            Some(((due, _), _)) => Place::Later((*due).max(line.held_until)),
        };
        if line.place == wanted {
            return;
        }
        self.unplace(function);
        match wanted {
            Place::Nowhere => {}
            Place::Ring => self.ring.push_back(Arc::clone(function)),
            Place::Later(due) => drop(self.later.insert((due, Arc::clone(function)))),
        }
        if let Some(line) = self.lines.get_mut(function) {
            line.place = wanted;
        }
    }

    fn unplace(&mut self, function: &Arc<FunctionKey>) {
        let Some(line) = self.lines.get_mut(function) else { return };
        match std::mem::take(&mut line.place) {
            Place::Nowhere => {}
            Place::Ring => self.ring.retain(|other| other != function),
            Place::Later(due) => drop(self.later.remove(&(due, Arc::clone(function)))),
        }
    }
}

/// The longest that a look at the queue may be put off, where clocks jump.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(1);

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
