//! The first process of a sandbox: it reaps, hands out sockets, and tells how the program ended.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, WaitOptions, WaitStatus, wait};

use super::asked::Supervisor;
use super::{network, watchdog};
use crate::channel;
use crate::protocol::{InitAnswer, InitRequest, decode, encode};
use crate::spec::{Exit, ExitStatus};
use crate::sys;

/// The most sockets for one request.
const SOCKETS_MAX: u8 = 32;
/// The signal that nothing escapes.
const KILL: u8 = 9;

/// What the init holds.
pub(crate) struct Init {
    /// To the server (before the start, to the launcher); its end ends the sandbox.
    pub(crate) control: OwnedFd,
    /// Takes [`report`]'s bytes.
    pub(crate) status: OwnedFd,
    /// Readable when a child has ended.
    pub(crate) children: OwnedFd,
    /// Over which the program's process sends the listener of its filter.
    pub(crate) asked: Option<OwnedFd>,
    /// The program's process and process group.
    pub(crate) program: Pid,
    /// The memory limit that the watchdog holds, if it is needed.
    pub(crate) watched: Option<u64>,
    /// Whether the network namespace is the sandbox's alone.
    pub(crate) own_network: bool,
    /// The most memory that the watchdog saw.
    pub(crate) peak: u64,
    /// Answers the calls for which the filter asks.
    pub(crate) supervisor: Supervisor,
}

/// The length of a [`report`].
pub(crate) const REPORT_BYTES: usize = 11;

/// How a program ended, as the init tells the launcher.
pub(crate) fn report(exit: Exit) -> [u8; REPORT_BYTES] {
    let (kind, value) = match exit.status {
        ExitStatus::Code(code) => (0, code),
        ExitStatus::Signal(signal) => (1, signal),
    };
    let mut bytes = [0; REPORT_BYTES];
    bytes[..3].copy_from_slice(&[kind, value, u8::from(exit.oom_killed)]);
    bytes[3..].copy_from_slice(&exit.memory_peak_bytes.to_le_bytes());
    bytes
}

/// Reads what [`report`] wrote.
pub(crate) fn parse_report(bytes: [u8; REPORT_BYTES]) -> Exit {
    let [kind, value, oom_killed, peak @ ..] = bytes;
    let status = if kind == 0 { ExitStatus::Code(value) } else { ExitStatus::Signal(value) };
    Exit { status, oom_killed: oom_killed != 0, memory_peak_bytes: u64::from_le_bytes(peak) }
}

impl Init {
    /// Runs until the program has ended or nobody holds the control socket. The kernel then kills what is left.
    pub(crate) fn run(mut self) -> ! {
        loop {
            let pause = self.watched.and_then(|limit| Timespec::try_from(self.watch(limit)).ok());
            let calls = self.supervisor.listener.as_ref().or(self.asked.as_ref());
            let mut ready: Vec<PollFd<'_>> = [&self.control, &self.children]
                .into_iter()
                .chain(calls)
                .map(|descriptor| PollFd::new(descriptor, PollFlags::IN))
                .collect();
            let _ = poll(&mut ready, pause.as_ref());
            let is = |at: usize| ready.get(at).is_some_and(|ready| !ready.revents().is_empty());
            let (asked, reaped, called) = (is(0), is(1), is(2));
            if reaped {
                self.reap();
            }
            if asked {
                self.answer();
            }
            if called {
                self.answer_call();
            }
        }
    }

    /// Looks at the memory in use, and ends a sandbox that has too much. Returns for how long to look away.
    fn watch(&mut self, limit: u64) -> Duration {
        let mut used = watchdog::memory(false, self.supervisor.objects.bytes(), self.bounds(limit));
        if used > limit {
            // The second look forgets the shared memory that the first one missed.
            self.supervisor.look(None);
            self.supervisor.look(None);
            used = watchdog::memory(true, self.supervisor.objects.bytes(), self.bounds(limit));
        }
        self.peak = self.peak.max(used);
        if used > limit {
            self.end(ExitStatus::Signal(KILL), true);
        }
        watchdog::pause(limit, used)
    }

    fn bounds(&self, limit: u64) -> watchdog::Bounds {
        watchdog::Bounds { limit, own_network: self.own_network }
    }

    fn answer_call(&mut self) {
        if self.supervisor.listener.is_some() {
            // No program runs before its limit is told.
            return self.supervisor.answer(self.bounds(self.watched.unwrap_or(0)));
        }
        // The only message; an end without it means that the program was never executed.
        let message = self.asked.take().and_then(|asked| channel::receive(asked, false).ok().flatten());
        self.supervisor.listener = message.and_then(|mut packet| packet.descriptors.pop());
    }

    fn end(&self, status: ExitStatus, oom_killed: bool) -> ! {
        let exit = Exit { status, oom_killed, memory_peak_bytes: self.peak };
        let _ = rustix::io::write(&self.status, &report(exit));
        sys::exit_now(0)
    }

    fn reap(&self) {
        let mut drained = [0u8; 128 * 8];
        let _ = rustix::io::read(&self.children, &mut drained);
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            if pid == self.program {
                self.end(exit_status(status), false);
            }
        }
    }

    fn answer(&mut self) {
        let Ok(Some(packet)) = channel::receive(&self.control, false) else {
            // The server dropped it, or sent what no server sends.
            self.end(ExitStatus::Signal(KILL), false)
        };
        let Ok((number, request)) = decode::<(u32, InitRequest)>(&packet.bytes) else { return };
        let mut sockets = Vec::new();
        let answer = match request {
            InitRequest::Watch { memory_bytes } => {
                self.watched = Some(memory_bytes);
                return;
            }
            InitRequest::Sockets { v6, count } => (0..count.clamp(1, SOCKETS_MAX))
                .map(|_| network::unconnected(v6))
                .collect::<io::Result<Vec<_>>>()
                .map(|made| {
                    sockets = made;
                    InitAnswer::Sockets
                }),
            InitRequest::Listening => Ok(InitAnswer::Listening(listening())),
            InitRequest::Signal { number } => {
                sys::signal_group(self.program, i32::from(number)).map(|()| InitAnswer::Done)
            }
            InitRequest::Freeze { on } => {
                let signal = if on { libc::SIGSTOP } else { libc::SIGCONT };
                sys::signal_everyone(signal).map(|()| InitAnswer::Done)
            }
            InitRequest::Usage => Ok(InitAnswer::Usage(watchdog::usage(
                self.peak,
                self.supervisor.objects.bytes(),
                self.bounds(self.watched.unwrap_or(u64::MAX)),
            ))),
        };
        let answer =
            answer.unwrap_or_else(|error| InitAnswer::Failed(error.raw_os_error().unwrap_or(libc::EIO)));
        let descriptors: Vec<_> = sockets.iter().map(AsFd::as_fd).collect();
        let _ = channel::send(&self.control, &encode(&(number, answer)), &descriptors);
    }
}

/// Decodes a child's end.
pub(crate) fn exit_status(status: WaitStatus) -> ExitStatus {
    let number = |value: i32| u8::try_from(value).unwrap_or(u8::MAX);
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => ExitStatus::Code(number(code)),
        (None, signal) => ExitStatus::Signal(signal.map_or(KILL, number)),
    }
}

fn listening() -> Vec<(std::net::IpAddr, u16)> {
    let mut found = Vec::new();
    for table in ["/proc/self/net/tcp", "/proc/self/net/tcp6"] {
        network::parse_listening(&fs::read_to_string(table).unwrap_or_default(), &mut found);
    }
    found
}
