//! The launcher's process: single-threaded, it forks sandboxes, watches them, and answers the server.

mod answers;
mod cells;
mod interpreters;
mod mode;
mod sources;

use std::cell::OnceCell;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use libc::sock_filter;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode as FileMode, OFlags};

use crate::cgroup::{Driver, Environment, Group};
use crate::channel;
use crate::error::LaunchError;
use crate::inside::etc::Copied;
use crate::protocol::{Event, Refusal, Request, decode, encode};
use crate::report::{Mode, Report};
use crate::spec::{Interpreter, SandboxSpec};
use crate::start::{LauncherConfig, LauncherLink};
use crate::sys;
use cells::Cell;

/// More answers than this wait for the server: it is asked for nothing new until it reads.
const OUTGOING_MAX: usize = 256;
/// How often groups are tried that could not be removed yet.
const LEFTOVER_PAUSE_MILLIS: u32 = 50;
/// How long a started program has the machine to itself before spare sandboxes are made, while there is one left.
const REFILL_PAUSE: Duration = Duration::from_millis(4);

pub(crate) fn fork(config: &LauncherConfig) -> Result<LauncherLink, LaunchError> {
    let threads = sys::thread_count();
    if threads > 1 {
        return Err(LaunchError::Threaded { threads });
    }
    let system = |step| move |source| LaunchError::System { step, source };
    let (ours, theirs) = channel::pair().map_err(system("make the launcher's socket"))?;
    if sys::fork().map_err(system("fork the launcher"))?.is_some() {
        return Ok(LauncherLink { socket: ours });
    }
    drop(ours);
    sys::forget_beginning("weft launcher", "WEFT_ADMIN_KEY");
    // A root may be reached through symbolic links, but not through one that the server makes later.
    let real = |root: &std::path::PathBuf| root.canonicalize().unwrap_or_else(|_| root.clone());
    let config =
        LauncherConfig { source_roots: config.source_roots.iter().map(real).collect(), ..config.clone() };
    let outcome = catch_unwind(AssertUnwindSafe(|| Launcher::run(theirs, &config)));
    sys::exit_now(i32::from(!matches!(outcome, Ok(Ok(())))))
}

/// The launcher's whole state.
struct Launcher<'a> {
    config: &'a LauncherConfig,
    link: OwnedFd,
    /// Readable when a child has ended.
    children: OwnedFd,
    mode: Mode,
    driver: Option<Driver>,
    copied: Copied,
    filter: OnceCell<Vec<sock_filter>>,
    /// Sandboxes by slot, from blank to dying.
    cells: BTreeMap<u32, Cell>,
    next_slot: u32,
    /// Starts that wait for a blank sandbox.
    queue: VecDeque<(u64, Box<SandboxSpec>)>,
    /// The last blank sandbox could not be made; the next start tries again.
    broken: Option<Refusal>,
    /// When spare sandboxes are made again.
    refill_at: Option<Instant>,
    /// Groups that still had a process when their sandbox ended.
    leftovers: Vec<Group>,
    outgoing: VecDeque<(Vec<u8>, Vec<OwnedFd>)>,
    interpreters: interpreters::Finder,
}

impl<'a> Launcher<'a> {
    fn run(link: OwnedFd, config: &'a LauncherConfig) -> io::Result<()> {
        settle()?;
        let children = sys::block_signals()?;
        let (mode, missing) = mode::enter();
        let label = format!("weft-{}", std::process::id());
        let driver = match mode {
            Mode::None => None,
            _ => Environment::read().ok().and_then(|environment| Driver::detect(&environment, &label)),
        };
        let mut launcher = Self {
            config,
            link,
            children,
            mode,
            driver,
            copied: Copied::read(),
            filter: OnceCell::new(),
            cells: BTreeMap::new(),
            // Two servers on one machine begin apart, so that their workers are different users.
            next_slot: (std::process::id() & 0x3FF) << 10,
            queue: VecDeque::new(),
            broken: None,
            refill_at: None,
            leftovers: Vec::new(),
            outgoing: VecDeque::new(),
            interpreters: interpreters::Finder::default(),
        };
        let report = launcher.introduce(missing);
        launcher.mode = report.mode;
        launcher.tell(&Event::Hello(report), Vec::new());
        launcher.refill();
        while launcher.turn()? {}
        launcher.close();
        Ok(())
    }

