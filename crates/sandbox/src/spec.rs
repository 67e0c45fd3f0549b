//! What a caller asks for: the program, what it sees, and how much it may use.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Everything that one sandbox needs to be started.
///
/// Inside, the program sees a read-only root made of `/usr`, `/bin`, `/lib*`, a synthetic `/etc`, a minimal
/// `/dev`, a private `/proc`, private writable `/tmp` and `/dev/shm`, the interpreter prefixes, `mounts` and
/// `files`; nothing else of the machine. It runs as an ordinary user without capabilities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxSpec {
    /// A label for people: the host name inside and the process name of the sandbox's init. 1 to 64 bytes of
    /// letters, digits, `-`, `_` or `.`; others are replaced by `-`.
    pub name: String,
    /// The program and its arguments; at least the program. A program without `/` is looked up in `PATH` of `env`.
    pub argv: Vec<String>,
    /// The whole environment; nothing is inherited.
    pub env: Vec<(String, String)>,
    /// The working directory inside.
    pub cwd: PathBuf,
    /// Folders or files of the machine to show inside.
    pub mounts: Vec<Mount>,
    /// Prefixes as [`Interpreter::prefix`] gives them, shown read-only at the same path.
    pub interpreter_prefixes: Vec<PathBuf>,
    /// Small files that exist only inside, such as a language bootstrap below `/var/runtime`.
    pub files: Vec<SyntheticFile>,
    /// How much the program may use.
    pub limits: Limits,
    /// Which network it sees.
    pub network: Network,
    /// Whether the program gets one end of a stream socket pair as an inherited descriptor, whose number is in
    /// [`FRAMES_ENV`]; the other end is [`Sandbox::frames`](crate::Sandbox::frames).
    pub frames: bool,
    /// Programs that run beside it: at most 10. With any, the program waits to be
    /// [started](crate::CompanionOrders::start_program), and the sandbox goes on when it ends.
    pub companions: Vec<Companion>,
}

/// A program beside the sandbox's own, in a process group of its own, under the same limits and in the same confinement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Companion {
    /// The program and its arguments; at least the program.
    pub argv: Vec<String>,
    /// The whole environment; nothing is inherited.
    pub env: Vec<(String, String)>,
    /// The working directory inside.
    pub cwd: PathBuf,
}

/// That a companion, or the program beside them, has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompanionEnd {
    /// 0 is the program, 1 the first companion.
    pub index: u8,
    /// How it ended.
    pub ending: CompanionEnding,
}

/// How a companion, or the program beside them, ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompanionEnding {
    /// With this status.
    Ended(ExitStatus),
    /// It could not be executed: the kernel's error number.
    NotStarted(u8),
}

impl CompanionEnd {
    pub(crate) const BYTES: usize = 3;

    pub(crate) const fn encode(self) -> [u8; Self::BYTES] {
        match self.ending {
            CompanionEnding::Ended(ExitStatus::Code(code)) => [self.index, 0, code],
            CompanionEnding::Ended(ExitStatus::Signal(number)) => [self.index, 1, number],
            CompanionEnding::NotStarted(number) => [self.index, 2, number],
        }
    }

    pub(crate) const fn decode([index, kind, value]: [u8; Self::BYTES]) -> Self {
        let ending = match kind {
            0 => CompanionEnding::Ended(ExitStatus::Code(value)),
            1 => CompanionEnding::Ended(ExitStatus::Signal(value)),
            _ => CompanionEnding::NotStarted(value),
        };
        Self { index, ending }
    }
}

/// The environment variable that names the inherited frame socket's descriptor.
pub const FRAMES_ENV: &str = "WEFT_FRAMES_FD";

/// A folder or file of the machine shown inside a sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// An absolute path that exists, below one of [`LauncherConfig::source_roots`](crate::LauncherConfig) or an
    /// interpreter's prefix once symbolic links are resolved.
    pub source: PathBuf,
    /// An absolute path inside, without `..`. Missing parents are made.
    pub target: PathBuf,
    /// Whether writes are refused. A writable one belongs to the program's user inside and to the server's user outside.
    pub read_only: bool,
}

/// A file that exists only inside a sandbox, read-only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyntheticFile {
    /// An absolute path inside, without `..`. Missing parents are made.
    pub path: PathBuf,
    /// What it holds. All files of a spec together hold at most 4 MiB.
    #[serde(with = "byte_string")]
    pub contents: Vec<u8>,
    /// Whether it may be executed.
    pub executable: bool,
}

/// How much a program and its children may use together, unless noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Memory, `/tmp` and `/dev/shm` included. At least 4 MiB.
    pub memory_bytes: u64,
    /// Processes and threads. At least 1.
    pub processes: u32,
    /// CPU time per second of wall time, in thousandths of one CPU; `0` is unlimited.
    pub cpu_millis: u32,
    /// The largest file that one may write.
    pub file_size_bytes: u64,
    /// What `/tmp` may hold.
    pub tmp_bytes: u64,
    /// Descriptors open at once, per process.
    pub open_files: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 128 << 20,
            processes: 256,
            cpu_millis: 0,
            file_size_bytes: 512 << 20,
            tmp_bytes: 512 << 20,
            open_files: 1024,
        }
    }
}

/// Which network a sandbox sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Network {
    /// One of its own, from which only the door leads out.
    Own,
    /// The machine's, for builds that fetch packages. Such a sandbox has no door.
    Host,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// The exit code or the signal.
    pub status: ExitStatus,
    /// Whether the memory limit killed it or one of its processes.
    pub oom_killed: bool,
    /// The most memory in use, in bytes, as far as it is known after the end; at least the limit if that killed it, and
    /// 0 if nobody could tell.
    pub memory_peak_bytes: u64,
}

/// The exit code or the signal that ended a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExitStatus {
    /// It exited with this code, 0 to 255.
    Code(u8),
    /// This signal ended it, or ended the whole sandbox.
    Signal(u8),
}

impl fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit status {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// What a sandbox uses now. Fields that the machine cannot tell are zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Memory in use.
    pub memory_bytes: u64,
    /// The most memory ever in use (without cgroups: seen by the watchdog).
    pub memory_peak_bytes: u64,
    /// CPU time used so far.
    pub cpu_micros: u64,
    /// Processes and threads alive (without cgroups: processes), not counting the sandbox's own init.
    pub processes: u32,
}

/// A language interpreter found on the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interpreter {
    /// Which language it runs.
    pub language: Language,
    /// Its version as far as it is known: `3.11.2`, or at least major and minor for Python.
    pub version: String,
    /// The program, symbolic links resolved; the same path inside a sandbox.
    pub path: PathBuf,
    /// What to name in [`SandboxSpec::interpreter_prefixes`]; `/usr` for the system's own, which is always there.
    pub prefix: PathBuf,
}

/// A language whose interpreters are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Language {
    /// `python3.x`.
    Python,
    /// `node`.
    Node,
}

/// Where a program listens inside its namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listening {
    /// The address; unspecified means all.
    pub address: IpAddr,
    /// The TCP port.
    pub port: u16,
}

/// The version of the Internet protocol that a handed-out socket speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// Encodes bytes as one byte string, where a plain `Vec<u8>` would be a sequence of numbers.
mod byte_string {
    use serde::de::{Deserializer, Error, SeqAccess, Visitor};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        struct Bytes;
        impl<'de> Visitor<'de> for Bytes {
            type Value = Vec<u8>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a byte string")
            }
            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
            fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
                Ok(bytes)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<u8>, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = items.next_element()? {
                    bytes.push(byte);
                }
                Ok(bytes)
            }
        }
        from.deserialize_byte_buf(Bytes)
    }
}
