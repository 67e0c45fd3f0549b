//! What isolation is in force on this machine, what is missing, and how to get it.

use serde::{Deserialize, Serialize};

/// The isolation mode, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Started as root: namespaces, cgroups, seccomp, landlock, a user id per worker.
    Full,
    /// The same through a user namespace; where cgroups are not delegated, a watchdog guards memory.
    Rootless,
    /// The machine allows neither; no sandbox starts.
    None,
}

/// What the launcher found out when it started; shown by `weft status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The mode in force.
    pub mode: Mode,
    /// Each part of the isolation.
    pub features: Vec<Feature>,
}

/// One part of the isolation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feature {
    /// A stable short name: `namespaces`, `network`, `seccomp`, `landlock`, `memory`, `processes`, `cpu`,
    /// `freeze`, `own-user`.
    pub name: String,
    /// Whether it is in force.
    pub state: FeatureState,
    /// By what it is in force, or why not.
    pub detail: String,
    /// What to do to get it or get it better: one sentence; empty when there is nothing to do.
    pub remedy: String,
}

/// Whether a part of the isolation is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeatureState {
    /// In force, by the kernel's best means.
    InForce,
    /// In force by other, weaker means.
    Weaker,
    /// In force by code that no machine has proven yet.
    Unproven,
    /// Not in force.
    Missing,
}

impl Report {
    /// The feature of this name.
    pub fn feature(&self, name: &str) -> Option<&Feature> {
        self.features.iter().find(|feature| feature.name == name)
    }
}
