//! Sandboxes as the launcher sees them: blank, spare, starting, running, dying.

use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, wait};

use super::{Launcher, REFILL_PAUSE, sources};
use crate::cgroup::Group;
use crate::channel;
use crate::inside::blank::Plan;
use crate::inside::confine::User;
use crate::inside::{etc, init, root};
use crate::protocol::{BlankMessage, Event, Handed, InitRequest, Order, Refusal, decode, encode};
use crate::report::Mode;
use crate::spec::{Exit, ExitStatus, Network, SandboxSpec};
use crate::sys;

/// Blank sandboxes in the making at once.
const PREPARING_MAX: usize = 8;
const KILLED: ExitStatus = ExitStatus::Signal(9);

/// One sandbox.
pub(super) struct Cell {
    /// Its init.
    pid: Pid,
    network: Network,
    group: Option<Group>,
    /// Its memory limit, once it has an order.
    memory_bytes: u64,
    /// To the program's process until the program is executed.
    pub(super) setup: Option<OwnedFd>,
    stage: Stage,
}

enum Stage {
    /// It sets itself up.
    Preparing,
    /// It waits for an order; what it handed over.
    Spare(Vec<OwnedFd>),
    /// It has its order.
    Starting { id: u64, status: OwnedFd, handed: Handed, descriptors: Vec<OwnedFd> },
    /// The program runs.
    Running { id: u64, status: OwnedFd },
    /// Nobody waits for it.
    Dying,
}

impl Cell {
    pub(super) fn is_spare(&self) -> bool {
        matches!(self.stage, Stage::Spare(_))
    }

    pub(super) fn group(&self) -> Option<&Group> {
        self.group.as_ref()
    }

    pub(super) fn id(&self) -> Option<u64> {
        match self.stage {
            Stage::Starting { id, .. } | Stage::Running { id, .. } => Some(id),
            _ => None,
        }
    }

    pub(super) fn kill(&self) {
        let _ = kill_process(self.pid, Signal::KILL);
        // Version 1 kills a frozen process only when it is thawed.
        if let Some(group) = &self.group {
            let _ = group.freeze(false);
        }
    }
}

