//! The launcher's process.

use crate::error::LaunchError;
use crate::start::{LauncherConfig, LauncherLink};

pub(crate) fn fork(config: &LauncherConfig) -> Result<LauncherLink, LaunchError> {
    let _ = config;
    Err(LaunchError::Threaded { threads: 0 })
}
