//! The server's side: the launcher's handle and the sandboxes that it started.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::sync::{oneshot, watch};

use crate::beside::Companions;
use crate::channel::{self, Packet};
use crate::error::StartError;
use crate::protocol::{Event, Handed, InitAnswer, InitRequest, Refusal, Request, decode, encode};
use crate::report::Report;
use crate::spec::{Exit, ExitStatus, Family, Interpreter, Listening, SandboxSpec, Usage};
use crate::start::LauncherLink;

/// How long the launcher may take for its first message.
const HELLO_TIME_MAX: Duration = Duration::from_secs(10);

/// The handle of the launcher; clones share it. When the last clone and the last [`Sandbox`] are dropped, the
/// launcher ends.
#[derive(Debug, Clone)]
pub struct Launcher {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    link: Arc<Link>,
    report: Report,
    next: AtomicU64,
    interpreters: tokio::sync::OnceCell<Vec<Interpreter>>,
}

#[derive(Debug)]
struct Link {
    socket: UnixStream,
    waiting: Mutex<Waiting>,
    gone: watch::Sender<bool>,
}

type StartAnswer = Result<(Handed, Vec<OwnedFd>), Refusal>;

/// Who waits for what.
#[derive(Debug, Default)]
struct Waiting {
    gone: bool,
    starts: HashMap<u64, oneshot::Sender<StartAnswer>>,
    ends: HashMap<u64, watch::Sender<Option<Exit>>>,
    calls: HashMap<u64, oneshot::Sender<Event>>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The reading task holds the socket as well; this ends it, and the launcher.
        let _ = rustix::net::shutdown(&self.link.socket, rustix::net::Shutdown::Both);
    }
}

impl Launcher {
    /// Takes the link over, inside a tokio runtime. Waits (some milliseconds) until the launcher has looked at the
    /// machine.
    pub fn connect(link: LauncherLink) -> io::Result<Self> {
        let report = hello(&link.socket)?;
        let link = Arc::new(Link {
            socket: in_reactor(link.socket)?,
            waiting: Mutex::default(),
            gone: watch::Sender::new(false),
        });
        tokio::spawn(read_events(Arc::clone(&link)));
        let (next, interpreters) = (AtomicU64::new(1), tokio::sync::OnceCell::new());
        Ok(Self { shared: Arc::new(Shared { link, report, next, interpreters }) })
    }

    /// Which isolation is in force.
    pub fn report(&self) -> Report {
        self.shared.report.clone()
    }

    /// Starts a sandbox; returns when its program has been executed. A dropped future leaves nothing behind.
    pub async fn start(&self, spec: SandboxSpec) -> Result<Sandbox, StartError> {
        let id = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let (send, receive) = oneshot::channel();
        let exit = watch::Sender::new(None);
        let watched = exit.subscribe();
        {
            let mut waiting = self.shared.link.waiting();
            if waiting.gone {
                return Err(StartError::LauncherGone);
            }
            waiting.starts.insert(id, send);
            waiting.ends.insert(id, exit);
        }
        let message = encode(&Request::Start { id, spec: Box::new(spec) });
        if let Err(error) = self.shared.link.send(&message).await {
            let mut waiting = self.shared.link.waiting();
            waiting.starts.remove(&id);
            waiting.ends.remove(&id);
            return Err(match error.kind() {
                io::ErrorKind::FileTooLarge => {
                    StartError::Invalid("the files hold more than 4 MiB".to_owned())
                }
                _ => StartError::LauncherGone,
            });
        }
        match receive.await {
            Ok(Ok((handed, descriptors))) => {
                let made = Sandbox::new(Arc::clone(&self.shared), id, handed, descriptors, watched);
                made.inspect_err(|_| self.shared.link.kill_unowned(id))
            }
            Ok(Err(refusal)) => Err(refusal.into_error(&self.shared.report)),
            Err(_) => Err(StartError::LauncherGone),
        }
    }

