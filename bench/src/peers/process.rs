//! Peers' processes: started each in a process group of its own, which is ended with it.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::process::{Child, Command};

/// How long a peer may take until it accepts connections.
const READY_TIMEOUT: Duration = Duration::from_mins(1);
/// How long one may take to end after SIGTERM.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// What was started, in order.
#[derive(Default)]
pub(super) struct Running(Vec<Child>);

impl Running {
    /// Starts a program; what it prints goes to `said.log` of the folder.
    pub(super) fn start(&mut self, command: &mut Command, work: &Path) -> Result<(), String> {
        let log = File::options().create(true).append(true).open(work.join("said.log"));
        let log = log.map_err(|error| error.to_string())?;
        let errors = log.try_clone().map_err(|error| error.to_string())?;
        let program = command.as_std().get_program().to_string_lossy().into_owned();
        command.current_dir(work).env("TMPDIR", work).process_group(0).kill_on_drop(true);
        let child = command.stdin(Stdio::null()).stdout(log).stderr(errors).spawn();
        self.0.push(child.map_err(|error| format!("`{program}` cannot be run: {error}"))?);
        Ok(())
    }

    /// Waits until the last that was started accepts connections.
    pub(super) async fn accepts(&mut self, address: SocketAddr) -> Result<(), String> {
        let began = Instant::now();
        while tokio::net::TcpStream::connect(address).await.is_err() {
            let ended = self.0.last_mut().map(Child::try_wait);
            if let Some(Ok(Some(status))) = ended {
                return Err(format!("it ended ({status}) before it listened on {address}"));
            }
            if began.elapsed() > READY_TIMEOUT {
                return Err(format!("it did not listen on {address} within {READY_TIMEOUT:?}"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Ends them by their ids, the last first, and what is left of their groups.
    pub(super) async fn stop(self) {
        for mut child in self.0.into_iter().rev() {
            let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
            let Some(pid) = id else { continue };
            let _ = kill_process(pid, Signal::TERM);
            let _ = tokio::time::timeout(STOP_TIMEOUT, child.wait()).await;
            // The group keeps its id while a member lives; where none does, nobody is hit.
            let _ = kill_process_group(pid, Signal::KILL);
            let _ = child.kill().await;
        }
    }
}

/// The last lines of what a peer printed, for a failure.
pub(super) fn said(work: &Path) -> String {
    let text = std::fs::read_to_string(work.join("said.log")).unwrap_or_default();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = lines[lines.len().saturating_sub(4)..].join(" / ");
    if last.is_empty() { last } else { format!("; it said: {}", last.chars().take(400).collect::<String>()) }
}

/// An address of this machine alone that nobody has now.
pub(super) fn free() -> Result<SocketAddr, String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?;
    listener.local_addr().map_err(|error| error.to_string())
}
