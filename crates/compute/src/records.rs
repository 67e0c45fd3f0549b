//! What is stored, and under which keys.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weft_routing::Auth;
use weft_service::Scope;
use weft_service::workload::Scale;
use weft_store::{Record, Table};
use weft_types::{AccountId, AppName, Arn, Region, Timestamp, WorkloadName};

/// Account, region, app.
pub(crate) type AppKey = (u64, String, String);
/// Account, region, app, name.
pub(crate) type NameKey = (u64, String, String, String);

/// Apps.
pub(crate) const APPS: Table<AppKey, AppRecord> = Table::new("apps");
/// Who has an app's name: names are one space, as `<app>.weft.localhost` is one host.
pub(crate) const APP_NAMES: Table<(String,), OwnerRecord> = Table::new("app-names");
/// Services by name.
pub(crate) const SERVICES: Table<NameKey, ServiceRecord> = Table::new("services");
/// The directory of functions, by name.
pub(crate) const FUNCTIONS: Table<NameKey, FunctionRecord> = Table::new("functions");
/// The app that has a Lambda function, by account, region and the function's name.
pub(crate) const FUNCTION_NAMES: Table<(u64, String, String), NameRecord> = Table::new("function-names");
/// Routes by id.
pub(crate) const ROUTES: Table<NameKey, RouteRecord> = Table::new("routes");
/// Who has a host and path: hosts are one space.
pub(crate) const ROUTE_HOSTS: Table<(String, String), OwnerRecord> = Table::new("route-hosts");
/// Numbers that only grow.
pub(crate) const COUNTERS: Table<(String,), CounterRecord> = Table::new("counters");
/// Source archives, by account and digest.
pub(crate) const BLOBS: Table<(u64, String), BlobRecord> = Table::new("blobs");
/// Finished builds, by id.
pub(crate) const BUILDS: Table<(String,), BuildRecord> = Table::new("builds");
/// Installed packages, by their tree's key.
pub(crate) const PACKAGES: Table<(String,), PackagesRecord> = Table::new("packages");

/// An app's place: what its keys begin with.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) app: AppName,
}

impl Place {
    pub(crate) fn new(scope: &Scope, app: &AppName) -> Self {
        Self { account: scope.account, region: scope.region.clone(), app: app.clone() }
    }

    pub(crate) fn key(&self) -> AppKey {
        (self.account.as_u64(), self.region.to_string(), self.app.to_string())
    }

    pub(crate) fn name_key(&self, name: &str) -> NameKey {
        let (account, region, app) = self.key();
        (account, region, app, name.to_owned())
    }

    pub(crate) fn arn(&self) -> Arn {
        Arn::of("weft", self.region.as_str(), &self.account.to_string(), &format!("app/{}", self.app))
    }