    /// The interpreters on the machine, looked for once, with the launcher's privileges. Empty if the launcher is gone.
    pub async fn interpreters(&self) -> Vec<Interpreter> {
        let find = || async {
            match self.shared.call(|call| Request::Interpreters { call }).await? {
                Event::Found { interpreters, .. } => Ok(interpreters),
                _ => Err(io::Error::from(io::ErrorKind::InvalidData)),
            }
        };
        self.shared.interpreters.get_or_try_init(find).await.cloned().unwrap_or_default()
    }

    /// Returns when the launcher is gone, and every sandbox with it.
    pub async fn gone(&self) {
        let mut gone = self.shared.link.gone.subscribe();
        let _ = gone.wait_for(|gone| *gone).await;
    }
}

impl Shared {
    async fn call(&self, request: impl FnOnce(u64) -> Request) -> io::Result<Event> {
        let call = self.next.fetch_add(1, Ordering::Relaxed);
        let (send, receive) = oneshot::channel();
        {
            let mut waiting = self.link.waiting();
            if waiting.gone {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            waiting.calls.insert(call, send);
        }
        if let Err(error) = self.link.send(&encode(&request(call))).await {
            self.link.waiting().calls.remove(&call);
            return Err(error);
        }
        receive.await.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Link {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send(&self, message: &[u8]) -> io::Result<()> {
        // Most often there is room, and no need to ask the reactor.
        match channel::send(&self.socket, message, &[]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let send = || channel::send(&self.socket, message, &[]);
                self.socket.async_io(Interest::WRITABLE, send).await
            }
            other => other,
        }
    }

    /// Kills a sandbox whose owner went away.
    fn kill_unowned(self: &Arc<Self>, id: u64) {
        let message = encode(&Request::Kill { id });
        match channel::send(&self.socket, &message, &[]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let link = Arc::clone(self);
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    runtime.spawn(async move { link.send(&message).await });
                }
            }
            // Any other error means that the launcher is gone, and the sandbox with it.
            _ => {}
        }
    }

    fn deliver(self: &Arc<Self>, packet: Packet) -> io::Result<()> {
        match decode(&packet.bytes)? {
            Event::Hello(_) => {}
            Event::Started { id, handed } => {
                let start = self.waiting().starts.remove(&id);
                if start.is_none_or(|start| start.send(Ok((handed, packet.descriptors))).is_err()) {
                    self.kill_unowned(id);
                }
            }
            Event::Refused { id, refusal } => {
                let start = {
                    let mut waiting = self.waiting();
                    waiting.ends.remove(&id);
                    waiting.starts.remove(&id)
                };
                if let Some(start) = start {
                    let _ = start.send(Err(refusal));
                }
            }
            Event::Ended { id, exit } => {
                let ended = self.waiting().ends.remove(&id);
                if let Some(ended) = ended {
                    ended.send_replace(Some(exit));
                }
            }
            event @ (Event::Frozen { call, .. } | Event::Used { call, .. } | Event::Found { call, .. }) => {
                let caller = self.waiting().calls.remove(&call);
                if let Some(caller) = caller {
                    let _ = caller.send(event);
                }
            }
        }
        Ok(())
    }
}

