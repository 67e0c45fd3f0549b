//! Asynchronous invocations: events that are durable before they are acknowledged, and delivered at least once.
//!
//! - [`queue`] says whose turn it is, in memory, fair among functions;
//! - [`retry`] says what becomes of an event after each attempt;
//! - [`records`] is what the store holds: an event is there until it is over, so that a new process finds exactly what the
//!   old one had not finished;
//! - [`envelope`] is what destinations get;
//! - [`dead_letters`] is where events go that nobody could handle;
//! - [`delivery`] carries all of it out.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html>.

mod dead_letters;
mod delivery;
mod destinations;
mod envelope;
pub(crate) mod queue;
pub(crate) mod records;
pub(crate) mod retry;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OnceCell};
use weft_service::{Error, StepToken};
use weft_store::{Store, WriteTx};
use weft_types::Timestamp;

use crate::event_invokes;
pub(crate) use crate::events::dead_letters::refused;
use crate::events::queue::{EventId, Queue, QueueLimits, Ticket};
use crate::events::records::{EVENT_BODIES, EVENT_STATES, EventBody, EventState, NewEvent};
use crate::events::retry::EventPolicy;
use crate::tables::EVENT_INVOKES;
use crate::work_errors::too_many;

/// States that a start reads at a time.
const PAGE: usize = 2000;

/// Events of all functions: in the store, and in turn.
pub(crate) struct Events {
    store: Store,
    queue: Mutex<Queue>,
    next: AtomicU64,
    /// Set once what an older process left is in the queue.
    loaded: OnceCell<()>,
    /// Whoever delivers waits for this.
    changed: Notify,
    /// Tells whoever waits for the end of the last delivery.
    landed: Notify,
    stopping: AtomicBool,
}

/// How an event goes on, where the store has to know.
#[derive(Debug)]
pub(crate) enum Next {
    /// It is over; what tells of it goes to a destination in the same transaction.
    Over(Option<NewEvent>),
    /// It is tried again.
    Again(EventState),
}

impl Events {
    pub(crate) fn new(store: Store, limits: QueueLimits) -> Self {
        Self {
            store,
            queue: Mutex::new(Queue::new(limits)),
            next: AtomicU64::new(0),
            loaded: OnceCell::new(),
            changed: Notify::new(),
            landed: Notify::new(),
            stopping: AtomicBool::new(false),
        }
    }

