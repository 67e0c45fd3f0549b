//! One poller for each mapping that is on: begun and ended as mappings come, change and go.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::task::{AbortHandle, JoinSet};
use weft_service::Error;
use weft_types::Arn;

use crate::Lambda;
use crate::mappings::poller::Poller;
use crate::mappings::records::{Mapping, State};
use crate::mappings::settings::Kind;
use crate::mappings::source::EventSources;

/// How often mappings are looked at where nobody says that one has changed.
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// How long until the next look where one failed.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// Parts of sources, of all mappings, that may be read at a time. More take turns, in the order in which they ask.
const READS_MAX: usize = 128;

/// What reads sources.
pub(crate) struct Pollers {
    pub(crate) sources: OnceLock<Arc<dyn EventSources>>,
    /// By UUID.
    crew: tokio::sync::Mutex<HashMap<String, Member>>,
    /// `LastProcessingResult` by UUID, for as long as the mapping is there.
    results: Mutex<HashMap<String, &'static str>>,
    pub(crate) reads: Arc<Semaphore>,
    /// A mapping came, changed or went, or a poller has ended.
    pub(crate) changed: Notify,
}

/// A poller, with its task where it has one.
struct Member {
    poller: Arc<Poller>,
    task: Option<AbortHandle>,
}

impl Member {
    fn has_ended(&self) -> bool {
        self.task.as_ref().is_none_or(AbortHandle::is_finished)
    }
}

impl Default for Pollers {
    fn default() -> Self {
        Self {
            sources: OnceLock::new(),
            crew: tokio::sync::Mutex::default(),
            results: Mutex::default(),
            reads: Arc::new(Semaphore::new(READS_MAX)),
            changed: Notify::new(),
        }
    }
}

impl Pollers {
    /// `LastProcessingResult` of a mapping.
    pub(crate) fn result(&self, uuid: &str) -> &'static str {
        let results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        results.get(uuid).copied().unwrap_or("No records processed")
    }

    pub(crate) fn note(&self, uuid: &str, result: &'static str) {
        self.results.lock().unwrap_or_else(PoisonError::into_inner).insert(uuid.to_owned(), result);
    }

    fn forget(&self, uuid: &str) {
        self.results.lock().unwrap_or_else(PoisonError::into_inner).remove(uuid);
    }

    /// Mappings of which something is kept in memory.
    #[cfg(test)]
    pub(crate) async fn known(&self) -> (usize, usize) {
        let results = self.results.lock().unwrap_or_else(PoisonError::into_inner).len();
        (self.crew.lock().await.len(), results)
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

    /// Reads the sources of all mappings until it is dropped, each at its own pace.
    pub async fn poll(self: Arc<Self>) {
        let mut tasks = JoinSet::new();
        loop {
            let changed = self.pollers.changed.notified();
            while tasks.try_join_next().is_some() {}
            let looked = self.tend().await;
            if let Err(error) = &looked {
                tracing::error!(?error, "event source mappings could not be looked after");
            }
            self.begin_pollers(&mut tasks).await;
            let wait = if looked.is_ok() { LOOK_EVERY } else { LOOK_AGAIN };
            let _ = tokio::time::timeout(wait, changed).await;
        }
    }

    /// Reads each source once, and hands on what is due; tells how many records were read or handed on. Not to be called
    /// beside [`Lambda::poll`].
    pub async fn poll_once(self: &Arc<Self>) -> Result<usize, Error> {
        self.tend().await?;
        let crew = self.pollers.crew.lock().await;
        let pollers: Vec<_> = crew.values().map(|member| Arc::clone(&member.poller)).collect();
        drop(crew);
        let rounds = futures::future::join_all(pollers.iter().map(|poller| poller.round(self)));
        Ok(rounds.await.into_iter().sum())
    }

    /// Gives pollers without a task one.
    async fn begin_pollers(self: &Arc<Self>, tasks: &mut JoinSet<()>) {
        if self.pollers.sources.get().is_none() {
            return;
        }
        for member in self.pollers.crew.lock().await.values_mut().filter(|member| member.task.is_none()) {
            let (lambda, poller) = (Arc::clone(self), Arc::clone(&member.poller));
            member.task = Some(tasks.spawn(async move {
                poller.run(&lambda).await;
                lambda.pollers.changed.notify_one();
            }));
        }
    }

    /// Ends pollers whose mapping is not as it was, and brings mappings without one on their way. A mapping that changes,
    /// is turned off or removed waits for its poller's end: what the function has then is done with as it was begun.
    async fn tend(&self) -> Result<(), Error> {
        let mut crew = self.pollers.crew.lock().await;
        let mappings = self.mappings.all().await?;
        let same: HashMap<&str, &Mapping> = mappings.iter().map(|m| (m.uuid.as_str(), m)).collect();
        for (uuid, member) in &*crew {
            if same.get(uuid.as_str()).is_none_or(|mapping| !mapping.is_read_as(&member.poller.mapping)) {
                member.poller.stop();
            }
        }
        let over = crew.extract_if(|_, member| {
            let is_gone = member.task.is_some() || member.poller.is_stopping();
            is_gone && member.has_ended()
        });
        for (_, member) in over.filter(|(_, member)| member.task.is_none()).collect::<Vec<_>>() {
            member.poller.let_go().await;
        }
        for mapping in mappings {
            if !crew.contains_key(&mapping.uuid)
                && let Some(poller) = self.settle_mapping(mapping).await?
            {
                crew.insert(poller.mapping.uuid.clone(), Member { poller: Arc::new(poller), task: None });
            }
        }
        Ok(())
    }

    /// Moves a mapping that nobody reads on; gives a poller where somebody is to.
    async fn settle_mapping(&self, mapping: Mapping) -> Result<Option<Poller>, Error> {
        if mapping.state == State::Deleting {
            self.mappings.remove(&mapping).await?;
            self.pollers.forget(&mapping.uuid);
            return Ok(None);
        }
        let settled = match mapping.state.settled() {
            Some(state) => self.mappings.settle(&mapping, state).await?,
            None => Some(mapping),
        };
        Ok(settled.filter(|mapping| mapping.state == State::Enabled).map(Poller::new))
    }
}
