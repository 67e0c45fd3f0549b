//! What builds need of the machine, and how sandboxes give it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::unix::pipe;
use weft_sandbox::{ExitStatus, Interpreter, Launcher, Limits, Mount, Network, SandboxSpec, SyntheticFile};
use weft_service::BoxFuture;

/// Runs the commands of builds.
pub trait BuildRunner: Send + Sync + 'static {
    /// The installed interpreter that serves a declared one (`python3.12`, `python`, `nodejs22.x`, `node`). The error is
    /// a sentence with the next step.
    fn choose<'a>(&'a self, declared: &'a str) -> BoxFuture<'a, Result<Chosen, String>>;

    /// Runs a command to its end, and hands over each line that it prints as it comes. A dropped future ends it.
    fn run(&self, command: BuildCommand, line: LineSink) -> BoxFuture<'static, Result<Finished, RunError>>;
}

/// Takes the lines that a command prints.
pub type LineSink = Arc<dyn Fn(&str) + Send + Sync>;

/// An installed interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// Its version: `3.11.2`.
    pub version: String,
    /// The program.
    pub path: PathBuf,
    /// What it needs of the machine, shown in the sandbox at the same path.
    pub prefix: PathBuf,
    /// Says so where another version was declared.
    pub note: Option<String>,
}

/// One command of a build.
#[derive(Debug, Clone)]
pub struct BuildCommand {
    /// A label for people.
    pub name: String,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// The whole environment.
    pub environment: Vec<(String, String)>,
    /// The working directory inside.
    pub folder: PathBuf,
    /// Folders of the machine that it sees.
    pub mounts: Vec<BuildMount>,
    /// Small files that it sees.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    /// The interpreter's prefix.
    pub prefix: PathBuf,
    /// Whether it may use the machine's network.
    pub network: bool,
    /// Memory in MiB, `/tmp` included.
    pub memory_mib: u32,
    /// How long it may take.
    pub time_max: Duration,
}

/// A folder that a command sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildMount {
    /// On the machine.
    pub source: PathBuf,
    /// Inside.
    pub target: PathBuf,
    /// Whether it may be written.
    pub writable: bool,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Whether its exit status was zero.
    pub success: bool,
    /// The exit status or signal, for people.
    pub how: String,
}

/// Why a command has no end of its own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// There is no such program.
    #[error("`{0}` is not installed")]
    NoProgram(String),
    /// It took too long and was killed.
    #[error("it took longer than {0:?}")]
    TimedOut(Duration),
    /// It needed more memory than it may and was killed.
    #[error("it needed more than {0} MiB of memory")]
    OutOfMemory(u32),
    /// The machine cannot run it.
    #[error("{0}")]
    Machine(String),
}

/// Chooses an interpreter among those that are installed.
pub type Choose = dyn Fn(&str, &[Interpreter]) -> Result<Chosen, String> + Send + Sync;

/// Runs builds in sandboxes.
pub struct SandboxRunner {
    launcher: Launcher,
    choose: Arc<Choose>,
}

impl SandboxRunner {
    /// A runner that starts sandboxes with `launcher` and takes the interpreters that `choose` says.
    pub fn new(launcher: Launcher, choose: Arc<Choose>) -> Self {
        Self { launcher, choose }
    }
}

impl BuildRunner for SandboxRunner {
    fn choose<'a>(&'a self, declared: &'a str) -> BoxFuture<'a, Result<Chosen, String>> {
        Box::pin(async move { (self.choose)(declared, &self.launcher.interpreters().await) })
    }

    fn run(&self, command: BuildCommand, line: LineSink) -> BoxFuture<'static, Result<Finished, RunError>> {
        let launcher = self.launcher.clone();
        Box::pin(async move {
            let (time_max, memory_mib) = (command.time_max, command.memory_mib);
            let program = command.argv.first().cloned().unwrap_or_default();
            let mut sandbox = launcher.start(spec(command)).await.map_err(|error| match error {
                weft_sandbox::StartError::Execute { .. } => RunError::NoProgram(program),
                error => RunError::Machine(error.to_string()),
            })?;
            let (out, err) = (sandbox.stdout.take(), sandbox.stderr.take());
            let output = futures::future::join(lines(out, &line), lines(err, &line));
            let whole = async { futures::future::join(sandbox.wait(), output).await.0 };
            let Ok(exit) = tokio::time::timeout(time_max, whole).await else {
                sandbox.kill().await;
                return Err(RunError::TimedOut(time_max));
            };
            if exit.oom_killed {
                return Err(RunError::OutOfMemory(memory_mib));
            }
            Ok(Finished { success: exit.status == ExitStatus::Code(0), how: exit.status.to_string() })
        })
    }
}

fn spec(command: BuildCommand) -> SandboxSpec {
    let mount = |m: BuildMount| Mount { source: m.source, target: m.target, read_only: !m.writable };
    let file = |(path, contents)| SyntheticFile { path, contents, executable: false };
    SandboxSpec {
        name: command.name,
        argv: command.argv,
        env: command.environment,
        cwd: command.folder,
        mounts: command.mounts.into_iter().map(mount).collect(),
        interpreter_prefixes: vec![command.prefix],
        files: command.files.into_iter().map(file).collect(),
        limits: Limits {
            memory_bytes: u64::from(command.memory_mib) << 20,
            processes: 512,
            cpu_millis: 0,
            file_size_bytes: 1 << 30,
            tmp_bytes: u64::from(command.memory_mib / 2) << 20,
            open_files: 4096,
        },
        network: if command.network { Network::Host } else { Network::Own },
        frames: false,
        companions: Vec::new(),
    }
}

/// Hands over a program's output line by line; lines end with `\n` or, in progress bars, `\r`. Bytes beyond 64 KiB without
/// an end are handed over as they are.
async fn lines(output: Option<std::os::fd::OwnedFd>, line: &LineSink) {
    let Some(Ok(output)) = output.map(pipe::Receiver::from_owned_fd) else { return };
    let mut reader = BufReader::new(output);
    let mut buffer = Vec::new();
    while let Ok(chunk) = reader.fill_buf().await {
        if chunk.is_empty() {
            break;
        }
        let taken = chunk.len();
        for part in chunk.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            buffer.extend_from_slice(part);
            if buffer.ends_with(b"\n") || buffer.ends_with(b"\r") || buffer.len() > 64 << 10 {
                hand_over(&mut buffer, line);
            }
        }
        reader.consume(taken);
    }
    hand_over(&mut buffer, line);
}

fn hand_over(buffer: &mut Vec<u8>, line: &LineSink) {
    let text = String::from_utf8_lossy(buffer);
    let text = text.trim_end();
    if !text.is_empty() {
        line(text);
    }
    buffer.clear();
}

/// The folder of a program, for `PATH`.
pub(super) fn folder_of(program: &Path) -> String {
    program.parent().unwrap_or(Path::new("/usr/bin")).display().to_string()
}
