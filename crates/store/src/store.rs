//! The store: one environment, its committer, and transactions on it.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use tokio::sync::{Semaphore, oneshot, watch};

use crate::committer::{self, Job, Outcome, Work};
use crate::engine::{Engine, Lmdb, Memory};
use crate::tx::{Footprint, ReadTx, WriteTx};
use crate::{StoreError, pool};

/// Times that a transaction runs before it is run by the committer, where it cannot lose.
const TRIES_MAX: u32 = 4;
/// Store calls under way at once; more wait. Bounds the memory of what waits for the disk.
const CALLS_MAX: usize = 4096;

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// Address space for the map, and so the most that the file may hold, in bytes. Smaller where the system gives less.
    pub map_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { map_bytes: 1 << 40 }
    }
}

/// One environment of ordered keys. Cheap to clone; closes when the last clone is gone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    committer: Mutex<Option<JoinHandle<()>>>,
    calls: Semaphore,
}

/// What the committer and the calls share.
pub(crate) struct Shared {
    pub(crate) engine: Box<dyn Engine>,
    /// The number of the newest commit that views may have.
    pub(crate) sequence: AtomicU64,
    /// Tells of each commit's number.
    pub(crate) changed: watch::Sender<u64>,
    stopped: AtomicBool,
    fatal: watch::Sender<bool>,
    /// Held while the folder is ours.
    _lock: Option<File>,
}

impl Shared {
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// What was written may or may not be durable: nothing more is written, and the process should end.
    pub(crate) fn stop(&self, error: &StoreError) {
        tracing::error!(error = ?error, "a commit failed; the store stops");
        self.stopped.store(true, Ordering::Release);
        self.fatal.send_replace(true);
    }
}

impl Store {
    /// Opens the environment in a folder, which is made when needed. Fails with [`StoreError::InUse`] when another process has it.
    pub fn open(folder: &Path, options: &Options) -> Result<Self, StoreError> {
        let lock = lock(folder)?;
        let engine = Lmdb::open(folder, options.map_bytes)?;
        Self::start(Box::new(engine), Some(lock))
    }

    /// A store in memory. What it holds outlives it in `memory`.
    pub fn memory(memory: &Memory) -> Result<Self, StoreError> {
        Self::start(Box::new(memory.clone()), None)
    }

    fn start(engine: Box<dyn Engine>, lock: Option<File>) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared {
            engine,
            sequence: AtomicU64::new(1),
            changed: watch::Sender::new(1),
            stopped: AtomicBool::new(false),
            fatal: watch::Sender::new(false),
            _lock: lock,
        });
        let (jobs, queue) = mpsc::channel();
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("store-commit".to_owned());
        let committer = thread
            .spawn(move || committer::serve(&for_thread, &queue))
            .map_err(|source| StoreError::Folder { path: "store-commit".into(), source })?;
        let (jobs, committer) = (Mutex::new(Some(jobs)), Mutex::new(Some(committer)));
        Ok(Self { inner: Arc::new(Inner { shared, jobs, committer, calls: Semaphore::new(CALLS_MAX) }) })
    }

    /// Runs a closure on one unchanging view. Keep it short: a view that lives long keeps old pages alive.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&ReadTx<'_>) -> Result<T, E> + Send + 'static,
    {
        let _call = self.inner.calls.acquire().await.map_err(|_| StoreError::Stopped)?;
        let shared = Arc::clone(&self.inner.shared);
        run(move || {
            let snapshot = shared.engine.snapshot()?;
            work(&ReadTx::new(&*snapshot))
        })
        .await?
    }

    /// Runs a closure as a serializable transaction: as if no other ran at the same time. When this returns `Ok`, what
    /// was written is durable. The closure may run several times, and its own error writes nothing.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: Fn(&mut WriteTx<'_>) -> Result<T, E> + Send + Sync + 'static,
    {
        let _call = self.inner.calls.acquire().await.map_err(|_| StoreError::Stopped)?;
        let work = Arc::new(work);
        for _ in 0..TRIES_MAX {
            let shared = Arc::clone(&self.inner.shared);
            let work = Arc::clone(&work);
            let (start, value, footprint) = run(move || attempt(&shared, &*work)).await??;
            if footprint.is_empty() {
                return Ok(value);
            }
            match self.commit(Work::Ran { start, footprint }).await? {
                Outcome::Durable => return Ok(value),
                Outcome::Conflict => {}
                Outcome::Failed(error) => return Err(error.into()),
            }
        }
        let (give, value) = oneshot::channel();
        let here = move |shared: &Shared| match attempt(shared, &*work) {
            Ok((_, value, footprint)) => give.send(Ok(value)).is_ok().then_some(footprint),
            Err(error) => {
                let _ = give.send(Err(error));
                None
            }
        };
        let outcome = self.commit(Work::Here(Box::new(here))).await?;
        let value = value.await.map_err(|_| StoreError::Stopped)?;
        match outcome {
            Outcome::Failed(error) => value.and(Err(error.into())),
            Outcome::Durable | Outcome::Conflict => value,
        }
    }

    async fn commit(&self, work: Work) -> Result<Outcome, StoreError> {
        let (reply, outcome) = oneshot::channel();
        self.send(Job { work, reply })?;
        Ok(outcome.await.unwrap_or(Outcome::Failed(StoreError::Stopped)))
    }

    fn send(&self, job: Job) -> Result<(), StoreError> {
        let jobs = self.inner.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.as_ref().and_then(|jobs| jobs.send(job).ok()).ok_or(StoreError::Stopped)
    }

    /// Tells of commits: a hint that something may be new, nothing more.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.shared.changed.subscribe()
    }

    /// Becomes `true` when data could not be made durable. The process should end then: the next start opens what was durable.
    pub fn fatal(&self) -> watch::Receiver<bool> {
        self.inner.shared.fatal.subscribe()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        let committer = self.committer.lock().unwrap_or_else(PoisonError::into_inner).take();
        // So that the folder is free again when the drop is over.
        if let Some(committer) = committer
            && committer.thread().id() != std::thread::current().id()
        {
            let _ = committer.join();
        }
    }
}

fn attempt<T, E, F>(shared: &Shared, work: &F) -> Result<(u64, T, Footprint), E>
where
    E: From<StoreError>,
    F: Fn(&mut WriteTx<'_>) -> Result<T, E>,
{
    // Before the view is taken: it may hold more than this number says, never less.
    let start = shared.sequence.load(Ordering::Acquire);
    let snapshot = shared.engine.snapshot()?;
    let mut tx = WriteTx::new(&*snapshot);
    let value = work(&mut tx)?;
    Ok((start, value, tx.into_footprint()))
}

/// Runs work on a store thread; one that panics counts as a stopped store.
async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    let (reply, answer) = oneshot::channel();
    pool::spawn(Box::new(move || {
        let _ = reply.send(work());
    }));
    answer.await.map_err(|_| StoreError::Stopped)
}

fn lock(folder: &Path) -> Result<File, StoreError> {
    let failed = |source| StoreError::Folder { path: folder.to_path_buf(), source };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let file = File::create(folder.join("lock")).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::InUse(folder.to_path_buf())),
        Err(std::fs::TryLockError::Error(source)) => Err(failed(source)),
    }
}
