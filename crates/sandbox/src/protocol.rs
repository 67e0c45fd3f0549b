//! What the server and the launcher say to each other.

use std::path::PathBuf;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::error::StartError;
use crate::report::Report;
use crate::spec::{Companion, Exit, Interpreter, Limits, SandboxSpec, SyntheticFile, Usage};

/// From the server to the launcher. `call` numbers a question; its answer carries the same.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// Start a sandbox, known as `id` from here on.
    Start { id: u64, spec: Box<SandboxSpec> },
    /// Kill everything in it.
    Kill { id: u64 },
    /// Freeze or thaw it.
    Freeze { call: u64, id: u64, on: bool },
    /// What does it use?
    Usage { call: u64, id: u64 },
    /// Which interpreters are there?
    Interpreters { call: u64 },
}

/// From the launcher to the server.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Event {
    /// The first message.
    Hello(Report),
    /// The program runs; the descriptors are those of [`Handed`].
    Started { id: u64, handed: Handed },
    /// It could not be started; nothing is left of it.
    Refused { id: u64, refusal: Refusal },
    /// Nothing is left of it.
    Ended { id: u64, exit: Exit },
    /// It is frozen or thawed, or why not.
    Frozen { call: u64, error: Option<String> },
    /// What it uses; `None` when it is gone.
    Used { call: u64, usage: Option<Usage> },
    /// The interpreters.
    Found { call: u64, interpreters: Vec<Interpreter> },
}

/// Which descriptors come with `Started`, in this order: control, stdout, stderr, then these.
#[expect(clippy::struct_excessive_bools, reason = "independent facts about one sandbox")]
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Handed {
    /// The server's end of the frame socket.
    pub(crate) frames: bool,
    /// Door, resolver over UDP, resolver over TCP.
    pub(crate) network: bool,
    /// Behind all others: the companions' output and the link to them.
    pub(crate) companions: bool,
    /// Whether the launcher freezes it by its group; else its init does by signals.
    pub(crate) freezes: bool,
    /// Whether the launcher knows what it uses by its group; else its init counts.
    pub(crate) accounts: bool,
}

/// What the launcher has a blank sandbox become.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) host_name: String,
    /// `/etc/hosts`.
    pub(crate) hosts: String,
    pub(crate) argv: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) cwd: PathBuf,
    /// Where the mounts go that come along, in their order.
    pub(crate) targets: Vec<Target>,
    pub(crate) files: Vec<SyntheticFile>,
    pub(crate) limits: Limits,
    pub(crate) frames: bool,
    /// With any, their output and link come along behind the mounts.
    pub(crate) companions: Vec<Companion>,
}

/// Where a mount goes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) path: PathBuf,
    pub(crate) folder: bool,
    pub(crate) writable: bool,
}

/// From a blank sandbox to the launcher. The end of the file, after `Ready`, means that the program was executed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum BlankMessage {
    /// It waits for an order; its descriptors come along: status, control, stdout, stderr, frames, and, on a
    /// network of its own, door, resolver over UDP and TCP.
    Ready,
    /// It ends.
    Failed(Refusal),
}

/// [`StartError`] as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Refusal {
    NoIsolation,
    Invalid(String),
    Source { path: PathBuf, reason: String },
    Execute { program: String, reason: String },
    Setup { step: String, reason: String },
    TooMany { limit: u32 },
}

impl Refusal {
    /// A step that failed, with the kernel's answer.
    pub(crate) fn setup(step: impl Into<String>, reason: &dyn std::fmt::Display) -> Self {
        Self::Setup { step: step.into(), reason: reason.to_string() }
    }

    /// The public error; `report` says how to allow isolation where there is none.
    pub(crate) fn into_error(self, report: &Report) -> StartError {
        match self {
            Self::NoIsolation => StartError::NoIsolation(Box::new(report.clone())),
            Self::Invalid(what) => StartError::Invalid(what),
            Self::Source { path, reason } => StartError::Source { path, reason },
            Self::Execute { program, reason } => StartError::Execute { program, reason },
            Self::Setup { step, reason } => StartError::Setup { step, reason },
            Self::TooMany { limit } => StartError::TooMany { limit },
        }
    }
}

/// From the server to a sandbox's init, as `(number, request)`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum InitRequest {
    /// Make this many unconnected sockets (1 to 32) of IPv6 or IPv4.
    Sockets { v6: bool, count: u8 },
    /// Where does the program listen?
    Listening,
    /// Send this signal to the program's process group.
    Signal { number: u8 },
    /// Stop or continue every process.
    Freeze { on: bool },
    /// What do they use?
    Usage,
    /// Kill everything when it uses more than this. Not answered; sent by the launcher.
    Watch { memory_bytes: u64 },
}

/// The init's answers, as `(number, answer)` with the request's number.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum InitAnswer {
    /// The sockets come along.
    Sockets,
    /// Address and port of each.
    Listening(Vec<(std::net::IpAddr, u16)>),
    /// It is done.
    Done,
    /// What they use.
    Usage(Usage),
    /// The kernel refused: its error number.
    Failed(i32),
}

/// Encodes a message; the types here always can be.
pub(crate) fn encode<T: Serialize>(message: &T) -> Vec<u8> {
    rmp_serde::to_vec(message).unwrap_or_default()
}

/// Decodes a message.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> std::io::Result<T> {
    rmp_serde::from_slice(bytes).map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, error))
}
