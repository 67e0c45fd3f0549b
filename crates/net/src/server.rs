//! Listeners: accepting, counting, draining.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

use crate::pulse::{Order, Pulse};
use crate::{Handler, Limits, Peer, Tls, connection, opening};

/// Serves HTTP/1.1 on any number of listeners with one handler and one set of limits.
pub struct Server {
    handler: Arc<dyn Handler>,
    limits: Arc<Limits>,
    tls: Option<Tls>,
    open: Arc<Open>,
    stop: watch::Sender<bool>,
}

/// How a drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were still open when the time was over, and were closed.
    pub aborted: usize,
}

impl Server {
    /// A server without a listener.
    pub fn new(handler: Arc<dyn Handler>, limits: Limits) -> Self {
        let (open, stop) = (Arc::default(), watch::Sender::new(false));
        Self { handler, limits: Arc::new(limits), tls: None, open, stop }
    }

    /// Serves TLS as well, on the same listeners: for names under `localhost`, and for the machine's addresses.
    #[must_use]
    pub fn with_tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Accepts on a listener from now on, on tasks of the current tokio runtime. Returns its address, which names the
    /// port where 0 was asked for. Call it on several runtimes with clones of one socket to accept on each.
    pub fn listen(&self, listener: std::net::TcpListener) -> io::Result<SocketAddr> {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let acceptor = Acceptor {
            handler: Arc::clone(&self.handler),
            limits: Arc::clone(&self.limits),
            tls: self.tls.clone(),
            open: Arc::clone(&self.open),
        };
        let mut stop = self.stop.subscribe();
        tokio::spawn(async move {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => {}
                () = acceptor.accept(listener) => {}
            }
        });
        Ok(address)
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.open.table().pulses.len()
    }

    /// Stops accepting, lets requests in flight end for up to `within`, then closes what is left. Idle connections
    /// are closed at once. Upgraded connections live until the time is over.
    pub async fn drain(&self, within: Duration) -> Drained {
        self.stop.send_replace(true);
        self.open.order_all(Order::Drain);
        if tokio::time::timeout(within, self.open.empty()).await.is_ok() {
            return Drained { aborted: 0 };
        }
        Drained { aborted: self.open.order_all(Order::Abort) }
    }
}

struct Acceptor {
    handler: Arc<dyn Handler>,
    limits: Arc<Limits>,
    tls: Option<Tls>,
    open: Arc<Open>,
}

impl Acceptor {
    async fn accept(self, listener: TcpListener) {
        let mut pause = PAUSE_MIN;
        loop {
            match listener.accept().await {
                Ok((stream, addr)) => {
                    pause = PAUSE_MIN;
                    self.serve(stream, addr);
                }
                // The client went away again before it was accepted.
                Err(error) if is_of_one_connection(&error) => {}
                // Out of files or memory: those that are open must end first, and trying at once would only spin.
                Err(error) => {
                    tracing::warn!(%error, pause_ms = pause.as_millis(), "cannot accept connections");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
    }

    fn serve(&self, stream: TcpStream, addr: SocketAddr) {
        let Some(permit) = Open::admit(&self.open, addr.ip(), &self.limits) else {
            tracing::debug!(peer = %addr, "too many connections");
            // Best effort: a fresh socket's buffer is empty, so this succeeds or the client is gone.
            let _ = stream.try_write(TOO_MANY);
            return;
        };
        let Ok(local_addr) = stream.local_addr() else { return };
        // Small answers must not wait for the client's acknowledgement; failing costs only speed.
        let _ = stream.set_nodelay(true);
        let (handler, limits) = (Arc::clone(&self.handler), Arc::clone(&self.limits));
        let (peer, pulse) = (Peer::listener(addr, local_addr), Arc::clone(&permit.pulse));
        let Some(tls) = self.tls.clone() else {
            tokio::spawn(connection::serve(stream, peer, handler, limits, pulse, permit));
            return;
        };
        let leave = {
            let limits = Arc::clone(&limits);
            move |permit: &Permit| permit.begin_handshake(&limits)
        };
        tokio::spawn(opening::serve_either(stream, tls, peer, handler, limits, pulse, (permit, leave)));
    }
}

const PAUSE_MIN: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_secs(1);
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\n\
    content-type: text/plain\r\ncontent-length: 21\r\n\r\ntoo many connections\n";

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

/// The connections that are open: touched when one begins and ends, never per request.
#[derive(Default)]
struct Open {
    table: Mutex<Table>,
    emptied: Notify,
}

#[derive(Default)]
struct Table {
    next: u64,
    pulses: HashMap<u64, Arc<Pulse>>,
    clients: HashMap<IpAddr, usize>,
    handshakes: usize,
    /// Clients with handshakes under way.
    shaking: HashMap<IpAddr, usize>,
    /// What connections are told that come in while a drain begins.
    order: Option<Order>,
}

/// One open connection's place in the table.
struct Permit {
    id: u64,
    client: IpAddr,
    pulse: Arc<Pulse>,
    open: Arc<Open>,
}

impl Open {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit(open: &Arc<Self>, address: IpAddr, limits: &Limits) -> Option<Permit> {
        let client = client_of(address);
        let mut table = open.table();
        if table.order.is_some() || table.pulses.len() >= limits.connections_max {
            return None;
        }
        let count = table.clients.entry(client).or_default();
        if *count >= limits.connections_per_client_max {
            return None;
        }
        *count += 1;
        let id = table.next;
        table.next += 1;
        let pulse = Pulse::new();
        table.pulses.insert(id, Arc::clone(&pulse));
        drop(table);
        Some(Permit { id, client, pulse, open: Arc::clone(open) })
    }

    fn order_all(&self, order: Order) -> usize {
        let pulses: Vec<_> = {
            let mut table = self.table();
            table.order = Some(order);
            table.pulses.values().cloned().collect()
        };
        for pulse in &pulses {
            pulse.tell(order);
        }
        pulses.len()
    }

    async fn empty(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.table().pulses.is_empty() {
                return;
            }
            emptied.await;
        }
    }
}

impl Permit {
    /// Leave for a handshake, unless there are too many.
    fn begin_handshake(&self, limits: &Limits) -> Option<Handshake> {
        let mut table = self.open.table();
        let of_client = table.shaking.get(&self.client).copied().unwrap_or_default();
        if table.handshakes >= limits.handshakes_max || of_client >= limits.handshakes_per_client_max {
            return None;
        }
        table.handshakes += 1;
        table.shaking.insert(self.client, of_client + 1);
        drop(table);
        Some(Handshake { client: self.client, open: Arc::clone(&self.open) })
    }
}

/// A TLS handshake under way.
struct Handshake {
    client: IpAddr,
    open: Arc<Open>,
}

impl Drop for Handshake {
    fn drop(&mut self) {
        let mut table = self.open.table();
        table.handshakes -= 1;
        one_less(&mut table.shaking, self.client);
    }
}

fn one_less(counts: &mut HashMap<IpAddr, usize>, client: IpAddr) {
    if let Some(count) = counts.get_mut(&client) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&client);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut table = self.open.table();
        table.pulses.remove(&self.id);
        one_less(&mut table.clients, self.client);
        if table.pulses.is_empty() {
            self.open.emptied.notify_waiters();
        }
    }
}

/// What counts as one client: an IPv4 address, or an IPv6 /64, of which one subscriber usually has a whole one.
fn client_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}
