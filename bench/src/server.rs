//! The server under test: started, measured from outside, and ended by its process id.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// How long a server may take until it is ready.
const READY_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a server may take to end after SIGTERM; then it is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(15);
/// How long `weft up` may take.
const UP_TIMEOUT: Duration = Duration::from_secs(90);

/// The release binary and the folders of one benchmark.
#[derive(Debug)]
pub(crate) struct Weft {
    binary: PathBuf,
    /// Holds data folders and the server's messages; removed at the end.
    folder: tempfile::TempDir,
}

/// A running server.
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// From the start of its process to its ready line.
    pub(crate) ready: Duration,
}

/// An access key, as `weft env` prints it.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) credentials: weft_wire::sigv4::Credentials,
    pub(crate) region: String,
}

impl Weft {
    /// The binary that `WEFT_BINARY` names, else the one beside this program.
    pub(crate) fn find() -> Result<Self, String> {
        let named = std::env::var_os("WEFT_BINARY").map(PathBuf::from);
        let beside = || {
            let own = std::env::current_exe().map_err(|error| error.to_string())?;
            Ok::<_, String>(own.with_file_name("weft"))
        };
        let binary = named.map_or_else(beside, Ok)?;
        if !binary.is_file() {
            return Err(format!(
                "there is no binary `{}`: build it with `cargo build --release --bin weft`, or set WEFT_BINARY",
                binary.display()
            ));
        }
        let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
        Ok(Self { binary, folder })
    }

    /// A path within the benchmark's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Whether its folder lies in memory, where a sync costs nothing.
    pub(crate) fn in_memory(&self) -> bool {
        const TMPFS: i64 = 0x0102_1994;
        rustix::fs::statfs(self.folder.path()).is_ok_and(|found| found.f_type == TMPFS)
    }

    /// Starts a server on a data folder and waits until it is ready.
    pub(crate) async fn start(&self, data: &Path, plane: Option<&str>) -> Result<Server, String> {
        let messages = self.path("server.log");
        let log = std::fs::File::create(&messages).map_err(|error| error.to_string())?;
        let mut command = self.command(data);
        command.args(["server", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(log);
        if let Some(plane) = plane {
            command.env("WEFT_DATA_PLANE", plane);
        }
        let began = Instant::now();
        let mut child = command.spawn().map_err(|error| format!("the server did not start: {error}"))?;
        let stdout = child.stdout.take().ok_or("the server has no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let line = tokio::time::timeout(READY_TIMEOUT, lines.next_line()).await;
        let ready = began.elapsed();
        let address = match &line {
            Ok(Ok(Some(line))) => line
                .split("http://")
                .nth(1)
                .and_then(|rest| rest.split_whitespace().next())
                .and_then(|text| text.trim_end_matches(',').parse().ok()),
            _ => None,
        };
        let Some(address) = address else {
            let _ = child.kill().await;
            let said = std::fs::read_to_string(&messages).unwrap_or_default();
            return Err(format!("the server was not ready: {line:?} {}", said.trim()));
        };
        Ok(Server { child, address, ready })
    }

    /// Deploys a folder to the server of a data folder.
    pub(crate) async fn up(&self, data: &Path, folder: &Path) -> Result<(), String> {
        let mut command = self.command(data);
        command.arg("up").arg(folder).arg("--detach");
        let output = tokio::time::timeout(UP_TIMEOUT, command.output()).await;
        let output = output.map_err(|_| format!("`weft up` took more than {UP_TIMEOUT:?}"))?;
        let output = output.map_err(|error| error.to_string())?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!("`weft up` failed: {}", String::from_utf8_lossy(&output.stderr).trim()))
    }

    /// The key of the server of a data folder.
    pub(crate) async fn access(&self, data: &Path) -> Result<Access, String> {
        let output = self.command(data).args(["env", "--json"]).output().await;
        let output = output.map_err(|error| error.to_string())?;
        let object: serde_json::Value = serde_json::from_slice(&output.stdout).map_err(|error| {
            format!("`weft env` failed ({error}): {}", String::from_utf8_lossy(&output.stderr).trim())
        })?;
        let text = |name: &str| {
            let value = object.get(name).and_then(serde_json::Value::as_str);
            value.map(ToOwned::to_owned).ok_or_else(|| format!("`weft env` prints no {name}"))
        };
        let credentials = weft_wire::sigv4::Credentials {
            access_key_id: text("AWS_ACCESS_KEY_ID")?,
            secret: text("AWS_SECRET_ACCESS_KEY")?,
            session_token: None,
        };
        Ok(Access { credentials, region: text("AWS_REGION")? })
    }

    /// Requests that the workers of a function have served, while they live.
    pub(crate) async fn served(&self, data: &Path, function: &str) -> Result<u64, String> {
        let output = self.command(data).args(["ps", "--json"]).output().await;
        let output = output.map_err(|error| error.to_string())?;
        let object: serde_json::Value = serde_json::from_slice(&output.stdout).map_err(|error| {
            format!("`weft ps` failed ({error}): {}", String::from_utf8_lossy(&output.stderr).trim())
        })?;
        let workers = object["workers"].as_array().ok_or("`weft ps` shows no workers")?;
        let own = workers.iter().filter(|worker| worker["name"] == function);
        Ok(own.filter_map(|worker| worker["served"].as_u64()).sum())
    }

    fn command(&self, data: &Path) -> Command {
        let mut command = Command::new(&self.binary);
        for name in
            ["WEFT_LISTEN", "WEFT_EDGE", "WEFT_ADMIN_KEY", "WEFT_STORE", "WEFT_ENDPOINT", "AWS_REGION"]
        {
            command.env_remove(name);
        }
        command.env("WEFT_DATA", data).stdin(Stdio::null()).kill_on_drop(true);
        command
    }
}

impl Server {
    /// Its process.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Ends it in order; kills it where that takes too long.
    pub(crate) async fn stop(mut self) -> Result<(), String> {
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        if let Ok(ended) = tokio::time::timeout(STOP_TIMEOUT, self.child.wait()).await {
            return ended.map(drop).map_err(|error| error.to_string());
        }
        let _ = self.child.kill().await;
        Err(format!("the server did not end within {STOP_TIMEOUT:?} of SIGTERM and was killed"))
    }
}
