//! The threads on which store calls run: never an executor's, and never more than a few.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};

type Work = Box<dyn FnOnce() + Send>;

/// The fewest and most threads per process, whatever the number of stores: one per core between these. Reads come from
/// mapped memory and seldom wait.
const THREADS: (usize, usize) = (4, 16);

/// A queue with threads that empty it. Its length is bounded by those who wait for an answer.
#[derive(Default)]
struct Pool {
    queue: Mutex<VecDeque<Work>>,
    more: Condvar,
}

/// Runs work on one of the threads.
pub(crate) fn spawn(work: Work) {
    let pool = pool();
    pool.queue.lock().unwrap_or_else(PoisonError::into_inner).push_back(work);
    pool.more.notify_one();
}

fn pool() -> &'static Pool {
    static POOL: OnceLock<Pool> = OnceLock::new();
    static STARTED: OnceLock<()> = OnceLock::new();
    let pool = POOL.get_or_init(Pool::default);
    STARTED.get_or_init(|| {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        for number in 0..cores.clamp(THREADS.0, THREADS.1) {
            let thread = std::thread::Builder::new().name(format!("store-{number}"));
            if let Err(error) = thread.spawn(move || serve(pool)) {
                tracing::error!(%error, "a store thread did not start");
            }
        }
    });
    pool
}

fn serve(pool: &Pool) {
    loop {
        let mut queue = pool.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let work = loop {
            match queue.pop_front() {
                Some(work) => break work,
                None => queue = pool.more.wait(queue).unwrap_or_else(PoisonError::into_inner),
            }
        };
        drop(queue);
        // A closure that panics takes its caller's answer with it, not the thread.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    }
}