    /// Tries the machine with a first blank sandbox.
    fn introduce(&mut self, missing: Option<mode::Missing>) -> Report {
        let mut missing = missing;
        if missing.is_none() {
            self.make_blank(crate::spec::Network::Own);
            while self.broken.is_none() && !self.cells.values().any(Cell::is_spare) {
                if !self.turn().unwrap_or(false) {
                    break;
                }
            }
            missing = self.broken.take().map(|refusal| mode::explain(&refusal));
        }
        mode::report(self.mode, missing, self.driver.as_ref())
    }

    /// Waits for something to happen and handles it; false when the server is gone.
    fn turn(&mut self) -> io::Result<bool> {
        let waiting: Vec<u32> =
            self.cells.iter().filter(|(_, cell)| cell.setup.is_some()).map(|(s, _)| *s).collect();
        let mut wanted = PollFlags::empty();
        if self.outgoing.len() < OUTGOING_MAX {
            wanted |= PollFlags::IN;
        }
        if !self.outgoing.is_empty() {
            wanted |= PollFlags::OUT;
        }
        let (link, children, finder, setups) = {
            let mut polled =
                vec![PollFd::new(&self.link, wanted), PollFd::new(&self.children, PollFlags::IN)];
            // The link stands in where nothing is looked for; its events of no kind never come.
            let finder = self.interpreters.socket().map_or(self.link.as_fd(), AsFd::as_fd);
            let looking =
                if self.interpreters.socket().is_some() { PollFlags::IN } else { PollFlags::empty() };
            polled.push(PollFd::from_borrowed_fd(finder, looking));
            let setups = waiting.iter().filter_map(|slot| self.cells[slot].setup.as_ref());
            polled.extend(setups.map(|setup| PollFd::new(setup, PollFlags::IN)));
            match poll(&mut polled, self.pause().as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let seen: Vec<PollFlags> = polled.iter().map(PollFd::revents).collect();
            (seen[0], seen[1], seen[2], seen[3..].to_vec())
        };
        self.leftovers.retain(|group| group.remove().is_err());
        if self.refill_at.is_some_and(|at| at <= Instant::now()) {
            self.refill();
        }
        for (slot, _) in waiting.iter().zip(setups).filter(|(_, events)| !events.is_empty()) {
            self.hear(*slot);
        }
        if !children.is_empty() {
            self.reap();
        }
        if self.interpreters.socket().is_some() && !finder.is_empty() {
            self.found();
        }
        if link.contains(PollFlags::OUT) {
            self.flush();
        }
        if link.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
            return self.obey();
        }
        Ok(true)
    }

    /// How long nothing may happen before something is due.
    fn pause(&self) -> Option<Timespec> {
        let leftover =
            (!self.leftovers.is_empty()).then(|| Duration::from_millis(LEFTOVER_PAUSE_MILLIS.into()));
        let refill = self.refill_at.map(|at| at.saturating_duration_since(Instant::now()));
        let due = leftover.into_iter().chain(refill).min()?;
        Timespec::try_from(due).ok()
    }

    /// Carries out what the server asks for, up to some at a time; false when it is gone.
    fn obey(&mut self) -> io::Result<bool> {
        for _ in 0..16 {
            let packet = match channel::receive(&self.link, false) {
                Ok(Some(packet)) => packet,
                Ok(None) => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(error),
            };
            match decode(&packet.bytes)? {
                Request::Start { id, spec } => self.start(id, spec),
                Request::Kill { id } => self.kill(id),
                Request::Freeze { call, id, on } => self.freeze(call, id, on),
                Request::Usage { call, id } => self.usage(call, id),
                Request::Interpreters { call } => self.find(call),
            }
        }
        Ok(true)
    }

    /// Says something to the server, now or when it reads.
    fn tell(&mut self, event: &Event, descriptors: Vec<OwnedFd>) {
        self.outgoing.push_back((encode(event), descriptors));
        self.flush();
    }

    fn flush(&mut self) {
        while let Some((message, descriptors)) = self.outgoing.front() {
            let borrowed: Vec<_> = descriptors.iter().map(AsFd::as_fd).collect();
            match channel::send(&self.link, message, &borrowed) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // Sent, or the server is gone, which the next turn sees.
                _ => {
                    self.outgoing.pop_front();
                }
            }
        }
    }

    fn interpreters_found(&self) -> &[Interpreter] {
        self.interpreters.found()
    }
}

/// Stands apart from the terminal and its signals.
fn settle() -> io::Result<()> {
    let _ = rustix::process::setsid();
    rustix::thread::set_name(c"weft-launcher")?;
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, FileMode::empty())?;
    for number in [0, 1] {
        sys::duplicate_to(&null, number)?;
    }
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    let _ = rustix::process::setrlimit(rustix::process::Resource::Nofile, raised);
    Ok(())
}
