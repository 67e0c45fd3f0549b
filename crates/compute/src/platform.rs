//! What the platform says of itself. The node implements it.

use std::path::PathBuf;

use weft_service::BoxFuture;
use weft_types::Timestamp;

/// Tells of the platform, for `DescribePlatform`.
pub trait Platform: Send + Sync + 'static {
    /// The facts, as they are now.
    fn facts(&self) -> BoxFuture<'_, PlatformFacts>;
}

/// What is told of the platform.
#[derive(Debug, Clone, Default)]
pub struct PlatformFacts {
    /// The version of this build.
    pub version: String,
    /// When this process was ready.
    pub started: Timestamp,
    /// Where everything durable lives.
    pub data_folder: PathBuf,
    /// URLs of APIs and workloads: `http://127.0.0.1:4566`.
    pub addresses: Vec<String>,
    /// URLs of listeners that serve workloads only.
    pub edge_addresses: Vec<String>,
    /// The certificate of the authority for TLS, and when it ends; none without TLS.
    pub certificate_authority: Option<(PathBuf, Timestamp)>,
    /// The isolation in force.
    pub isolation: Isolation,
    /// Interpreters that were found.
    pub interpreters: Vec<InstalledInterpreter>,
    /// Memory of this process in bytes, where it is known.
    pub memory_bytes: Option<u64>,
}

/// The isolation in force.
#[derive(Debug, Clone, Default)]
pub struct Isolation {
    /// `full`, `rootless`, `basic` or `none`.
    pub mode: String,
    /// What the mode means here, in a sentence.
    pub summary: String,
    /// Each means of isolation.
    pub features: Vec<IsolationFeature>,
    /// How to get a better mode, a sentence each.
    pub help: Vec<String>,
}

/// One means of isolation.
#[derive(Debug, Clone, Default)]
pub struct IsolationFeature {
    /// Its name: `cgroups`.
    pub name: String,
    /// `active`, `missing`, `unproven`, …
    pub state: String,
    /// What is in force.
    pub detail: String,
    /// How to get it where it is missing.
    pub help: String,
}

/// An interpreter on the machine.
#[derive(Debug, Clone, Default)]
pub struct InstalledInterpreter {
    /// `python` or `node`.
    pub language: String,
    /// Its version.
    pub version: String,
    /// The program.
    pub path: PathBuf,
}
