//! From a blank sandbox to a running program: the process that waits for the order and becomes the program.

use std::convert::Infallible;
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use landlock::RulesetCreated;
use libc::sock_filter;

use super::companions;
use super::confine::{self, User};
use super::root::{self, Step};
use crate::channel::{self, Packet};
use crate::protocol::{BlankMessage, Order, Refusal, decode, encode};
use crate::spec::FRAMES_ENV;
use crate::{seccomp, sys};

/// The descriptor under which a program finds its frame socket.
const FRAMES_NUMBER: i32 = 3;

/// What the program's process holds while it waits.
pub(crate) struct Waiting<'a> {
    /// To the launcher; closed by the execution of the program.
    pub(crate) setup: OwnedFd,
    pub(crate) stdout: OwnedFd,
    pub(crate) stderr: OwnedFd,
    /// The program's end of the frame socket.
    pub(crate) frames: OwnedFd,
    /// To the init, where it answers calls for which the filter asks.
    pub(crate) asking: Option<OwnedFd>,
    pub(crate) user: User,
    pub(crate) filter: &'a [sock_filter],
}

impl Waiting<'_> {
    /// Waits for the order and carries it out.
    pub(crate) fn run(self) -> ! {
        let refusal = match confine::wall() {
            Ok(wall) => match channel::receive(&self.setup, true) {
                Ok(Some(packet)) => self.carry_out(packet, wall),
                // Not needed any more.
                _ => sys::exit_now(0),
            },
            Err(error) => Refusal::setup("prepare landlock", &error),
        };
        let _ = channel::send(&self.setup, &encode(&BlankMessage::Failed(refusal)), &[]);
        sys::exit_now(127)
    }

    /// Returns only if it fails.
    fn carry_out(&self, packet: Packet, wall: RulesetCreated) -> Refusal {
        let Packet { bytes, mut descriptors } = packet;
        let order: Order = match decode(&bytes) {
            Ok(order) => order,
            Err(error) => return Refusal::setup("read the order", &error),
        };
        let beside = descriptors.split_off(order.targets.len().min(descriptors.len()));
        if let Err((step, error)) = self.prepare(&order, &descriptors, wall) {
            return Refusal::setup(step, &error);
        }
        drop(descriptors);
        if !order.companions.is_empty() {
            return match self.supervise(&order, beside) {
                Ok(never) => match never {},
                Err(error) => Refusal::setup("start the companions", &error),
            };
        }
        let mut command = Command::new(&order.argv[0]);
        command.args(&order.argv[1..]).env_clear().envs(order.env.iter().map(|(name, value)| (name, value)));
        if order.frames {
            command.env(FRAMES_ENV, FRAMES_NUMBER.to_string());
        }
        let error = command.exec();
        Refusal::Execute { program: order.argv[0].clone(), reason: error.to_string() }
    }

    /// Starts the companions, and goes on beside them.
    fn supervise(&self, order: &Order, beside: Vec<OwnedFd>) -> io::Result<Infallible> {
        let [output, link]: [OwnedFd; 2] =
            beside.try_into().map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        // The frame socket is not for companions.
        let started = companions::start(order, &output, link)?;
        self.arrange(order.frames)?;
        drop(output);
        // The launcher takes the end of this socket for the start.
        rustix::net::shutdown(&self.setup, rustix::net::Shutdown::Both)?;
        started.run()
    }

    fn prepare(&self, order: &Order, mounts: &[OwnedFd], wall: RulesetCreated) -> Result<(), Step> {
        let step = |what: &'static str| move |error: io::Error| (what.to_owned(), error);
        for (target, tree) in order.targets.iter().zip(mounts) {
            root::put(Path::new("/"), &target.path, target.folder, tree)
                .map_err(|error| (format!("mount `{}`", target.path.display()), error))?;
        }
        for file in &order.files {
            write(&file.path, &file.contents, file.executable)
                .map_err(|error| (format!("write `{}`", file.path.display()), error))?;
        }
        write_machine_files(order).map_err(step("write the machine's files"))?;
        root::seal(order.limits.tmp_bytes, order.limits.memory_bytes / 2).map_err(step("seal the root"))?;
        rustix::system::sethostname(order.host_name.as_bytes())
            .map_err(|e| step("set the host name")(e.into()))?;
        // Where memory runs out in spite of all limits, programs go before the server does.
        let _ = fs::write("/proc/self/oom_score_adj", "500");
        rustix::process::setsid().map_err(|error| step("begin a session")(error.into()))?;
        confine::limit(&order.limits).map_err(step("set resource limits"))?;
        let writable = order.targets.iter().filter(|target| target.writable);
        confine::close(wall, writable.map(|target| target.path.as_path()))
            .map_err(|error| step("set landlock up")(io::Error::other(error)))?;
        confine::become_user(self.user, &order.limits).map_err(step("become an ordinary user"))?;
        rustix::process::chdir(&order.cwd)
            .map_err(|error| step("enter the working directory")(error.into()))?;
        self.arrange(order.frames && order.companions.is_empty()).map_err(step("arrange descriptors"))?;
        sys::default_signals();
        self.filter_calls().map_err(step("install the seccomp filter"))
    }

    fn filter_calls(&self) -> io::Result<()> {
        let Some(asking) = &self.asking else { return sys::install_filter(self.filter) };
        match sys::install_asking_filter(self.filter) {
            Ok(listener) => channel::send(asking, &[], &[listener.as_fd()]),
            // Around all of Weft is a filter that asks already, and the kernel allows one.
            Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {
                sys::install_filter(&seccomp::without_answers(self.filter))
            }
            Err(error) => Err(error),
        }
    }

    /// Standard output and error, the frame socket; everything else is closed by the execution.
    fn arrange(&self, frames: bool) -> io::Result<()> {
        sys::close_from_on_exec(FRAMES_NUMBER)?;
        sys::duplicate_to(&self.stdout, 1)?;
        sys::duplicate_to(&self.stderr, 2)?;
        if frames {
            debug_assert!(
                self.setup.as_raw_fd() != FRAMES_NUMBER,
                "the blank sandbox keeps this number free"
            );
            sys::duplicate_to(&self.frames, FRAMES_NUMBER)?;
        }
        Ok(())
    }
}

fn write(path: &Path, contents: &[u8], executable: bool) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, contents)?;
    fs::set_permissions(path, fs::Permissions::from_mode(if executable { 0o555 } else { 0o444 }))
}

/// The host's name, and the memory limit where language runtimes look for it.
fn write_machine_files(order: &Order) -> io::Result<()> {
    fs::write("/etc/hosts", &order.hosts)?;
    fs::write("/etc/hostname", &order.host_name)?;
    let groups = Path::new("/sys/fs/cgroup");
    let memory = order.limits.memory_bytes.to_string();
    fs::write(groups.join("memory.max"), &memory)?;
    fs::write(groups.join("memory/memory.limit_in_bytes"), &memory)
}
