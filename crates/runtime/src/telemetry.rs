//! The Telemetry API and the older Logs API of one worker: who wants to know, and batches on their way to them.
//!
//! Rules: <https://docs.aws.amazon.com/lambda/latest/dg/telemetry-api.html>. Batches go into the worker's own network, as
//! the function may not be reached from anywhere else.

mod queue;
mod schema;
mod send;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use queue::Queue;
use schema::Subscription;
use tokio::task::{AbortHandle, JoinSet};
use weft_service::Clock;
use weft_types::Timestamp;

use crate::platform::{self, Happening};
use crate::spawn::Process;

/// What happened before the first subscription, which is told of it.
const BACKLOG_MAX: usize = 1_000;
/// A longer line is not kept for that.
const BACKLOG_LINE_BYTES: usize = 16 << 10;
/// Subscriptions of one worker: one for each of ten extensions.
const SUBSCRIPTIONS_MAX: usize = 10;

/// See the module.
pub(crate) struct Telemetry {
    clock: Arc<dyn Clock>,
    /// Whether the function's lines are JSON.
    is_json: bool,
    hub: Mutex<Hub>,
    /// Whether anybody might want to know: nothing else costs anything where not.
    watched: AtomicBool,
    /// Weak, as it ends when its owner drops it, while the log that holds this is read until then.
    process: OnceLock<Weak<dyn Process>>,
}

struct Hub {
    subscribers: Vec<Subscriber>,
    backlog: VecDeque<(Timestamp, Event)>,
    open: bool,
    /// Senders; they end with this.
    tasks: JoinSet<()>,
}

struct Subscriber {
    name: String,
    subscription: Subscription,
    queue: Arc<Queue>,
    sender: Option<AbortHandle>,
}

/// A subscription that another replaces sends nothing more, and frees what waited: code may subscribe in a loop.
impl Drop for Subscriber {
    fn drop(&mut self) {
        if let Some(sender) = &self.sender {
            sender.abort();
        }
    }
}

#[derive(Clone)]
enum Event {
    Platform(Happening),
    /// A line of `function` or `extension`.
    Line(&'static str, String),
}

/// Why a subscription was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotSubscribed {
    /// The initialisation is over.
    Closed,
    /// What was sent is not valid.
    Invalid(String),
}

impl Telemetry {
    /// Of a worker that has extensions, or may have.
    pub(crate) fn new(clock: Arc<dyn Clock>, is_json: bool, expected: bool) -> Arc<Self> {
        let hub =
            Hub { subscribers: Vec::new(), backlog: VecDeque::new(), open: true, tasks: JoinSet::new() };
        let (hub, watched, process) = (Mutex::new(hub), AtomicBool::new(expected), OnceLock::new());
        Arc::new(Self { clock, is_json, hub, watched, process })
    }

    /// Says in which network subscribers listen.
    pub(crate) fn inside(&self, process: &Arc<dyn Process>) {
        let _ = self.process.set(Arc::downgrade(process));
    }

    /// Subscribes an extension; a second subscription replaces its first.
    pub(crate) fn subscribe(&self, name: &str, is_logs: bool, body: &[u8]) -> Result<(), NotSubscribed> {
        let subscription = Subscription::parse(is_logs, body).map_err(NotSubscribed::Invalid)?;
        let types = subscription.types.clone();
        {
            let mut hub = self.hub();
            if !hub.open {
                return Err(NotSubscribed::Closed);
            }
            hub.subscribers.retain(|one| one.name != name);
            if hub.subscribers.len() >= SUBSCRIPTIONS_MAX {
                return Err(NotSubscribed::Invalid("there are ten subscriptions already".to_owned()));
            }
            // What the tasks of replaced subscriptions held goes with them.
            while hub.tasks.try_join_next().is_some() {}
            let queue = Arc::new(Queue::new(subscription.buffering));
            let mut subscriber = Subscriber { name: name.to_owned(), subscription, queue, sender: None };
            for (time, event) in &hub.backlog {
                subscriber.tell(*time, event, self.is_json);
            }
            if let Some(process) = self.process.get() {
                let work = send::run(
                    Arc::clone(&subscriber.queue),
                    Weak::clone(process),
                    subscriber.subscription.clone(),
                    Arc::clone(&self.clock),
                );
                subscriber.sender = Some(hub.tasks.spawn(work));
            }
            hub.subscribers.push(subscriber);
            self.watched.store(true, Ordering::Release);
        }
        self.platform(&platform::subscription(is_logs, name, &types));
        Ok(())
    }

    /// How many tasks send to subscribers.
    #[cfg(test)]
    pub(crate) fn senders(&self) -> usize {
        self.hub().tasks.len()
    }

    /// Who subscribed to what, as the log tells of it: whether by the Logs API, the name, and the types.
    pub(crate) fn subscriptions(&self) -> Vec<(bool, String, Vec<&'static str>)> {
        let hub = self.hub();
        let one = |one: &Subscriber| {
            (one.subscription.schema.is_logs(), one.name.clone(), one.subscription.types.clone())
        };
        hub.subscribers.iter().map(one).collect()
    }

    /// No more subscriptions from now on.
    pub(crate) fn close(&self) {
        let mut hub = self.hub();
        hub.open = false;
        hub.backlog = VecDeque::new();
        self.watched.store(!hub.subscribers.is_empty(), Ordering::Release);
    }

    /// Whether anybody might want to know.
    pub(crate) fn is_watched(&self) -> bool {
        self.watched.load(Ordering::Acquire)
    }

    /// Tells an event of the platform.
    pub(crate) fn platform(&self, happening: &Happening) {
        if self.is_watched() {
            self.tell(self.clock.now(), Event::Platform(happening.clone()));
        }
    }

    /// Tells a line of `function` or `extension`.
    pub(crate) fn line(&self, kind: &'static str, now: Timestamp, line: &str) {
        if self.is_watched() {
            self.tell(now, Event::Line(kind, line.to_owned()));
        }
    }

    fn tell(&self, now: Timestamp, event: Event) {
        let mut hub = self.hub();
        for subscriber in &hub.subscribers {
            subscriber.tell(now, &event, self.is_json);
        }
        let small = !matches!(&event, Event::Line(_, line) if line.len() > BACKLOG_LINE_BYTES);
        if hub.open && small && hub.backlog.len() < BACKLOG_MAX {
            hub.backlog.push_back((now, event));
        }
    }

    /// Has what waits sent at once.
    pub(crate) fn flush(&self) {
        if self.is_watched() {
            self.hub().subscribers.iter().for_each(|one| one.queue.flush());
        }
    }

    /// Waits until everything was sent.
    pub(crate) async fn sent(&self) {
        let queues: Vec<_> = self.hub().subscribers.iter().map(|one| Arc::clone(&one.queue)).collect();
        for queue in queues {
            queue.flush();
            queue.sent().await;
        }
    }

    fn hub(&self) -> MutexGuard<'_, Hub> {
        self.hub.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriber {
    fn tell(&self, now: Timestamp, event: &Event, is_json: bool) {
        let Subscription { schema, types, .. } = &self.subscription;
        let wants = |kind: &str| types.contains(&kind);
        let text = match event {
            Event::Platform(happening) if wants("platform") => schema.platform(now, happening),
            Event::Line(kind, line) if wants(kind) => Some(schema.line(now, kind, line, is_json)),
            _ => None,
        };
        if let Some(text) = text {
            self.queue.push(text);
        }
    }
}
