//! One worker's door: every connection that leaves its network, and its resolver.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;
use weft_net::{Handler, Peer, relay, serve_connection};
use weft_service::workload::{DoorHandler, DoorSockets, WorkerIdentity, WorkloadId};
use weft_types::AppName;

use crate::egress::Refusal;
use crate::hop::Hop;
use crate::mesh::Shared;
use crate::names::{self, Meaning};
use crate::places::{Place, Share};
use crate::resolver::Resolver;

/// One worker's door, open.
pub(crate) struct Door {
    way: Arc<Way>,
    tcp: TcpListener,
    dns_udp: Arc<UdpSocket>,
    dns_tcp: TcpListener,
    connections: Share,
}

/// What a connection through the door needs to know.
struct Way {
    shared: Arc<Shared>,
    identity: Arc<WorkerIdentity>,
    runtime_api: Arc<dyn DoorHandler>,
    resolver: Resolver,
    handshakes: Share,
}

const RUNTIME_PORT: u16 = 9001;
const TLS_PORT: u16 = 443;

impl Door {
    pub(crate) fn new(
        shared: Arc<Shared>,
        identity: Arc<WorkerIdentity>,
        sockets: DoorSockets,
        runtime_api: Arc<dyn DoorHandler>,
    ) -> io::Result<Self> {
        let tcp = std::net::TcpListener::from(sockets.tcp);
        let dns_udp = std::net::UdpSocket::from(sockets.dns_udp);
        let dns_tcp = std::net::TcpListener::from(sockets.dns_tcp);
        tcp.set_nonblocking(true)?;
        dns_udp.set_nonblocking(true)?;
        dns_tcp.set_nonblocking(true)?;
        let connections = shared.connections.share();
        let handshakes = shared.handshakes.share();
        let resolver = Resolver::new(Arc::clone(&shared), Arc::clone(&identity));
        Ok(Self {
            way: Arc::new(Way { shared, identity, runtime_api, resolver, handshakes }),
            tcp: TcpListener::from_std(tcp)?,
            dns_udp: Arc::new(UdpSocket::from_std(dns_udp)?),
            dns_tcp: TcpListener::from_std(dns_tcp)?,
            connections,
        })
    }

    /// Serves until it is dropped; everything that it began ends with it.
    pub(crate) async fn serve(self) {
        let mut begun = JoinSet::new();
        let mut question = [0; QUESTION_BYTES_MAX];
        loop {
            while begun.try_join_next().is_some() {}
            let way = Arc::clone(&self.way);
            tokio::select! {
                accepted = self.tcp.accept() => match accepted {
                    Ok((stream, peer)) => match self.connections.try_take() {
                        Some(place) => {
                            begun.spawn(async move { way.follow(stream, peer, place).await });
                        }
                        None => reset(&stream),
                    },
                    Err(error) => pause_after(&error).await,
                },
                received = self.dns_udp.recv_from(&mut question) => match received {
                    Ok((length, from)) => self.resolve(&question[..length], from, &mut begun),
                    // An earlier answer could not be delivered.
                    Err(error) => tracing::trace!(%error, "resolver socket"),
                },
                accepted = self.dns_tcp.accept() => match accepted {
                    Ok((stream, _)) => match self.connections.try_take() {
                        Some(place) => {
                            begun.spawn(async move {
                                way.resolver.serve_stream(stream).await;
                                drop(place);
                            });
                        }
                        None => reset(&stream),
                    },
                    Err(error) => pause_after(&error).await,
                },
            }
        }
    }

    /// Answers a question at once where that needs nobody outside, else in the background.
    fn resolve(&self, question: &[u8], from: SocketAddr, begun: &mut JoinSet<()>) {
        match self.way.resolver.answer_now(question, false) {
            Ok(None) => {}
            // A full socket loses it, as networks do; the worker's resolver asks again.
            Ok(Some(answer)) => drop(self.dns_udp.try_send_to(&answer, from)),
            Err(lookup) => {
                let (way, socket) = (Arc::clone(&self.way), Arc::clone(&self.dns_udp));
                begun.spawn(async move {
                    let answer = way.resolver.look_up(lookup, false).await;
                    drop(socket.try_send_to(&answer, from));
                });
            }
        }
    }
}

/// Larger than any question for one name.
const QUESTION_BYTES_MAX: usize = 1500;

impl Way {
    async fn follow(&self, stream: TcpStream, peer: SocketAddr, place: Place) {
        // Failing costs only speed.
        let _ = stream.set_nodelay(true);
        let wanted = (self.shared.options.original)(&stream);
        let target = match wanted {
            // Without a redirect the kernel knows nothing, or names the listener itself.
            Ok(wanted) if stream.local_addr().is_ok_and(|local| local != wanted) => {
                self.target(canonical(wanted))
            }
            _ => Err(Refusal::NotRedirected),
        };
        match target {
            Ok(target) => self.carry(stream, peer, target).await,
            Err(refusal) => self.refuse(&stream, wanted.ok(), refusal),
        }
        drop(place);
    }