    /// Makes an event durable and gives it its turn. Goes on to its end where the caller stops waiting: what is stored has
    /// to be in the queue. As a step that ran before it is accepted and nothing more is delivered.
    pub(crate) async fn accept(
        self: &Arc<Self>,
        event: NewEvent,
        step: Option<StepToken>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let events = Arc::clone(self);
        let accepting = tokio::spawn(async move {
            events.load(now).await?;
            let ticket = events.admit(&event, now)?;
            let id = ticket.id;
            let work = move |tx: &mut WriteTx<'_>| {
                if let Some(step) = &step {
                    if step.before(tx)?.is_some() {
                        return Ok(false);
                    }
                    step.done(tx, &id.to_string(), now)?;
                }
                event.insert(tx, id, now)?;
                Ok::<_, Error>(true)
            };
            let stored = events.store.write(work).await;
            match &stored {
                Ok(true) => events.enqueue(&ticket, now),
                Ok(false) | Err(_) => events.queue().release(&ticket.function, ticket.bytes),
            }
            stored.map(drop)
        });
        accepting.await.unwrap_or_else(|error| Err(Error::internal(error)))
    }

    /// Puts what an older process left into the queue, once.
    pub(crate) async fn load(&self, now: Timestamp) -> Result<(), Error> {
        self.loaded.get_or_try_init(|| self.load_all(now)).await.map(drop)
    }

    async fn load_all(&self, now: Timestamp) -> Result<(), Error> {
        let mut after: Option<EventId> = None;
        loop {
            let rows = self.store.read(move |tx| {
                let query = EVENT_STATES.query(&()).limit(PAGE);
                let query = match after {
                    Some(id) => query.after(&(id,)),
                    None => query,
                };
                Ok::<_, Error>(query.rows(tx)?)
            });
            let rows = rows.await?;
            let mut queue = self.queue();
            for ((id,), state) in &rows {
                let function = Arc::new(state.function().key);
                let ticket = Ticket { function, id: *id, due: state.due, bytes: state.bytes };
                queue.count(&ticket.function, ticket.bytes);
                queue.push(&ticket, now);
            }
            drop(queue);
            after = rows.last().map(|((id,), _)| *id).or(after);
            if rows.len() < PAGE {
                self.next.store(after.map_or(0, |last| last + 1), Ordering::SeqCst);
                return Ok(());
            }
        }
    }

    /// Makes room for an event, or refuses it as AWS refuses callers that are too fast.
    fn admit(&self, event: &NewEvent, now: Timestamp) -> Result<Ticket, Error> {
        let function = Arc::new(event.function.key.clone());
        let bytes = event.bytes();
        self.queue().reserve(&function, bytes).map_err(|_| too_many("CallerRateLimitExceeded"))?;
        let id = self.next.fetch_add(1, Ordering::SeqCst);
        Ok(Ticket { function, id, due: now, bytes })
    }

    fn enqueue(&self, ticket: &Ticket, now: Timestamp) {
        self.queue().push(ticket, now);
        self.changed.notify_one();
    }

    /// The next event to deliver.
    fn take(&self, now: Timestamp) -> Option<Ticket> {
        if self.stopping.load(Ordering::SeqCst) {
            return None;
        }
        self.queue().take(now)
    }

    /// An event as it is stored, with how its function wants events treated; none where it is over.
    async fn read(&self, id: EventId) -> Result<Option<(EventState, EventBody, EventPolicy)>, Error> {
        self.store
            .read(move |tx| {
                let found = EVENT_STATES.get(tx, &(id,))?.zip(EVENT_BODIES.get(tx, &(id,))?);
                let Some((state, body)) = found else { return Ok(None) };
                let config = EVENT_INVOKES.get(tx, &event_invokes::row(&state.function()))?;
                Ok(Some((state, body, config.map(EventPolicy::from).unwrap_or_default())))
            })
            .await
    }

    /// Stores how an event in flight goes on, and gives it or its place back; `false` where what tells of its end found no
    /// place.
    async fn settle(&self, ticket: &Ticket, next: Next, now: Timestamp) -> Result<bool, Error> {
        let mut is_told = true;
        match next {
            Next::Again(state) => {
                let (id, due) = (ticket.id, state.due);
                self.store.write(move |tx| Ok::<_, Error>(EVENT_STATES.insert(tx, &(id,), &state)?)).await?;
                self.queue().again(&Ticket { due, ..ticket.clone() }, now);
            }
            Next::Over(told) => {
                let told = told.and_then(|event| match self.admit(&event, now) {
                    Ok(place) => Some((event, place)),
                    Err(_) => {
                        let function = event.function.arn();
                        tracing::warn!(%function, "a destination's queue is full; a record is lost");
                        is_told = false;
                        None
                    }
                });
                let (id, place) = (ticket.id, told.as_ref().map(|(_, place)| place.clone()));
                let stored = self.store.write(move |tx| {
                    EVENT_STATES.remove(tx, &(id,))?;
                    EVENT_BODIES.remove(tx, &(id,))?;
                    told.as_ref().map_or(Ok(()), |(event, place)| event.insert(tx, place.id, now))
                });
                if let Err(error) = stored.await {
                    if let Some(place) = place {
                        self.queue().release(&place.function, place.bytes);
                    }
                    return Err(error);
                }
                if let Some(place) = place {
                    self.enqueue(&place, now);
                }
                self.queue().done(ticket, now);
            }
        }
        self.wake();
        Ok(is_told)
    }

    /// An event in flight has landed: there is a place for another.
    fn wake(&self) {
        self.changed.notify_one();
        self.landed.notify_waiters();
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
