//! A blank sandbox: everything that does not depend on the program is set up before anybody asks for one.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use libc::sock_filter;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{DumpableBehavior, Signal, set_dumpable_behavior, set_parent_process_death_signal};
use rustix::thread::{CapabilitySet, UnshareFlags};

use super::asked::Supervisor;
use super::confine::{self, User};
use super::etc::Copied;
use super::init::Init;
use super::network::{self, Sockets};
use super::program::Waiting;
use super::root::{self, Step};
use crate::cgroup::Group;
use crate::channel;
use crate::protocol::{BlankMessage, Refusal, encode};
use crate::spec::Network;
use crate::sys;

/// Pages of System V shared memory in all, where no control group counts it: 16 MiB.
const SYSV_SHARED_PAGES: &str = "4096";
/// The setup socket's number; 3 stays free for the frame socket.
const SETUP_NUMBER: i32 = 4;

/// What a blank sandbox is made from; lives in the launcher, and in its forked child.
pub(crate) struct Plan<'a> {
    pub(crate) user: User,
    pub(crate) network: Network,
    pub(crate) group: Option<&'a Group>,
    /// Whether the group limits memory; else the init needs to look at every process.
    pub(crate) memory_limited: bool,
    pub(crate) copied: &'a Copied,
    pub(crate) filter: &'a [sock_filter],
}

/// What the program's process and the init keep, and what goes to the launcher.
struct Ends {
    stdout: OwnedFd,
    stderr: OwnedFd,
    frames: OwnedFd,
    control: OwnedFd,
    status: OwnedFd,
    handed: Vec<OwnedFd>,
    /// From the program's process to the init, for the calls that the init answers.
    asking: Option<OwnedFd>,
    asked: Option<OwnedFd>,
}