    /// Decides where a connection goes.
    fn target(&self, wanted: SocketAddr) -> Result<Target, Refusal> {
        let IpAddr::V4(address) = wanted.ip() else {
            return self.shared.options.egress.check(wanted.ip()).map(|()| Target::Outside(wanted));
        };
        if !names::is_ours(address) {
            return self.shared.options.egress.check(wanted.ip()).map(|()| Target::Outside(wanted));
        }
        if address == names::RUNTIME && wanted.port() == RUNTIME_PORT {
            return Ok(Target::RuntimeApi);
        }
        let workload = self.shared.names.workload_at(address);
        let caller = &self.identity.revision.workload;
        let is_sibling = |workload: &WorkloadId| {
            caller.app.is_some() && workload.app == caller.app && workload.account == caller.account
        };
        if address != names::AWS && !workload.as_ref().is_some_and(is_sibling) {
            return Err(Refusal::NoWorkload);
        }
        if wanted.port() == TLS_PORT && self.shared.options.tls.is_none() {
            return Err(Refusal::Tls);
        }
        workload.map_or(Ok(Target::Aws(wanted)), |workload| Ok(Target::Workload(workload, wanted)))
    }

    async fn carry(&self, stream: TcpStream, peer: SocketAddr, target: Target) {
        match target {
            Target::RuntimeApi => match stream.into_std() {
                Ok(stream) => self.runtime_api.serve(stream).await,
                Err(error) => tracing::debug!(%error, "cannot hand a connection to the Runtime API"),
            },
            Target::Aws(wanted) => match self.shared.seams.get() {
                Some(seams) => self.serve(stream, Peer::door(peer, wanted), Arc::clone(&seams.aws)).await,
                None => reset(&stream),
            },
            Target::Workload(callee, wanted) => {
                let hop = Hop::new(Arc::clone(&self.shared), Arc::clone(&self.identity), callee);
                self.serve(stream, Peer::door(peer, wanted), Arc::new(hop)).await;
            }
            Target::Outside(wanted) => self.leave(stream, wanted).await,
        }
    }

    /// Serves requests, over TLS where its port was wanted.
    async fn serve(&self, stream: TcpStream, peer: Peer, handler: Arc<dyn Handler>) {
        let limits = Arc::clone(&self.shared.limits);
        if peer.local_addr.port() != TLS_PORT {
            return serve_connection(stream, peer, handler, limits).await;
        }
        let Some((tls, place)) = self.shared.options.tls.as_ref().zip(self.handshakes.try_take()) else {
            return reset(&stream);
        };
        let covers = |name: &str| self.is_ours(name);
        match tls.accept(stream, peer.local_addr.ip(), covers, limits.header_timeout).await {
            Ok(stream) => {
                drop(place);
                serve_connection(stream, peer.over_tls(), handler, limits).await;
            }
            Err(error) => tracing::debug!(worker = self.identity.worker, %error, "no TLS handshake"),
        }
    }

    /// Whether a name stands for us or for a workload of the worker's app.
    fn is_ours(&self, name: &str) -> bool {
        let app = self.identity.revision.workload.app.as_ref().map(AppName::as_str);
        matches!(names::meaning(name, app), Meaning::Aws | Meaning::Loopback | Meaning::App(_))
    }

    /// Makes an outbound connection for the worker and relays it.
    async fn leave(&self, stream: TcpStream, wanted: SocketAddr) {
        let options = &self.shared.options;
        let outside = match tokio::time::timeout(options.connect_timeout, TcpStream::connect(wanted)).await {
            Ok(Ok(outside)) => outside,
            Ok(Err(error)) => {
                tracing::debug!(worker = self.identity.worker, %wanted, %error, "outbound connection failed");
                return reset(&stream);
            }
            Err(_) => return reset(&stream),
        };
        let _ = outside.set_nodelay(true);
        let counters = &self.shared.counters;
        counters.connections.fetch_add(1, Ordering::Relaxed);
        let end = relay(stream, outside, options.idle_timeout).await;
        counters.sent.fetch_add(end.sent, Ordering::Relaxed);
        counters.received.fetch_add(end.received, Ordering::Relaxed);
        let (sent, received) = (end.sent, end.received);
        tracing::debug!(worker = self.identity.worker, %wanted, sent, received, "outbound connection ended");
    }

    fn refuse(&self, stream: &TcpStream, wanted: Option<SocketAddr>, refusal: Refusal) {
        self.shared.counters.refused.fetch_add(1, Ordering::Relaxed);
        let workload = &self.identity.revision.workload;
        let app = workload.app.as_ref().map_or("-", |app| app.as_str());
        tracing::debug!(
            app,
            workload = &*workload.name,
            worker = self.identity.worker,
            wanted = wanted.map(|wanted| wanted.to_string()),
            reason = %refusal,
            "egress policy refused a connection"
        );
        reset(stream);
    }
}

/// Where a connection goes.
enum Target {
    RuntimeApi,
    Aws(SocketAddr),
    Workload(WorkloadId, SocketAddr),
    Outside(SocketAddr),
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Makes the coming close a reset, which programs take for "refused" rather than for an empty answer.
fn reset(stream: &TcpStream) {
    let _ = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

/// Waits after a failed accept: out of files or memory, trying at once would only spin.
async fn pause_after(error: &io::Error) {
    tracing::debug!(%error, "cannot accept at a door");
    tokio::time::sleep(Duration::from_millis(20)).await;
}

#[cfg(test)]
#[path = "tls_tests.rs"]
mod tests;
