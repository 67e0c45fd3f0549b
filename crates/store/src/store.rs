//! The store: one environment, its committer, and transactions on it.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

use crate::committer::{self, Attempt, Committer, Job, Queue};
use crate::engine::{Engine, Lmdb, Memory, Snapshot};
use crate::tx::{Footprint, ReadTx, WriteTx};
use crate::{StoreError, pool};

/// Times that a transaction runs before it is run where it cannot lose.
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

/// One environment of ordered keys. Cheap to clone; closes when the last clone is gone: the folder is free then, unless calls
/// for which nobody waits any more are still running.
///
/// Closures must not call the store themselves, nor wait for anything: they hold a thread that others need.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    committer: Mutex<Option<JoinHandle<()>>>,
    calls: Arc<Semaphore>,
}

/// What the committer and the calls share.
pub(crate) struct Shared {
    pub(crate) engine: Box<dyn Engine>,
    /// The number of the newest commit that views may have.
    pub(crate) sequence: AtomicU64,
    /// Tells of each commit's number.
    pub(crate) changed: watch::Sender<u64>,
    pub(crate) queue: Arc<Queue>,
    /// Commits on the caller's thread, for an engine that never waits: the same calls then always do the same.
    inline: Option<Mutex<Committer>>,
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
        let shared = shared(Box::new(Lmdb::open(folder, options.map_bytes)?), false, Some(lock));
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("store-commit".to_owned());
        let committer = thread
            .spawn(move || committer::serve(&for_thread))
            .map_err(|source| StoreError::Folder { path: folder.to_path_buf(), source })?;
        Ok(Self::of(shared, Some(committer)))
    }

    /// A store in memory. What it holds outlives it in `memory`. Everything runs on the caller's thread, so the same calls
    /// in the same order always do the same.
    pub fn memory(memory: &Memory) -> Result<Self, StoreError> {
        Ok(Self::of(shared(Box::new(memory.attach()), true, None), None))
    }

    fn of(shared: Arc<Shared>, committer: Option<JoinHandle<()>>) -> Self {
        let calls = Arc::new(Semaphore::new(CALLS_MAX));
        Self { inner: Arc::new(Inner { shared, committer: Mutex::new(committer), calls }) }
    }

    /// Runs a closure on one unchanging view. Keep it short: a view that lives long keeps old pages alive.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&ReadTx<'_>) -> Result<T, E> + Send + 'static,
    {
        if self.inner.shared.inline.is_some() {
            return self.read_blocking(work);
        }
        let call = self.call().await?;
        let shared = Arc::clone(&self.inner.shared);
        let (reply, answer) = oneshot::channel();
        pool::spawn(Box::new(move || {
            let result = view(&shared, work);
            // Whoever is answered may drop the store, and then the folder has to be free.
            drop((shared, call));
            let _ = reply.send(result);
        }));
        answer.await.unwrap_or_else(|_| Err(StoreError::Panicked.into()))
    }

    /// [`Store::read`] on the calling thread, for start-up and threads of one's own.
    pub fn read_blocking<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        view(&self.inner.shared, work)
    }

    /// Runs a closure as a serializable transaction: as if no other ran at the same time. When this returns `Ok`, what
    /// was written is durable. The closure may run several times, and its own error writes nothing.
    ///
    /// Who stops waiting does not stop the transaction: it is made durable, or not, as a whole.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: Fn(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
    {
        if self.inner.shared.inline.is_some() {
            return self.write_inline(&work);
        }
        let call = self.call().await?;
        let (reply, answer) = oneshot::channel();
        self.begin(call, work, move |result| drop(reply.send(result)));
        answer.await.unwrap_or_else(|_| Err(StoreError::Panicked.into()))
    }

    /// [`Store::write`] for threads of one's own: waits on the calling thread.
    pub fn write_blocking<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: Fn(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
    {
        if self.inner.shared.inline.is_some() {
            return self.write_inline(&work);
        }
        let (reply, answer) = std::sync::mpsc::sync_channel(1);
        self.begin(None, work, move |result| drop(reply.send(result)));
        answer.recv().unwrap_or_else(|_| Err(StoreError::Panicked.into()))
    }

    fn begin<T, E, F, R>(&self, call: Option<OwnedSemaphorePermit>, work: F, reply: R)
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: Fn(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        R: FnOnce(Result<T, E>) + Send + 'static,
    {
        let call = Call { work, result: None, reply, tries: 1, took: Duration::ZERO, _place: call };
        try_on_pool(Arc::clone(&self.inner.shared), Box::new(call));
    }

    fn write_inline<T, E, F>(&self, work: &F) -> Result<T, E>
    where
        E: From<StoreError>,
        F: Fn(&mut WriteTx<'_>) -> Result<T, E>,
    {
        let shared = &*self.inner.shared;
        let Some(committer) = &shared.inline else { return Err(StoreError::Stopped.into()) };
        let lock = || committer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tries = 1;
        loop {
            // Who lost often keeps the others out while it runs, and so cannot lose again.
            let held = (tries >= TRIES_MAX).then(lock);
            let start = shared.sequence.load(Ordering::Acquire);
            let (result, footprint) = run(work, &*shared.engine.snapshot()?);
            let value = result?;
            if footprint.is_empty() {
                return Ok(value);
            }
            let sure = held.is_some();
            let mut committer = held.unwrap_or_else(lock);
            if (sure || !shared.engine.loses_by_chance())
                && committer.commit_one(shared, start, &footprint)?
            {
                return Ok(value);
            }
            tries += 1;
        }
    }

    /// A place among the calls under way.
    async fn call(&self) -> Result<Option<OwnedSemaphorePermit>, StoreError> {
        let calls = Arc::clone(&self.inner.calls);
        calls.acquire_owned().await.map(Some).map_err(|_| StoreError::Stopped)
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

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shared = &self.inner.shared;
        f.debug_struct("Store")
            .field("sequence", &shared.sequence)
            .field("stopped", &shared.stopped)
            .finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.queue.close();
        let committer = self.committer.lock().unwrap_or_else(PoisonError::into_inner).take();
        // So that the folder is free again when the drop is over.
        if let Some(committer) = committer
            && committer.thread().id() != std::thread::current().id()
        {
            let _ = committer.join();
        }
    }
}

/// A transaction under way: its closure, what it last returned, and who waits for it.
struct Call<T, E, F, R> {
    work: F,
    result: Option<Result<T, E>>,
    reply: R,
    tries: u32,
    took: Duration,
    _place: Option<OwnedSemaphorePermit>,
}

impl<T, E, F, R> Attempt for Call<T, E, F, R>
where
    T: Send,
    E: From<StoreError> + Send,
    F: Fn(&mut WriteTx<'_>) -> Result<T, E> + Send,
    R: FnOnce(Result<T, E>) + Send,
{
    fn run(&mut self, snapshot: &dyn Snapshot) -> Footprint {
        let start = Instant::now();
        let (result, footprint) = run(&self.work, snapshot);
        self.result = Some(result);
        self.took = start.elapsed();
        footprint
    }

    fn took(&self) -> Duration {
        self.took
    }

    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) {
        let result = match (outcome, self.result) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(StoreError::Stopped.into()),
            (Err(error), _) => Err(error.into()),
        };
        (self.reply)(result);
    }

    fn lose(&mut self) {
        self.tries += 1;
    }

    fn must_win(&self) -> bool {
        self.tries >= TRIES_MAX
    }
}

/// Runs a closure; where it fails, what it wrote is forgotten.
fn run<T, E>(
    work: &impl Fn(&mut WriteTx<'_>) -> Result<T, E>,
    snapshot: &dyn Snapshot,
) -> (Result<T, E>, Footprint) {
    let mut tx = WriteTx::new(snapshot);
    let result = work(&mut tx);
    let footprint = if result.is_ok() { tx.into_footprint() } else { Footprint::default() };
    (result, footprint)
}

fn view<T, E: From<StoreError>>(
    shared: &Shared,
    work: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let snapshot = shared.engine.snapshot()?;
    work(&ReadTx::new(&*snapshot))
}

/// Runs an attempt on a store thread, and hands what it wrote to the committer.
fn try_on_pool(shared: Arc<Shared>, mut attempt: Box<dyn Attempt>) {
    pool::spawn(Box::new(move || {
        let tried = try_once(&shared, &mut *attempt);
        let queue = Arc::clone(&shared.queue);
        // Whoever is answered may drop the store, and then the folder has to be free.
        drop(shared);
        match tried {
            Err(error) => attempt.finish(Err(error)),
            Ok((_, footprint)) if footprint.is_empty() => attempt.finish(Ok(())),
            Ok((start, footprint)) => {
                if let Err(attempt) = queue.push(Job { start, footprint, attempt }) {
                    attempt.finish(Err(StoreError::Stopped));
                }
            }
        }
    }));
}

/// Runs an attempt on a view; gives the number that the view has at least.
fn try_once(shared: &Shared, attempt: &mut dyn Attempt) -> Result<(u64, Footprint), StoreError> {
    if shared.is_stopped() {
        return Err(StoreError::Stopped);
    }
    // Before the view is taken: it may hold more than this number says, never less.
    let start = shared.sequence.load(Ordering::Acquire);
    let snapshot = shared.engine.snapshot()?;
    Ok((start, attempt.run(&*snapshot)))
}

/// Lets a loser run again.
pub(crate) fn again(shared: &Arc<Shared>, mut attempt: Box<dyn Attempt>) {
    attempt.lose();
    try_on_pool(Arc::clone(shared), attempt);
}

fn shared(engine: Box<dyn Engine>, inline: bool, lock: Option<File>) -> Arc<Shared> {
    Arc::new(Shared {
        engine,
        sequence: AtomicU64::new(1),
        changed: watch::Sender::new(1),
        queue: Arc::default(),
        inline: inline.then(|| Mutex::new(Committer::new(1))),
        stopped: AtomicBool::new(false),
        fatal: watch::Sender::new(false),
        _lock: lock,
    })
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