impl Plan<'_> {
    /// Runs as the first process of a fresh pid namespace, just forked from the launcher. `setup` is its end of the
    /// socket pair to it.
    pub(crate) fn run(&self, setup: &OwnedFd) -> ! {
        let Ok(setup) = take_over(setup) else { sys::exit_now(1) };
        let (ends, joins) = match self.prepare() {
            Ok(made) => made,
            Err((step, error)) => fail(&setup, step, &error),
        };
        let children = match sys::block_signals() {
            Ok(children) => children,
            Err(error) => fail(&setup, "block signals".to_owned(), &error),
        };
        let Ends { stdout, stderr, frames, control, status, handed, asking, asked } = ends;
        let program = match sys::fork() {
            Ok(Some(program)) => program,
            Ok(None) => {
                drop((control, status, children, handed, asked));
                if let Err(error) = join(joins) {
                    fail(&setup, "join the control groups".to_owned(), &error);
                }
                Waiting { setup, stdout, stderr, frames, asking, user: self.user, filter: self.filter }.run()
            }
            Err(error) => fail(&setup, "fork the program's process".to_owned(), &error),
        };
        // Not before the fork: an order would else wait for a process that could not be made.
        let descriptors: Vec<BorrowedFd<'_>> = handed.iter().map(AsFd::as_fd).collect();
        let told = channel::send(&setup, &encode(&BlankMessage::Ready), &descriptors);
        drop((stdout, stderr, frames, handed, joins, setup, asking));
        if told.is_err() || self.lower().is_err() {
            sys::exit_now(1);
        }
        let (supervisor, own_network) = (Supervisor::default(), self.network == Network::Own);
        Init { control, status, children, asked, program, watched: None, own_network, peak: 0, supervisor }
            .run()
    }

    fn prepare(&self) -> Result<(Ends, Vec<File>), Step> {
        let step = |what: &'static str| move |error: io::Error| (what.to_owned(), error);
        let mut namespaces = UnshareFlags::NEWNS | UnshareFlags::NEWIPC | UnshareFlags::NEWUTS;
        if self.network == Network::Own {
            namespaces |= UnshareFlags::NEWNET;
        }
        sys::unshare(namespaces).map_err(step("make namespaces"))?;
        let sockets = match self.network {
            Network::Own => Some(network::prepare().map_err(|(what, error)| (what.to_owned(), error))?),
            Network::Host => None,
        };
        if !self.memory_limited {
            let _ = std::fs::write("/proc/sys/kernel/shmall", SYSV_SHARED_PAGES);
        }
        let ends = self.ends(sockets).map_err(step("make the streams"))?;
        let joins =
            self.group.map_or_else(|| Ok(Vec::new()), Group::create).map_err(step("make control groups"))?;
        root::enter(self.copied, self.user.seen(), self.network == Network::Own, !self.memory_limited)?;
        Ok((ends, joins))
    }

    fn ends(&self, sockets: Option<Sockets>) -> io::Result<Ends> {
        let (stdout_ours, stdout) = pipe_with(PipeFlags::CLOEXEC)?;
        let (stderr_ours, stderr) = pipe_with(PipeFlags::CLOEXEC)?;
        let (status_ours, status) = pipe_with(PipeFlags::CLOEXEC)?;
        let (control_ours, control) = channel::pair()?;
        let stream = (SocketType::STREAM, SocketFlags::CLOEXEC);
        let (frames_ours, frames) = socketpair(AddressFamily::UNIX, stream.0, stream.1, None)?;
        if let User::Own(id) = self.user {
            // So that the program may open /dev/stdout.
            let owner = (rustix::process::Uid::from_raw(id), rustix::process::Gid::from_raw(id));
            for end in [&stdout, &stderr] {
                rustix::fs::fchown(end, Some(owner.0), Some(owner.1))?;
            }
        }
        let mut handed = vec![status_ours, control_ours, stdout_ours, stderr_ours, frames_ours];
        for end in &handed {
            rustix::io::ioctl_fionbio(end, true)?;
        }
        if let Some(Sockets { door, dns_udp, dns_tcp }) = sockets {
            handed.extend([door, dns_udp, dns_tcp]);
        }
        let (asking, asked) = if self.memory_limited { None } else { Some(channel::pair()?) }.unzip();
        Ok(Ends { stdout, stderr, frames, control, status, handed, asking, asked })
    }

    /// Gives up what the init does not need.
    fn lower(&self) -> io::Result<()> {
        confine::drop_bounding_set()?;
        let kept = if self.memory_limited {
            CapabilitySet::KILL
        } else {
            CapabilitySet::KILL | CapabilitySet::SYS_PTRACE
        };
        confine::keep_capabilities(kept)
    }
}

/// Leaves everything of the launcher behind but the setup socket.
fn take_over(setup: &OwnedFd) -> io::Result<OwnedFd> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    sys::duplicate_to(setup, SETUP_NUMBER)?;
    sys::close_from(SETUP_NUMBER + 1)?;
    let setup = sys::adopt(SETUP_NUMBER);
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    for number in 0..=3 {
        sys::duplicate_to(&null, number)?;
    }
    // 3 is a placeholder that the program's frame socket replaces.
    if null.as_raw_fd() <= 3 {
        std::mem::forget(null);
    }
    rustix::io::fcntl_setfd(&setup, rustix::io::FdFlags::CLOEXEC)?;
    // The launcher may have died before its death could send a signal.
    let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
    let mut peer = [PollFd::new(&setup, PollFlags::empty())];
    if poll(&mut peer, Some(&zero))? > 0 {
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    Ok(setup)
}

/// Moves this process into its control groups, and hides where they are.
fn join(groups: Vec<File>) -> io::Result<()> {
    for mut group in groups {
        group.write_all(b"0")?;
    }
    sys::unshare(UnshareFlags::NEWCGROUP)
}

fn fail(setup: &OwnedFd, step: String, error: &io::Error) -> ! {
    let _ = channel::send(setup, &encode(&BlankMessage::Failed(Refusal::setup(step, error))), &[]);
    sys::exit_now(1)
}
