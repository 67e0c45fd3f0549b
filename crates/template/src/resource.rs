//! What an app is made of, as it is wanted or as it is there.

use std::collections::BTreeMap;
use std::fmt;

use weft_types::{AppName, Arn, RuntimeName, WorkloadName};

use crate::{Auth, PartName, Scale};

/// Names one resource within an app. The order is the one in which they are made.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// The app itself.
    App,
    /// The role of a workload.
    Role(WorkloadName),
    /// A function.
    Function(WorkloadName),
    /// A service.
    Service(WorkloadName),
    /// A route.
    Route {
        /// The host; none for every host of the app.
        host: Option<String>,
        /// The path.
        path: String,
    },
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::App => f.write_str("app"),
            Self::Role(name) => write!(f, "role of {name}"),
            Self::Function(name) => write!(f, "function {name}"),
            Self::Service(name) => write!(f, "service {name}"),
            Self::Route { host, path } => write!(f, "route {}{path}", host.as_deref().unwrap_or("")),
        }
    }
}

/// One resource, as it is wanted or as it is there. Two that are equal need no change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// The app itself.
    App(AppResource),
    /// The role of a workload.
    Role(RoleResource),
    /// A function.
    Function(FunctionResource),
    /// A service.
    Service(ServiceResource),
    /// A route.
    Route(RouteResource),
}

/// The app itself. `weft up` makes it and never changes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppResource {
    /// Its name.
    pub name: AppName,
}

/// The role of a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleResource {
    /// The workload that it is for.
    pub workload: WorkloadName,
    /// The part that made it; the role's path has it: `/weft/<app>/<part>/`.
    pub part: Option<PartName>,
    /// The role's name: `weft.<app>.<workload>`.
    pub role_name: String,
    /// The role's path.
    pub role_path: String,
    /// The trust policy's text, kept by IAM as it is given.
    pub trust_policy: String,
    /// The text of the inline policy [`RoleResource::POLICY_NAME`]; none where there is no such policy.
    pub policy: Option<String>,
}

impl RoleResource {
    /// The name of the inline policy that holds the manifest's statements.
    pub const POLICY_NAME: &'static str = "weft";
    /// The path below which all roles are that `weft up` makes for an app: `/weft/<app>/`.
    pub fn path_prefix(app: &AppName) -> String {
        format!("/weft/{app}/")
    }

    /// The part and the workload of a role of `app`, from its path and name; `None` for a role that `weft up` did not make.
    pub fn owner(app: &AppName, path: &str, name: &str) -> Option<(PartName, WorkloadName)> {
        let part = path.strip_prefix(&Self::path_prefix(app))?.strip_suffix('/')?;
        let workload = name.strip_prefix("weft.")?.strip_prefix(app.as_str())?.strip_prefix('.')?;
        Some((PartName::parse(part)?, WorkloadName::parse(workload).ok()?))
    }
}

/// A function: one of Lambda's, and its entry in the app's directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionResource {
    /// Its name within the app.
    pub name: WorkloadName,
    /// The part that made it.
    pub part: Option<PartName>,
    /// Lambda's name for it: `<app>-<name>`.
    pub function_name: String,
    /// What its code was made from (see [`crate::Placement`]).
    pub source: String,
    /// The runtime.
    pub runtime: RuntimeName,
    /// The handler.
    pub handler: String,
    /// Variables.
    pub environment: BTreeMap<String, String>,
    /// The role.
    pub role: Arn,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// Seconds for one event.
    pub timeout_seconds: u32,
    /// How it scales.
    pub scale: Scale,
}

