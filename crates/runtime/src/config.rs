//! The runtime's own settings.

use std::path::PathBuf;
use std::time::Duration;

/// How the runtime behaves; what belongs to a workload is in its revision.
#[derive(Debug, Clone)]
pub struct RuntimeConfig {
    /// After how much idling a function's worker is frozen; `None` never freezes.
    pub freeze_after: Option<Duration>,
    /// How long a function may take to initialise before it is started anew with the function's own timeout.
    pub init_timeout: Duration,
    /// How long a worker's processes have between SIGTERM and SIGKILL where its contract does not say.
    pub grace: Duration,
    /// Starts that a pool may make at once.
    pub start_burst: u32,
    /// Starts per second that refill the burst.
    pub starts_per_second: f64,
    /// More variables for every worker, such as where the certificates of Weft's own authority are.
    pub environment: Vec<(String, String)>,
    /// Files and folders of the machine that every worker sees, read-only, such as those certificates: where it sees
    /// them, and where they are.
    pub mounts: Vec<(String, PathBuf)>,
}

impl Default for RuntimeConfig {
    /// As Lambda: 10 s to initialise, 1,000 starts that refill within 10 s; frozen after a second.
    fn default() -> Self {
        Self {
            freeze_after: Some(Duration::from_secs(1)),
            init_timeout: Duration::from_secs(10),
            grace: Duration::from_secs(2),
            start_burst: 1_000,
            starts_per_second: 100.0,
            environment: Vec::new(),
            mounts: Vec::new(),
        }
    }
}