fn hello(socket: &OwnedFd) -> io::Result<Report> {
    let timeout = Timespec { tv_sec: HELLO_TIME_MAX.as_secs().cast_signed(), tv_nsec: 0 };
    if poll(&mut [PollFd::new(socket, PollFlags::IN)], Some(&timeout))? == 0 {
        return Err(io::ErrorKind::TimedOut.into());
    }
    let packet = channel::receive(socket, false)?.ok_or(io::ErrorKind::BrokenPipe)?;
    match decode(&packet.bytes)? {
        Event::Hello(report) => Ok(report),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// A socket of packets, driven by the reactor as if it were a stream: only its readiness matters there.
fn in_reactor(socket: OwnedFd) -> io::Result<UnixStream> {
    rustix::io::ioctl_fionbio(&socket, true)?;
    UnixStream::from_std(socket.into())
}

async fn receive(socket: &UnixStream) -> io::Result<Option<Packet>> {
    socket.async_io(Interest::READABLE, || channel::receive(socket, false)).await
}

async fn read_events(link: Arc<Link>) {
    while let Ok(Some(packet)) = receive(&link.socket).await {
        if link.deliver(packet).is_err() {
            break;
        }
    }
    let mut waiting = link.waiting();
    // Dropping the senders answers everybody who waits.
    *waiting = Waiting { gone: true, ..Waiting::default() };
    link.gone.send_replace(true);
}

/// One running sandbox. Dropping it kills everything in it.
#[derive(Debug)]
pub struct Sandbox {
    /// A TCP listener, dual-stack and non-blocking, to which every connection of the program outside 127.0.0.0/8 and
    /// `::1` comes; see [`original_destination`](crate::original_destination). `None` on the machine's network.
    pub door: Option<OwnedFd>,
    /// A UDP socket bound to 127.0.0.1:53 inside, which the program's `resolv.conf` names. Non-blocking.
    pub dns_udp: Option<OwnedFd>,
    /// The same for TCP, listening. Non-blocking.
    pub dns_tcp: Option<OwnedFd>,
    /// The reading end of the program's standard output. Non-blocking.
    pub stdout: Option<OwnedFd>,
    /// The reading end of its standard error. Non-blocking.
    pub stderr: Option<OwnedFd>,
    /// The server's end of the frame socket, if the spec asked for one. Non-blocking.
    pub frames: Option<OwnedFd>,
    /// The companions, if the spec has any.
    pub companions: Option<Companions>,
    id: u64,
    handed: Handed,
    control: tokio::sync::Mutex<Control>,
    exit: watch::Receiver<Option<Exit>>,
    shared: Arc<Shared>,
}

/// The socket to the sandbox's init.
#[derive(Debug)]
struct Control {
    socket: UnixStream,
    asked: u32,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if self.exit.borrow().is_none() {
            self.shared.link.kill_unowned(self.id);
        }
    }
}

impl Sandbox {
    fn new(
        shared: Arc<Shared>,
        id: u64,
        handed: Handed,
        descriptors: Vec<OwnedFd>,
        exit: watch::Receiver<Option<Exit>>,
    ) -> Result<Self, StartError> {
        let broken =
            |what: &str| StartError::Setup { step: "take over the sandbox".into(), reason: what.into() };
        let mut descriptors = descriptors.into_iter();
        let control = descriptors.next().ok_or_else(|| broken("no control socket"))?;
        let control = in_reactor(control).map_err(|error| broken(&error.to_string()))?;
        let (stdout, stderr) = (descriptors.next(), descriptors.next());
        let frames = if handed.frames { descriptors.next() } else { None };
        let network =
            |next: &mut std::vec::IntoIter<OwnedFd>| if handed.network { next.next() } else { None };
        let door = network(&mut descriptors);
        let dns_udp = network(&mut descriptors);
        let dns_tcp = network(&mut descriptors);
        let companions = match (handed.companions, descriptors.next(), descriptors.next()) {
            (true, Some(output), Some(link)) => {
                Some(Companions::new(output, link).map_err(|error| broken(&error.to_string()))?)
            }
            _ => None,
        };
        let control = tokio::sync::Mutex::new(Control { socket: control, asked: 0 });
        Ok(Self {
            door,
            dns_udp,
            dns_tcp,
            stdout,
            stderr,
            frames,
            companions,
            id,
            handed,
            control,
            exit,
            shared,
        })
    }

    /// A number that no other sandbox of this launcher has.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Waits until the program has ended and nothing is left of the sandbox. When the program ends, whatever else
    /// it started is killed. Any number may wait.
    pub async fn wait(&self) -> Exit {
        let mut exit = self.exit.clone();
        // An error means that the launcher is gone, and its death kills.
        let gone = Exit { status: ExitStatus::Signal(9), oom_killed: false, memory_peak_bytes: 0 };
        exit.wait_for(Option::is_some).await.map_or(gone, |exit| exit.unwrap_or(gone))
    }

    /// How it ended, if it has.
    pub fn exit(&self) -> Option<Exit> {
        *self.exit.borrow()
    }

    /// Sends a signal (1 to 64; 15 asks to end) to the program's process group. A frozen one gets it when it is thawed.
    pub async fn signal(&self, number: u8) -> io::Result<()> {
        match self.ask(&InitRequest::Signal { number }).await? {
            (InitAnswer::Done, _) => Ok(()),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Kills every process in it, frozen or not, and waits until they are gone.
    pub async fn kill(&self) -> Exit {
        if self.exit.borrow().is_none() {
            let _ = self.shared.link.send(&encode(&Request::Kill { id: self.id })).await;
        }
        self.wait().await
    }

    /// Stops all its processes until [`thaw`](Self::thaw).
    pub async fn freeze(&self) -> io::Result<()> {
        self.set_frozen(true).await
    }

    /// Lets its processes go on.
    pub async fn thaw(&self) -> io::Result<()> {
        self.set_frozen(false).await
    }

    async fn set_frozen(&self, on: bool) -> io::Result<()> {
        if !self.handed.freezes {
            return self.ask(&InitRequest::Freeze { on }).await.map(|_| ());
        }
        match self.shared.call(|call| Request::Freeze { call, id: self.id, on }).await? {
            Event::Frozen { error: None, .. } => Ok(()),
            Event::Frozen { error: Some(error), .. } => Err(io::Error::other(error)),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// What it uses now. `NotFound` when it has ended.
    pub async fn usage(&self) -> io::Result<Usage> {
        if !self.handed.accounts {
            return match self.ask(&InitRequest::Usage).await? {
                (InitAnswer::Usage(usage), _) => Ok(usage),
                _ => Err(io::ErrorKind::InvalidData.into()),
            };
        }
        match self.shared.call(|call| Request::Usage { call, id: self.id }).await? {
            Event::Used { usage, .. } => usage.ok_or_else(|| io::ErrorKind::NotFound.into()),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// An unconnected, non-blocking TCP socket made inside: whoever holds it connects from there, to 127.0.0.1 above all.
    pub async fn socket(&self, family: Family) -> io::Result<OwnedFd> {
        let mut sockets = self.sockets(family, 1).await?;
        sockets.pop().ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Several such sockets at once (1 to 32).
    pub async fn sockets(&self, family: Family, count: u8) -> io::Result<Vec<OwnedFd>> {
        match self.ask(&InitRequest::Sockets { v6: family == Family::V6, count }).await? {
            (InitAnswer::Sockets, sockets) => Ok(sockets),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Where the program listens for TCP inside, without our own door and resolver.
    pub async fn listening_ports(&self) -> io::Result<Vec<Listening>> {
        match self.ask(&InitRequest::Listening).await? {
            (InitAnswer::Listening(found), _) => {
                Ok(found.into_iter().map(|(address, port)| Listening { address, port }).collect())
            }
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    async fn ask(&self, request: &InitRequest) -> io::Result<(InitAnswer, Vec<OwnedFd>)> {
        let mut control = self.control.lock().await;
        control.asked = control.asked.wrapping_add(1);
        channel::send(&control.socket, &encode(&(control.asked, request)), &[])?;
        loop {
            let packet = receive(&control.socket).await?.ok_or(io::ErrorKind::BrokenPipe)?;
            match decode::<(u32, InitAnswer)>(&packet.bytes)? {
                // The answer to a question whose asker was dropped.
                (number, _) if number != control.asked => {}
                (_, InitAnswer::Failed(number)) => return Err(io::Error::from_raw_os_error(number)),
                (_, answer) => return Ok((answer, packet.descriptors)),
            }
        }
    }
}