/// A service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceResource {
    /// Its name within the app.
    pub name: WorkloadName,
    /// The part that made it.
    pub part: Option<PartName>,
    /// What its code was made from (see [`crate::Placement`]).
    pub source: String,
    /// Program and arguments.
    pub command: Vec<String>,
    /// The interpreter.
    pub interpreter: Option<String>,
    /// Variables.
    pub environment: BTreeMap<String, String>,
    /// The role.
    pub role: Option<Arn>,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// Seconds to the answer's first byte.
    pub timeout_seconds: u32,
    /// Seconds until a worker must be ready.
    pub start_timeout_seconds: u32,
    /// How it scales.
    pub scale: Scale,
    /// The path that must answer before a worker is ready.
    pub health: Option<String>,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteResource {
    /// The host; none for every host of the app.
    pub host: Option<String>,
    /// The path.
    pub path: String,
    /// The part that made it.
    pub part: Option<PartName>,
    /// The workload that it leads to.
    pub target: WorkloadName,
    /// Who may come.
    pub auth: Auth,
    /// Whether the workload sees the path without the route's.
    pub strip: bool,
}

impl Resource {
    /// Its name within the app.
    pub fn key(&self) -> Key {
        match self {
            Self::App(_) => Key::App,
            Self::Role(role) => Key::Role(role.workload.clone()),
            Self::Function(function) => Key::Function(function.name.clone()),
            Self::Service(service) => Key::Service(service.name.clone()),
            Self::Route(route) => Key::Route { host: route.host.clone(), path: route.path.clone() },
        }
    }

    /// The part that made it; none for the app itself, and for what was made without `weft up`.
    pub fn part(&self) -> Option<&PartName> {
        match self {
            Self::App(_) => None,
            Self::Role(role) => role.part.as_ref(),
            Self::Function(function) => function.part.as_ref(),
            Self::Service(service) => service.part.as_ref(),
            Self::Route(route) => route.part.as_ref(),
        }
    }

    /// What differs between two states of one resource, as words for people, in a fixed order.
    pub fn changed(&self, to: &Self) -> Vec<&'static str> {
        let words: Vec<(&'static str, bool)> = match (self, to) {
            (Self::App(_), Self::App(_)) => vec![],
            (Self::Role(a), Self::Role(b)) => vec![
                ("trust", a.trust_policy != b.trust_policy),
                ("permissions", a.policy != b.policy),
                ("name", (&a.role_name, &a.role_path) != (&b.role_name, &b.role_path)),
            ],
            (Self::Function(a), Self::Function(b)) => vec![
                ("code", a.source != b.source),
                ("runtime", a.runtime != b.runtime),
                ("handler", a.handler != b.handler),
                ("environment", a.environment != b.environment),
                ("role", a.role != b.role),
                ("memory", a.memory_mib != b.memory_mib),
                ("timeout", a.timeout_seconds != b.timeout_seconds),
                ("scale", a.scale != b.scale),
                ("name", a.function_name != b.function_name),
            ],
            (Self::Service(a), Self::Service(b)) => vec![
                ("code", a.source != b.source),
                ("command", a.command != b.command),
                ("runtime", a.interpreter != b.interpreter),
                ("environment", a.environment != b.environment),
                ("role", a.role != b.role),
                ("memory", a.memory_mib != b.memory_mib),
                ("timeout", a.timeout_seconds != b.timeout_seconds),
                ("start timeout", a.start_timeout_seconds != b.start_timeout_seconds),
                ("scale", a.scale != b.scale),
                ("health", a.health != b.health),
            ],
            (Self::Route(a), Self::Route(b)) => vec![
                ("target", a.target != b.target),
                ("auth", a.auth != b.auth),
                ("strip", a.strip != b.strip),
            ],
            _ => vec![("kind", true)],
        };
        words.into_iter().filter(|(_, differs)| *differs).map(|(word, _)| word).collect()
    }
}

/// Resources of one app, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resources(BTreeMap<Key, Resource>);

impl Resources {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a resource, in the place of the one that has its name.
    pub fn insert(&mut self, resource: Resource) {
        self.0.insert(resource.key(), resource);
    }

    /// Takes one out.
    pub fn remove(&mut self, key: &Key) -> Option<Resource> {
        self.0.remove(key)
    }

    /// The resource of this name.
    pub fn get(&self, key: &Key) -> Option<&Resource> {
        self.0.get(key)
    }

    /// All, in the order in which they are made.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Key, &Resource)> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Resource> for Resources {
    fn from_iter<I: IntoIterator<Item = Resource>>(resources: I) -> Self {
        Self(resources.into_iter().map(|resource| (resource.key(), resource)).collect())
    }
}
