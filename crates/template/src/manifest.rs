//! What an input says, with every default filled in.

use std::collections::BTreeMap;
use std::fmt;

use weft_types::{AppName, RuntimeName, WorkloadName};

/// All that one input (a folder or a file) adds to an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The app.
    pub app: AppName,
    /// The part of the app that this input is.
    pub part: PartName,
    /// Its services, by name.
    pub services: Vec<Service>,
    /// Its functions, by name.
    pub functions: Vec<Function>,
    /// What was guessed, for people: "`web` is started by `python app.py`, as app.py makes a Flask app".
    pub notes: Vec<String>,
}

/// The name of a part of an app: 1 to 64 letters, digits, `.`, `_` and `-`, a letter or digit first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartName(String);

impl PartName {
    /// Parses a part's name; `None` where it breaks the rule.
    pub fn parse(text: &str) -> Option<Self> {
        let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        let good = (1..=64).contains(&text.len())
            && text.bytes().all(inner)
            && text.starts_with(|c: char| c.is_ascii_alphanumeric());
        good.then(|| Self(text.to_owned()))
    }

    /// The nearest part name to any text, such as a folder's name.
    pub fn from_text(text: &str) -> Self {
        let keep = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
        let cleaned: String = text.chars().map(keep).take(64).collect();
        let cleaned = cleaned.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        Self(if cleaned.is_empty() { "main".to_owned() } else { cleaned.to_owned() })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A service: a program that listens for HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name within the app.
    pub name: WorkloadName,
    /// Its code.
    pub code: Code,
    /// Program and arguments; `$PORT` in them is replaced when a worker starts.
    pub command: Vec<String>,
    /// The interpreter that the command needs: `python`, `node`, or one with a version such as `python3.11`; none for
    /// native programs.
    pub interpreter: Option<String>,
    /// What leads to it.
    pub routes: Vec<Route>,
    /// Variables for the program.
    pub environment: BTreeMap<String, String>,
    /// Memory of one worker in MiB, 32 to 1,048,576.
    pub memory_mib: u32,
    /// How long a request may take to its answer's first byte, in seconds, 1 to 3,600.
    pub timeout_seconds: u32,
    /// How long a worker may take until it is ready, in seconds, 1 to 900.
    pub start_timeout_seconds: u32,
    /// How it scales.
    pub scale: Scale,
    /// A path that must answer before a worker counts as ready.
    pub health: Option<String>,
    /// What its role allows; without any it has no role.
    pub permissions: Vec<Permission>,
}

/// A function: code that takes one event at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name within the app.
    pub name: WorkloadName,
    /// Its code.
    pub code: Code,
    /// The handler: `app.handler`.
    pub handler: String,
    /// The runtime: `python3.12`.
    pub runtime: RuntimeName,
    /// What leads to it.
    pub routes: Vec<Route>,
    /// Variables for the code.
    pub environment: BTreeMap<String, String>,
    /// Memory in MiB, 128 to 10,240.
    pub memory_mib: u32,
    /// How long one event may take, in seconds, 1 to 900.
    pub timeout_seconds: u32,
    /// How it scales.
    pub scale: Scale,
    /// What its role allows.
    pub permissions: Vec<Permission>,
}

/// Where a workload's code is, and what a build does with it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code {
    /// The folder, relative to the input's folder, without `.` or `..` inside; `""` is the folder itself.
    pub path: String,
    /// Only these files and folders of it, where the input is a lone file; `None` for all that ignore files leave.
    pub only: Option<Vec<String>>,
    /// Which dependencies a build installs.
    pub build: BuildKind,
    /// The interpreter's name for the build: `python3.12`, `python`, `nodejs22.x`; none where nothing is built.
    pub interpreter: Option<String>,
    /// Packages to install beside those that the code's own files list: read off the imports where no file lists any.
    pub requirements: Vec<String>,
}

/// What a build installs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BuildKind {
    /// Python packages of `requirements.txt` or `pyproject.toml`.
    Python,
    /// npm packages of `package.json`.
    Node,
    /// Nothing.
    None,
}

impl BuildKind {
    /// As the API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Node => "node",
            Self::None => "none",
        }
    }
}

/// A workload and its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkloadCode<'a> {
    /// The workload's name.
    pub name: &'a WorkloadName,
    /// Its code.
    pub code: &'a Code,
}

/// What brings requests to a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The host, lower-case; none for every host of the app.
    pub host: Option<String>,
    /// The path, `/` first. It takes all paths below it too.
    pub path: String,
    /// Who may come.
    pub auth: Auth,
    /// Whether the workload sees the path without this prefix.
    pub strip: bool,
}

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// It is not said: anyone on the server's loopback, and nobody else.
    Unsaid,
    /// Anyone.
    None,
    /// Requests that are signed by a principal whom a policy allows it.
    Iam,
}

impl Auth {
    /// As the API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unsaid => "unsaid",
            Self::None => "none",
            Self::Iam => "iam",
        }
    }
}

/// How a workload scales.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// Workers that are kept even when idle, 0 to 1,000.
    pub min: u32,
    /// Workers that are never exceeded, 1 to 10,000.
    pub max: u32,
    /// Requests that one worker takes at a time, 1 to 100,000; 1 for functions.
    pub concurrency: u32,
    /// Requests that may wait for a worker, 0 to 1,000,000.
    pub queue_max: u32,
    /// How long one may wait, in seconds, 1 to 900.
    pub queue_seconds: u32,
    /// How long a worker may idle before it is stopped, in seconds, 1 to 86,400.
    pub idle_seconds: u32,
}

impl Scale {
    /// What a service has where its manifest says nothing.
    pub const SERVICE: Self =
        Self { min: 0, max: 10, concurrency: 80, queue_max: 1000, queue_seconds: 60, idle_seconds: 60 };
    /// What a function has where its manifest says nothing.
    pub const FUNCTION: Self =
        Self { min: 0, max: 100, concurrency: 1, queue_max: 1000, queue_seconds: 60, idle_seconds: 60 };
}

/// One statement of a workload's role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// Whether it allows; else it denies.
    pub allow: bool,
    /// Actions, `s3:GetObject`, with wildcards.
    pub actions: Vec<String>,
    /// ARNs, with wildcards.
    pub resources: Vec<String>,
}

impl Manifest {
    /// The code of every workload, by name.
    pub fn code(&self) -> impl Iterator<Item = WorkloadCode<'_>> {
        let services = self.services.iter().map(|s| WorkloadCode { name: &s.name, code: &s.code });
        services.chain(self.functions.iter().map(|f| WorkloadCode { name: &f.name, code: &f.code }))
    }
}