    /// The ARN of something of the app: `app/shop/service/web`.
    pub(crate) fn arn_of(&self, kind: &str, name: &str) -> Arn {
        let resource = format!("app/{}/{kind}/{name}", self.app);
        Arn::of("weft", self.region.as_str(), &self.account.to_string(), &resource)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AppRecord {
    pub(crate) created: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OwnerRecord {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) app: AppName,
}

impl From<&Place> for OwnerRecord {
    fn from(place: &Place) -> Self {
        Self { account: place.account, region: place.region.clone(), app: place.app.clone() }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ServiceRecord {
    pub(crate) part: Option<String>,
    pub(crate) created: Timestamp,
    /// Tells this service from one of the same name that was deleted.
    pub(crate) uid: String,
    /// The last revision is the one that takes traffic.
    pub(crate) revisions: Vec<RevisionRecord>,
    /// A newer revision that takes no traffic: it is not ready yet, or never became ready.
    #[serde(default)]
    pub(crate) candidate: Option<RevisionRecord>,
    /// Of the newest revision, until a worker of it was ready.
    #[serde(default)]
    pub(crate) check: Option<CheckRecord>,
    /// The highest number that was given to a revision.
    #[serde(default)]
    pub(crate) last_number: u64,
}

/// Whether a revision can serve is not known yet, or it cannot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CheckRecord {
    /// The revision's.
    pub(crate) number: u64,
    /// Why no worker of it became ready.
    pub(crate) failure: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RevisionRecord {
    pub(crate) number: u64,
    pub(crate) created: Timestamp,
    pub(crate) build: String,
    pub(crate) source: Option<String>,
    pub(crate) settings: Settings,
}

/// A service's settings, complete and checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) command: Vec<String>,
    pub(crate) interpreter: Option<String>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) role: Option<Arn>,
    pub(crate) memory_mib: u32,
    pub(crate) cpu_millis: u32,
    pub(crate) tmp_mib: u32,
    pub(crate) processes: u32,
    pub(crate) timeout_seconds: u32,
    pub(crate) start_timeout_seconds: u32,
    pub(crate) grace_seconds: u32,
    pub(crate) health_path: Option<String>,
    pub(crate) scale: ScaleRecord,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ScaleRecord {
    pub(crate) min: u32,
    pub(crate) max: u32,
    pub(crate) concurrency: u32,
    pub(crate) queue_max: u32,
    pub(crate) queue_seconds: u32,
    pub(crate) idle_seconds: u32,
}

impl From<ScaleRecord> for Scale {
    fn from(scale: ScaleRecord) -> Self {
        let seconds = |seconds| std::time::Duration::from_secs(u64::from(seconds));
        Self {
            min: scale.min,
            max: scale.max,
            concurrency: scale.concurrency,
            queue_max: scale.queue_max,
            queue_timeout: seconds(scale.queue_seconds),
            idle_timeout: seconds(scale.idle_seconds),
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct FunctionRecord {
    pub(crate) part: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) function_name: String,
    pub(crate) scale: ScaleRecord,
    pub(crate) build: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) code_sha256: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct NameRecord {
    pub(crate) app: AppName,
    pub(crate) name: WorkloadName,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RouteRecord {
    pub(crate) part: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) host: Option<String>,
    pub(crate) path: String,
    pub(crate) target: WorkloadName,
    pub(crate) auth: RouteAuth,
    pub(crate) strip: bool,
    /// Grows with each claim on this installation.
    pub(crate) claimed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum RouteAuth {
    /// Anybody.
    None,
    /// Whoever signs.
    Iam,
    /// It was not said.
    Unsaid,
}

impl RouteAuth {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Iam => "iam",
            Self::Unsaid => "unsaid",
        }
    }
}

impl From<RouteAuth> for Auth {
    fn from(auth: RouteAuth) -> Self {
        match auth {
            RouteAuth::None => Self::None,
            RouteAuth::Iam => Self::Iam,
            RouteAuth::Unsaid => Self::Unsaid,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CounterRecord {
    pub(crate) value: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BlobRecord {
    pub(crate) size_bytes: u64,
    pub(crate) uploaded: Timestamp,
}

/// A build that succeeded.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BuildRecord {
    pub(crate) account: AccountId,
    pub(crate) kind: BuildKind,
    pub(crate) source: String,
    pub(crate) interpreter: Option<String>,
    pub(crate) interpreter_version: Option<String>,
    pub(crate) size_bytes: u64,
    /// The size of the source as it was uploaded.
    pub(crate) packed_bytes: u64,
    pub(crate) notes: Vec<String>,
    pub(crate) created: Timestamp,
    pub(crate) finished: Timestamp,
    /// When somebody last wanted it.
    pub(crate) used: Timestamp,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PackagesRecord {
    pub(crate) used: Timestamp,
}

/// What a build installs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum BuildKind {
    /// Python packages.
    Python,
    /// npm packages.
    Node,
    /// Nothing.
    None,
}

impl BuildKind {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "python" => Some(Self::Python),
            "node" => Some(Self::Node),
            "none" => Some(Self::None),
            _ => None,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Node => "node",
            Self::None => "none",
        }
    }
}

impl Record for AppRecord {}
impl Record for OwnerRecord {}
impl Record for ServiceRecord {}
impl Record for FunctionRecord {}
impl Record for NameRecord {}

/// Version 1 had no [`RouteAuth::Unsaid`]: what it calls `None` stays open to anybody. A build that only knows version 1 must
/// not take a route of which nothing is said for an open one.
impl Record for RouteRecord {
    const VERSION: u16 = 2;

    fn upgrade(_: u16, fields: &[u8]) -> Result<Self, String> {
        rmp_serde::from_slice(fields).map_err(|error| error.to_string())
    }
}

impl Record for CounterRecord {}
impl Record for BlobRecord {}
impl Record for BuildRecord {}
impl Record for PackagesRecord {}

#[cfg(test)]
#[path = "records_tests.rs"]
mod tests;
