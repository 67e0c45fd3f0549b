//! Starting a server where none runs, and stopping it again.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::failure::Failure;

/// How long a server may take until it is ready.
const READY_TIMEOUT: Duration = Duration::from_mins(1);
/// How long a server may take to drain and stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(40);

/// A server that this command started.
pub(crate) struct Launched {
    child: Child,
}

/// Starts a server and waits until it is ready. Its messages go to `server.log` in the data folder; when it fails before it is ready, they are the failure's text.
pub(crate) async fn launch(data: &Path, listen: SocketAddr) -> Result<Launched, Failure> {
    let program =
        std::env::current_exe().map_err(|error| told("this program's own file is not known", &error))?;
    let (log, log_path) = log_file(data)?;
    let mut command = std::process::Command::new(program);
    command.arg("server").arg("--data").arg(data).arg("--listen").arg(listen.to_string());
    // A group of its own: Ctrl-C is for this command, which then stops the server in order.
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::from(log)).process_group(0);
    let mut child =
        Command::from(command).spawn().map_err(|error| told("the server did not start", &error))?;
    let stdout =
        child.stdout.take().ok_or_else(|| Failure::Told("the server has no standard output".to_owned()))?;
    let mut lines = BufReader::new(stdout).lines();
    let ready = tokio::time::timeout(READY_TIMEOUT, lines.next_line()).await;
    match ready {
        Ok(Ok(Some(line))) if line.starts_with("weft ready on ") => Ok(Launched { child }),
        Ok(_) => {
            let _ = child.wait().await;
            let text = std::fs::read_to_string(&log_path).unwrap_or_default();
            Err(Failure::Told(server_words(&text)))
        }
        Err(_) => {
            let _ = child.kill().await;
            Err(Failure::Told(format!(
                "the server was not ready within {READY_TIMEOUT:?}; its messages are in `{}`",
                log_path.display()
            )))
        }
    }
}

/// The server's own words, without the prefix that this command prints again.
fn server_words(text: &str) -> String {
    let said = text.lines().filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("\n");
    let said = said.strip_prefix("weft: ").unwrap_or(&said);
    if said.is_empty() {
        "the server ended before it was ready, without a word".to_owned()
    } else {
        said.to_owned()
    }
}

fn told(what: &str, error: &io::Error) -> Failure {
    Failure::Told(format!("{what}: {error}"))
}

/// A private file for the server's messages, in the data folder.
fn log_file(data: &Path) -> Result<(File, PathBuf), Failure> {
    let path = data.join("server.log");
    let made = std::fs::create_dir_all(data)
        .and_then(|()| File::options().create(true).write(true).truncate(true).mode(0o600).open(&path));
    made.map(|file| (file, path))
        .map_err(|error| told("a file for the server's messages cannot be made", &error))
}

impl Launched {
    /// Lets it run on after this command.
    pub(crate) fn leave(self) {
        // Tokio's child is not killed when it is dropped.
        drop(self.child);
    }

    /// Drains and stops it; kills it where it takes too long.
    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        let pid =
            self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        match tokio::time::timeout(STOP_TIMEOUT, self.child.wait()).await {
            Ok(_) => Ok(()),
            Err(_) => {
                let _ = self.child.kill().await;
                Err(Failure::Told(format!("the server did not stop within {STOP_TIMEOUT:?} and was killed")))
            }
        }
    }
}
