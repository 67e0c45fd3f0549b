//! Why a launcher or a sandbox did not start.

use std::io;
use std::path::PathBuf;

use crate::report::Report;

/// Why there is no launcher, or why the server could not give up its privileges.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// A system call failed.
    #[error("failed to {step}")]
    System {
        /// What was tried.
        step: &'static str,
        /// The kernel's answer.
        source: io::Error,
    },
    /// A folder could not be prepared.
    #[error("failed to {step} `{path}`")]
    Folder {
        /// What was tried.
        step: &'static str,
        /// With which folder.
        path: PathBuf,
        /// The kernel's answer.
        source: io::Error,
    },
    /// `fork_launcher` was called after a thread had been started.
    #[error("the launcher must be forked before any thread starts, and {threads} are running")]
    Threaded {
        /// How many threads the process has.
        threads: usize,
    },
}

/// Why a sandbox did not start.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StartError {
    /// The machine allows no isolation mode; the report says how to allow one.
    #[error("this machine allows no isolation: {}", remedy(.0))]
    NoIsolation(Box<Report>),
    /// The spec breaks one of its documented rules.
    #[error("invalid sandbox: {0}")]
    Invalid(String),
    /// A source may not be shown inside a sandbox, or does not exist.
    #[error("`{path}` may not be mounted: {reason}")]
    Source {
        /// The source as it was asked for.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The program could not be executed.
    #[error("failed to execute `{program}`: {reason}")]
    Execute {
        /// The first argument.
        program: String,
        /// The kernel's answer.
        reason: String,
    },
    /// A step of the set-up failed.
    #[error("failed to {step}: {reason}")]
    Setup {
        /// What was tried.
        step: String,
        /// The kernel's answer.
        reason: String,
    },
    /// The launcher has as many sandboxes as it may.
    #[error("{limit} sandboxes are running, which is the limit")]
    TooMany {
        /// [`LauncherConfig::sandboxes_max`](crate::LauncherConfig).
        limit: u32,
    },
    /// The launcher is gone, and every sandbox with it.
    #[error("the launcher is gone")]
    LauncherGone,
}

fn remedy(report: &Report) -> String {
    let first = report.features.iter().find(|feature| !feature.remedy.is_empty());
    first.map_or_else(|| "no way to allow it is known".to_owned(), |feature| feature.remedy.clone())
}
