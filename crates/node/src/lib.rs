//! The composition root: configuration, start and stop of a server.
//!
//! [`serve()`] is the whole life of one: the part that needs privileges and a single thread (`boot`), the layers put
//! together (`assemble`), the listeners, and an orderly end on SIGTERM or Ctrl-C. It is the only crate that names concrete types of every
//! layer, the only one that reads configuration, and has no behaviour of its own.

mod adapters;
mod assemble;
mod boot;
mod buckets;
mod config;
mod cores;
mod gathered;
mod platform;
mod serve;
mod upstreams;

use std::process::ExitCode;

pub use config::{ConfigError, DataPlane, ServerOptions};

use crate::boot::BootError;
use crate::config::Config;

/// Below the data folder: unpacked and built code, the only part of it that is ever mounted into a sandbox.
const TREES_FOLDER: &str = "trees";

/// Why a server does not start, or ended badly.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Boot(#[from] BootError),
    #[error("the data cannot be opened")]
    Store(#[from] weft_store::StoreError),
    #[error("the stored code cannot be opened")]
    Blobs(#[from] weft_store::BlobError),
    #[error("the unpacked code cannot be opened")]
    Trees(#[from] weft_store::TreeError),
    #[error("what is stored cannot be read")]
    Service(#[from] weft_service::Error),
    #[error("failed to {doing}")]
    System { doing: &'static str, source: std::io::Error },
    #[error("data could not be made durable; the next start opens what was")]
    NotDurable,
    #[error("the sandbox launcher ended")]
    LauncherGone,
}

/// Runs a server until it is told to stop. To be called first thing in `main`, while the process has one thread.
pub fn serve(options: ServerOptions) -> ExitCode {
    let outcome = Config::check(options).map_err(StartError::from).and_then(|config| serve::run(&config));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("weft: {}", weft_types::error_chain(&error));
            ExitCode::FAILURE
        }
    }
}
