//! What the platform says of itself.

use std::path::PathBuf;
use std::sync::OnceLock;

use weft_compute::{InstalledInterpreter, Isolation, IsolationFeature, Platform, PlatformFacts};
use weft_sandbox::{FeatureState, Language, Launcher, Mode, Report};
use weft_service::BoxFuture;
use weft_types::Timestamp;

use crate::authority::public_files;

/// The facts of this process.
pub(crate) struct ThisPlatform {
    pub(crate) launcher: Launcher,
    pub(crate) data: PathBuf,
    pub(crate) started: Timestamp,
    /// When the certificate authority ends.
    pub(crate) authority_until: Timestamp,
    /// URLs of the listeners, once they are known.
    pub(crate) addresses: OnceLock<(Vec<String>, Vec<String>)>,
}

impl Platform for ThisPlatform {
    fn facts(&self) -> BoxFuture<'_, PlatformFacts> {
        Box::pin(async move {
            let interpreters = self.launcher.interpreters().await;
            let (addresses, edge_addresses) = self.addresses.get().cloned().unwrap_or_default();
            PlatformFacts {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                started: self.started,
                data_folder: self.data.clone(),
                addresses,
                edge_addresses,
                certificate_authority: Some((public_files(&self.data).0, self.authority_until)),
                isolation: isolation(&self.launcher.report()),
                interpreters: interpreters
                    .into_iter()
                    .map(|found| InstalledInterpreter {
                        language: match found.language {
                            Language::Python => "python",
                            Language::Node => "node",
                        }
                        .to_owned(),
                        version: found.version,
                        path: found.path,
                    })
                    .collect(),
                memory_bytes: memory_bytes(),
            }
        })
    }
}

fn isolation(report: &Report) -> Isolation {
    let (mode, summary) = match report.mode {
        Mode::Full => ("full", "every worker has a user, a network, a root and limits of its own"),
        Mode::Rootless => {
            ("rootless", "the same through a user namespace, with the limits that this user may set")
        }
        Mode::None => ("none", "no worker can be isolated here, so no code is run"),
    };
    let features = report.features.iter().map(|feature| IsolationFeature {
        name: feature.name.clone(),
        state: match feature.state {
            FeatureState::InForce => "in-force",
            FeatureState::Weaker => "weaker",
            FeatureState::Unproven => "unproven",
            FeatureState::Missing => "missing",
        }
        .to_owned(),
        detail: feature.detail.clone(),
        help: feature.remedy.clone(),
    });
    let help = match report.mode {
        Mode::Full | Mode::None => Vec::new(),
        Mode::Rootless => {
            vec!["start the server as root for a user per worker and limits by cgroups".to_owned()]
        }
    };
    Isolation { mode: mode.to_owned(), summary: summary.to_owned(), features: features.collect(), help }
}

/// Resident memory of this process.
fn memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}