impl Launcher<'_> {
    /// Forks a blank sandbox, which sets itself up on its own.
    pub(super) fn make_blank(&mut self, network: Network) {
        let slot = self.free_slot();
        let group = self.driver.as_ref().map(|driver| driver.group(&slot.to_string()));
        let user = match self.mode {
            Mode::Full => User::Own(self.config.uid_base.saturating_add(slot)),
            _ => User::Nested,
        };
        let plan = Plan {
            user,
            network,
            group: group.as_ref(),
            memory_limited: self.limits_memory(),
            copied: &self.copied,
            filter: self.filter.get_or_init(|| crate::seccomp::filter(!self.limits_memory())),
        };
        let forked = channel::pair().and_then(|(ours, theirs)| match sys::fork_into(libc::CLONE_NEWPID)? {
            Some(pid) => Ok((pid, ours)),
            None => plan.run(&theirs),
        });
        match forked {
            Ok((pid, setup)) => {
                let cell = Cell {
                    pid,
                    network,
                    group,
                    memory_bytes: 0,
                    setup: Some(setup),
                    stage: Stage::Preparing,
                };
                self.cells.insert(slot, cell);
            }
            Err(error) => self.blank_failed(Refusal::setup("fork a sandbox", &error)),
        }
    }

    fn limits_memory(&self) -> bool {
        self.driver.as_ref().is_some_and(|driver| driver.abilities().memory)
    }

    /// A number that no living sandbox has.
    fn free_slot(&mut self) -> u32 {
        const SLOTS: u32 = 1 << 20;
        loop {
            let slot = self.next_slot;
            self.next_slot = (slot + 1) % SLOTS;
            if !self.cells.contains_key(&slot) {
                return slot;
            }
        }
    }

    /// Refills at once if a start would have to wait, else when the last started program has had some time.
    fn refill_soon(&mut self) {
        if self.queue.is_empty() && self.cells.values().any(Cell::is_spare) {
            self.refill_at = Some(Instant::now() + REFILL_PAUSE);
        } else {
            self.refill();
        }
    }

    /// Keeps as many spare sandboxes as configured.
    pub(super) fn refill(&mut self) {
        self.refill_at = None;
        if self.mode == Mode::None || self.broken.is_some() {
            return;
        }
        let preparing = self.count(|cell| matches!(cell.stage, Stage::Preparing));
        let own = |cell: &Cell| {
            cell.network == Network::Own && matches!(cell.stage, Stage::Preparing | Stage::Spare(_))
        };
        let missing = (self.config.spare.min(64) + self.queue.len()).saturating_sub(self.count(own));
        for _ in 0..missing.min(PREPARING_MAX.saturating_sub(preparing)) {
            self.make_blank(Network::Own);
        }
    }

    fn count(&self, wanted: impl Fn(&Cell) -> bool) -> usize {
        self.cells.values().filter(|cell| wanted(cell)).count()
    }

    fn blank_failed(&mut self, refusal: Refusal) {
        if let Some((id, _)) = self.queue.pop_front() {
            self.tell(&Event::Refused { id, refusal: refusal.clone() }, Vec::new());
        }
        self.broken = Some(refusal);
    }

    /// Starts a sandbox, at once or when a blank one is ready.
    pub(super) fn start(&mut self, id: u64, spec: Box<SandboxSpec>) {
        let running = self.count(|cell| cell.id().is_some()) + self.queue.len();
        let limit = self.config.sandboxes_max;
        let refusal = if self.mode == Mode::None {
            Some(Refusal::NoIsolation)
        } else if running >= limit as usize {
            Some(Refusal::TooMany { limit })
        } else {
            sources::validate(&spec).err()
        };
        if let Some(refusal) = refusal {
            return self.tell(&Event::Refused { id, refusal }, Vec::new());
        }
        self.broken = None;
        if spec.network == Network::Host {
            self.make_blank(Network::Host);
        }
        self.queue.push_back((id, spec));
        self.dispatch();
    }

    /// Gives orders to spare sandboxes, the oldest start first, and sees that there will be enough.
    pub(super) fn dispatch(&mut self) {
        let mut at = 0;
        while at < self.queue.len() {
            let network = self.queue[at].1.network;
            let spare = self.cells.iter().find(|(_, cell)| cell.network == network && cell.is_spare());
            match spare.map(|(slot, _)| *slot) {
                Some(slot) => {
                    if let Some((id, spec)) = self.queue.remove(at) {
                        self.give_order(slot, id, *spec);
                    }
                }
                None => at += 1,
            }
        }
        self.refill_soon();
    }

    fn give_order(&mut self, slot: u32, id: u64, spec: SandboxSpec) {
        if let Err(refusal) = self.try_order(slot, id, spec) {
            self.tell(&Event::Refused { id, refusal }, Vec::new());
        }
    }

    fn try_order(&mut self, slot: u32, id: u64, spec: SandboxSpec) -> Result<(), Refusal> {
        let worker = self.config.uid_base.saturating_add(slot);
        let (targets, mounts) =
            sources::open(self.config, self.mode, worker, self.interpreters_found(), &spec)?;
        let limits_memory = self.limits_memory();
        let driver = self.driver.as_ref().map(crate::cgroup::Driver::abilities).unwrap_or_default();
        let host_name = etc::host_name(&spec.name);
        let hosts = etc::hosts(&host_name, &self.copied, spec.network == Network::Own);
        let SandboxSpec { argv, env, cwd, files, limits, frames, companions, .. } = spec;
        let beside = if companions.is_empty() { None } else { Some(self.beside(worker)?) };
        let order = Order { host_name, hosts, argv, env, cwd, targets, files, limits, frames, companions };
        let Some(cell) = self.cells.get_mut(&slot) else {
            return Err(Refusal::setup("find a sandbox", &"it is gone"));
        };
        if let Some(group) = &cell.group {
            group.limit(&limits).map_err(|error| Refusal::setup("set the limits", &error))?;
        }
        let Stage::Spare(handed) = &mut cell.stage else {
            return Err(Refusal::setup("find a sandbox", &"it is busy"));
        };
        let (Some(setup), [_, control, ..]) = (&cell.setup, &handed[..]) else {
            return Err(Refusal::setup("find a sandbox", &"it is not whole"));
        };
        if !limits_memory {
            let watch = InitRequest::Watch { memory_bytes: limits.memory_bytes };
            channel::send(control, &encode(&(0u32, watch)), &[])
                .map_err(|error| Refusal::setup("wake the watchdog", &error))?;
        }
        let (theirs, ours) = beside.unzip();
        let borrowed: Vec<_> = mounts.iter().chain(theirs.iter().flatten()).map(AsFd::as_fd).collect();
        channel::send(setup, &encode(&order), &borrowed)
            .map_err(|error| Refusal::setup("give the order", &error))?;
        let mut descriptors = std::mem::take(handed);
        let status = descriptors.remove(0);
        if !frames {
            descriptors.remove(3);
        }
        let network = cell.network == Network::Own;
        let companions = ours.is_some();
        descriptors.extend(ours.into_iter().flatten());
        let handed = Handed { frames, network, companions, freezes: driver.freeze, accounts: driver.memory };
        cell.memory_bytes = limits.memory_bytes;
        cell.stage = Stage::Starting { id, status, handed, descriptors };
        Ok(())
    }

    /// The companions' output and link: their ends and ours.
    fn beside(&self, worker: u32) -> Result<([OwnedFd; 2], [OwnedFd; 2]), Refusal> {
        let make = || {
            let (output, output_theirs) = pipe_with(PipeFlags::CLOEXEC)?;
            let stream = (SocketType::STREAM, SocketFlags::CLOEXEC);
            let (link, link_theirs) = socketpair(AddressFamily::UNIX, stream.0, stream.1, None)?;
            if self.mode == Mode::Full {
                // So that a companion may open /dev/stdout.
                let owner = (rustix::process::Uid::from_raw(worker), rustix::process::Gid::from_raw(worker));
                rustix::fs::fchown(&output_theirs, Some(owner.0), Some(owner.1))?;
            }
            for end in [&output, &link] {
                rustix::io::ioctl_fionbio(end, true)?;
            }
            Ok::<_, rustix::io::Errno>(([output_theirs, link_theirs], [output, link]))
        };
        make().map_err(|error| Refusal::setup("make the companions' streams", &error))
    }

    /// Reads what a sandbox that sets itself up has to say.
    pub(super) fn hear(&mut self, slot: u32) {
        let Some(cell) = self.cells.get_mut(&slot) else { return };
        let Some(setup) = &cell.setup else { return };
        let said = match channel::receive(setup, false) {
            Ok(Some(packet)) => Some(packet),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
            _ => None,
        };
        let Some(packet) = said else { return self.hung_up(slot) };
        match decode(&packet.bytes) {
            Ok(BlankMessage::Ready)
                if matches!(cell.stage, Stage::Preparing) && packet.descriptors.len() >= 5 =>
            {
                cell.stage = Stage::Spare(packet.descriptors);
                self.dispatch();
            }
            Ok(BlankMessage::Failed(refusal)) => self.failed(slot, refusal),
            _ => self.failed(slot, Refusal::setup("prepare a sandbox", &"it spoke nonsense")),
        }
    }

    fn failed(&mut self, slot: u32, refusal: Refusal) {
        let Some(cell) = self.cells.get_mut(&slot) else { return };
        cell.setup = None;
        match std::mem::replace(&mut cell.stage, Stage::Dying) {
            Stage::Preparing | Stage::Spare(_) => self.blank_failed(refusal),
            Stage::Starting { id, .. } => self.tell(&Event::Refused { id, refusal }, Vec::new()),
            Stage::Running { .. } | Stage::Dying => {}
        }
        if let Some(cell) = self.cells.get(&slot) {
            cell.kill();
        }
    }

    /// The setup socket's end: a program was executed, or a sandbox died, which the reaping finds out.
    fn hung_up(&mut self, slot: u32) {
        let Some(cell) = self.cells.get_mut(&slot) else { return };
        cell.setup = None;
        match std::mem::replace(&mut cell.stage, Stage::Dying) {
            Stage::Starting { id, status, handed, descriptors } => {
                cell.stage = Stage::Running { id, status };
                self.tell(&Event::Started { id, handed }, descriptors);
            }
            before => cell.stage = before,
        }
    }

    /// Kills a sandbox.
    pub(super) fn kill(&mut self, id: u64) {
        if let Some(cell) = self.cells.values().find(|cell| cell.id() == Some(id)) {
            cell.kill();
        }
    }

    /// Buries whoever has ended.
    pub(super) fn reap(&mut self) {
        let mut drained = [0u8; 128 * 16];
        let _ = rustix::io::read(&self.children, &mut drained);
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            let slot = self.cells.iter().find(|(_, cell)| cell.pid == pid).map(|(slot, _)| *slot);
            if let Some(slot) = slot {
                // Its last words may not have been read yet.
                self.hear(slot);
                self.bury(slot, init::exit_status(status));
            }
        }
        self.dispatch();
    }

    fn bury(&mut self, slot: u32, own: ExitStatus) {
        let Some(cell) = self.cells.remove(&slot) else { return };
        let group_killed = cell.group.as_ref().is_some_and(Group::oom_killed);
        match cell.stage {
            Stage::Preparing => {
                let reason = format!("its init ended with {own}");
                self.blank_failed(Refusal::setup("prepare a sandbox", &reason));
            }
            Stage::Starting { id, .. } => {
                let reason = if group_killed { "the memory limit is too low" } else { "it was killed" };
                self.tell(
                    &Event::Refused { id, refusal: Refusal::setup("start the program", &reason) },
                    Vec::new(),
                );
            }
            Stage::Running { id, status } => {
                let told = cell.group.as_ref().map_or(0, |group| group.usage().memory_peak_bytes);
                let exit = last_words(&status).with_group(group_killed, told, cell.memory_bytes);
                self.tell(&Event::Ended { id, exit }, Vec::new());
            }
            Stage::Spare(_) | Stage::Dying => {}
        }
        if let Some(group) = cell.group
            && group.remove().is_err()
        {
            self.leftovers.push(group);
        }
    }

    /// Kills everything and leaves nothing behind.
    pub(super) fn close(&mut self) {
        for cell in self.cells.values() {
            cell.kill();
        }
        while wait(WaitOptions::empty()).is_ok() {}
        for group in self.cells.values().filter_map(Cell::group).chain(&self.leftovers) {
            let _ = group.remove();
        }
        if let Some(driver) = &self.driver {
            driver.close();
        }
    }
}

/// How a program ended, as its init told before it ended itself.
fn last_words(status: &OwnedFd) -> Exit {
    let mut bytes = [0; init::REPORT_BYTES];
    match rustix::io::read(status, &mut bytes) {
        Ok(init::REPORT_BYTES) => init::parse_report(bytes),
        _ => Exit { status: KILLED, oom_killed: false, memory_peak_bytes: 0 },
    }
}

impl Exit {
    /// What the init told, and what the control group knows: whether it killed, and the peak, 0 if it does not tell.
    fn with_group(self, killed: bool, peak: u64, limit: u64) -> Self {
        let oom_killed = self.oom_killed || killed;
        let least = if oom_killed { limit } else { 0 };
        Self { oom_killed, memory_peak_bytes: self.memory_peak_bytes.max(peak).max(least), ..self }
    }
}

/// Whether a path is fit to be a target inside.
pub(super) fn is_target(path: &std::path::Path) -> bool {
    root::is_plain(path) && !["/proc", "/sys", "/dev"].iter().any(|kept| path.starts_with(kept))
}
