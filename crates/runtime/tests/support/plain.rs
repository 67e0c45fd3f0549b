//! Workers as plain child processes, without isolation.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::watch;
use weft_net::BoxStream;
use weft_runtime::{Process, Runtime, RuntimeConfig, Spawned, Spawner};
use weft_sandbox::{
    Exit, ExitStatus, FRAMES_ENV, Interpreter, Language, Listening, SandboxSpec, StartError, Usage,
};
use weft_service::workload::{DoorGuard, DoorHandler, DoorSockets, Doors, LogSink, WorkerIdentity};
use weft_service::{BoxFuture, SystemClock};

use crate::support::{Lines, NoKeys};

/// SIGXCPU, which nothing else sends.
const NO_MEMORY_SIGNAL: u8 = 24;

/// Starts children whose files of `/var/task` and `/var/runtime` lie in folders of the test.
pub(crate) struct Plain {
    home: tempfile::TempDir,
    started: AtomicU32,
}

impl Plain {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { home: tempfile::tempdir().unwrap(), started: AtomicU32::new(0) })
    }

    fn start(&self, spec: &SandboxSpec) -> io::Result<Spawned> {
        let number = self.started.fetch_add(1, Ordering::SeqCst);
        let runtime = self.home.path().join(number.to_string());
        std::fs::create_dir(&runtime)?;
        for file in &spec.files {
            std::fs::write(runtime.join(file.path.file_name().unwrap()), &file.contents)?;
        }
        let task = &spec.mounts[0].source;
        let here = |text: &str| {
            let text = text.replace("/var/task", &task.display().to_string());
            text.replace("/var/runtime", &runtime.display().to_string())
        };
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let mut child = Command::new(here(&spec.argv[0]))
            .args(spec.argv[1..].iter().map(|arg| here(arg)))
            .env_clear()
            .envs(spec.env.iter().map(|(name, value)| (name, here(value))))
            // The frame socket is the standard input, so that no other child can inherit it.
            .env(FRAMES_ENV, "0")
            .current_dir(task)
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let output: Vec<OwnedFd> =
            vec![child.stdout.take().unwrap().into(), child.stderr.take().unwrap().into()];
        for pipe in &output {
            rustix::io::ioctl_fionbio(pipe.as_fd(), true)?;
        }
        let pid = child.id();
        let exit = watch::Sender::new(None);
        let seen = exit.subscribe();
        std::thread::spawn(move || {
            let status = child.wait().unwrap();
            let status = match (status.code(), status.signal()) {
                (Some(code), _) => ExitStatus::Code(u8::try_from(code).unwrap()),
                (None, signal) => ExitStatus::Signal(u8::try_from(signal.unwrap()).unwrap()),
            };
            // Nothing limits a child's memory here: one that ends by this signal stands for one that had no more.
            let oom_killed = status == ExitStatus::Signal(NO_MEMORY_SIGNAL);
            exit.send_replace(Some(Exit { status, oom_killed, memory_peak_bytes: 0 }));
        });
        let frames: BoxStream = Box::new(tokio::net::UnixStream::from_std(ours)?);
        let process = Arc::new(Child { pid, exit: seen });
        Ok(Spawned { process, frames: Some(frames), output, door: None, companions: None })
    }
}

impl Spawner for Plain {
    fn spawn(&self, spec: SandboxSpec) -> BoxFuture<'static, Result<Spawned, StartError>> {
        let started = self.start(&spec);
        let program = spec.argv[0].clone();
        Box::pin(async move {
            started.map_err(|error| StartError::Execute { program, reason: error.to_string() })
        })
    }

    fn interpreters(&self) -> BoxFuture<'static, Vec<Interpreter>> {
        let node = std::env::var("WEFT_TEST_NODE").unwrap_or_else(|_| "/usr/bin/node".into());
        let found = |language, path: &str, version: &str| Interpreter {
            language,
            version: version.into(),
            path: path.into(),
            prefix: "/usr".into(),
        };
        let all = vec![
            found(Language::Python, "/usr/bin/python3", &system_python()),
            found(Language::Node, &node, "22.0.0"),
        ];
        Box::pin(async move { all })
    }
}

fn system_python() -> String {
    let name = std::fs::canonicalize("/usr/bin/python3").unwrap();
    name.file_name().unwrap().to_str().unwrap().trim_start_matches("python").to_owned()
}

struct Child {
    pid: u32,
    exit: watch::Receiver<Option<Exit>>,
}

impl Child {
    fn send(&self, signal: rustix::process::Signal) {
        if self.exit.borrow().is_none() {
            let pid = rustix::process::Pid::from_raw(i32::try_from(self.pid).unwrap()).unwrap();
            let _ = rustix::process::kill_process(pid, signal);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.send(rustix::process::Signal::KILL);
    }
}

impl Process for Child {
    fn wait(&self) -> BoxFuture<'static, Exit> {
        let mut exit = self.exit.clone();
        Box::pin(async move { exit.wait_for(Option::is_some).await.unwrap().unwrap() })
    }

    fn kill(&self) -> BoxFuture<'static, Exit> {
        self.send(rustix::process::Signal::KILL);
        self.wait()
    }

    fn signal(&self, _: u8) -> BoxFuture<'static, io::Result<()>> {
        self.send(rustix::process::Signal::TERM);
        Box::pin(async { Ok(()) })
    }

    fn freeze(&self, on: bool) -> BoxFuture<'static, io::Result<()>> {
        self.send(if on { rustix::process::Signal::STOP } else { rustix::process::Signal::CONT });
        Box::pin(async { Ok(()) })
    }

    fn usage(&self) -> BoxFuture<'static, io::Result<Usage>> {
        Box::pin(async {
            Ok(Usage { memory_bytes: 30 << 20, memory_peak_bytes: 40 << 20, ..Usage::default() })
        })
    }

    fn listening(&self) -> BoxFuture<'static, io::Result<Vec<Listening>>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn connect(&self, _: SocketAddr) -> BoxFuture<'static, io::Result<BoxStream>> {
        Box::pin(async { Err(io::ErrorKind::Unsupported.into()) })
    }

    fn pid(&self) -> Option<u32> {
        Some(self.pid)
    }
}

/// Opens no door.
pub(crate) struct NoDoors;

impl Doors for NoDoors {
    fn opened(
        &self,
        _: Arc<WorkerIdentity>,
        _: DoorSockets,
        _: Arc<dyn DoorHandler>,
    ) -> io::Result<DoorGuard> {
        Ok(Box::new(()))
    }
}

/// A runtime over plain children, with its log.
pub(crate) fn runtime(spawner: Arc<dyn Spawner>, config: RuntimeConfig) -> (Arc<Runtime>, Arc<Lines>) {
    let lines = Arc::new(Lines::default());
    let sink = Arc::clone(&lines) as Arc<dyn LogSink>;
    let runtime =
        Runtime::new(config, spawner, Arc::new(NoDoors), sink, Arc::new(NoKeys), Arc::new(SystemClock));
    (runtime, lines)
}
