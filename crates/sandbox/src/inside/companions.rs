//! A program with companions: one more process of the sandbox starts them, and the program when it is told to, and tells
//! how each ended.
//!
//! That process is as confined as what it starts. It is the program's process to the init, so that the sandbox ends with it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, Stdio};

use rustix::event::{PollFd, PollFlags, poll};

use crate::protocol::Order;
use crate::spec::{Companion, CompanionEnd, CompanionEnding, ExitStatus, FRAMES_ENV};
use crate::sys;

/// The order to start the program.
pub(crate) const START: u8 = b's';
/// The order to kill it, and nothing else.
pub(crate) const KILL: u8 = b'k';

/// What is running.
struct Supervised<'a> {
    order: &'a Order,
    /// The other end's orders come here, and reports go back.
    link: OwnedFd,
    children: Vec<(u8, Child)>,
}

/// Starts the companions now, with `output` as their standard output and error.
pub(crate) fn start<'a>(order: &'a Order, output: &OwnedFd, link: OwnedFd) -> io::Result<Started<'a>> {
    let ended = sys::block_signals()?;
    let mut supervised = Supervised { order, link, children: Vec::new() };
    for (index, companion) in (1..).zip(&order.companions) {
        let command = command(&companion.argv, &companion.env);
        supervised.spawn(index, apart(command, output, companion)?);
    }
    Ok(Started { supervised, ended })
}

/// Companions that run.
pub(crate) struct Started<'a> {
    supervised: Supervised<'a>,
    ended: OwnedFd,
}

impl Started<'_> {
    /// Serves the link until its other end is closed.
    pub(crate) fn run(mut self) -> ! {
        loop {
            let mut ready = [&self.supervised.link, &self.ended].map(|fd| PollFd::new(fd, PollFlags::IN));
            let _ = poll(&mut ready, None);
            let [told, ended] = ready.map(|ready| !ready.revents().is_empty());
            if ended {
                let mut drained = [0_u8; 128 * 8];
                let _ = rustix::io::read(&self.ended, &mut drained);
                self.supervised.reap();
            }
            if told {
                self.supervised.obey();
            }
        }
    }
}

impl Supervised<'_> {
    fn spawn(&mut self, index: u8, mut command: Command) {
        sys::spawn_with_default_signals(&mut command);
        match command.spawn() {
            Ok(child) => self.children.push((index, child)),
            Err(error) => {
                let number = error.raw_os_error().and_then(|number| u8::try_from(number).ok());
                self.tell(index, CompanionEnding::NotStarted(number.unwrap_or(0)));
            }
        }
    }

    fn obey(&mut self) {
        let mut order = [0];
        match rustix::io::read(&self.link, &mut order) {
            Ok(1) if order[0] == START => {
                let mut command = command(&self.order.argv, &self.order.env);
                if self.order.frames {
                    command.env(FRAMES_ENV, "3");
                }
                self.spawn(0, command);
            }
            Ok(1) if order[0] == KILL => {
                if let Some((_, child)) = self.children.iter_mut().find(|(index, _)| *index == 0) {
                    let _ = child.kill();
                }
            }
            Ok(1) | Err(rustix::io::Errno::INTR) => {}
            _ => sys::exit_now(0),
        }
    }

    fn reap(&mut self) {
        let mut ended = Vec::new();
        self.children.retain_mut(|(index, child)| match child.try_wait() {
            Ok(None) => true,
            Ok(Some(status)) => {
                let number = |value: i32| u8::try_from(value).unwrap_or(u8::MAX);
                ended.push((
                    *index,
                    match (status.code(), status.signal()) {
                        (Some(code), _) => ExitStatus::Code(number(code)),
                        (None, signal) => ExitStatus::Signal(signal.map_or(9, number)),
                    },
                ));
                false
            }
            Err(_) => false,
        });
        for (index, status) in ended {
            self.tell(index, CompanionEnding::Ended(status));
        }
    }

    fn tell(&self, index: u8, ending: CompanionEnding) {
        let report = CompanionEnd { index, ending }.encode();
        let _ = rustix::io::write(self.link.as_fd(), &report);
    }
}

fn command(argv: &[String], env: &[(String, String)]) -> Command {
    let mut command = Command::new(&argv[0]);
    command.args(&argv[1..]).env_clear().envs(env.iter().map(|(name, value)| (name, value)));
    command
}

/// In a process group of its own: signals to the program's are not for companions.
fn apart(mut command: Command, output: &OwnedFd, companion: &Companion) -> io::Result<Command> {
    command
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::from(output.try_clone()?))
        .stderr(Stdio::from(output.try_clone()?))
        .current_dir(&companion.cwd);
    Ok(command)
}
