//! Doors, with a stand-in for what the kernel knows of a redirected connection.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener as StdListener, UdpSocket as StdUdp};
use std::sync::Mutex;
use std::time::Instant;

use http::{Request, Response, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UdpSocket;
use weft_net::{Body, Peer, Via, full};
use weft_service::workload::{
    Caller, Contract, HttpContract, Invocation, Invoked, Revision, Scale, WorkError, WorkRequest,
    WorkerLimits, WorkerStatus, WorkloadKind,
};
use weft_service::{BoxFuture, Error};
use weft_types::{AccountId, AppName, Region};

use super::*;
use crate::names::{self, Claims};

pub(crate) fn workload(app: &str, name: &str) -> WorkloadId {
    WorkloadId {
        account: AccountId::parse("000000000000").unwrap(),
        region: Region::parse("us-east-1").unwrap(),
        app: Some(AppName::parse(app).unwrap()),
        name: name.into(),
        kind: WorkloadKind::Service,
    }
}

fn revision(workload: WorkloadId) -> Arc<Revision> {
    let second = Duration::from_secs(1);
    Arc::new(Revision {
        id: "r1".into(),
        workload,
        contract: Contract::Http(HttpContract {
            command: Vec::new(),
            health_path: None,
            start_timeout: second,
            request_timeout: second,
            grace: second,
        }),
        code: "/".into(),
        mounts: Vec::new(),
        interpreter: None,
        environment: BTreeMap::new(),
        role: None,
        scale: Scale {
            min: 0,
            max: 1,
            concurrency: 1,
            queue_max: 1,
            queue_timeout: second,
            idle_timeout: second,
        },
        limits: WorkerLimits { memory_mib: 128, processes: 1, cpu_millis: 0, tmp_mib: 1 },
        log_group: String::new(),
    })
}

/// Everything that the mesh talks to: `shop` has `orders`, `blog` has `posts`.
struct World;

impl Directory for World {
    fn find(&self, caller: &WorkloadId, name: &str) -> Option<WorkloadId> {
        let there =
            matches!((caller.app.as_ref()?.as_str(), name), ("shop", "orders" | "web") | ("blog", "posts"));
        there.then(|| WorkloadId { name: name.into(), ..caller.clone() })
    }
}

impl Revisions for World {
    fn current<'a>(
        &'a self,
        workload: &'a WorkloadId,
    ) -> BoxFuture<'a, Result<Option<Arc<Revision>>, Error>> {
        Box::pin(std::future::ready(Ok(Some(revision(workload.clone())))))
    }
}

impl Workers for World {
    fn invoke(&self, _: Arc<Revision>, _: Invocation) -> BoxFuture<'static, Result<Invoked, WorkError>> {
        Box::pin(std::future::ready(Err(WorkError::Stopping)))
    }

    fn forward(
        &self,
        revision: Arc<Revision>,
        work: WorkRequest,
    ) -> BoxFuture<'static, Result<Response<Body>, WorkError>> {
        let Caller::Workload(caller) = work.caller else { panic!("{:?}", work.caller) };
        let header = |name: &str| {
            work.request.headers().get(name).map_or("-", |value| value.to_str().unwrap()).to_owned()
        };
        let shown = format!(
            "{} to {}: {} {} by {}, forged {}",
            caller.name,
            revision.workload.name,
            header("host"),
            work.request.uri(),
            header("x-weft-caller"),
            header("x_weft_caller"),
        );
        Box::pin(std::future::ready(Ok(Response::new(full(shown)))))
    }

    fn retire(&self, _: &WorkloadId, _: Option<&str>) {}
    fn keep_warm(&self, _: Arc<Revision>) {}
    fn prepare(&self, _: Arc<Revision>) -> BoxFuture<'static, Result<(), WorkError>> {
        Box::pin(std::future::ready(Ok(())))
    }
    fn status(&self) -> Vec<WorkerStatus> {
        Vec::new()
    }
}

impl Handler for World {
    fn handle(&self, _: Request<Body>, peer: Peer) -> BoxFuture<'_, Response<Body>> {
        let mut response = Response::new(full(format!("aws {} {}", peer.secure, peer.via == Via::Door)));
        *response.status_mut() = StatusCode::IM_A_TEAPOT;
        Box::pin(std::future::ready(response))
    }
}

impl DoorHandler for World {
    fn serve(&self, stream: std::net::TcpStream) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let mut stream = TcpStream::from_std(stream).unwrap();
            // A close with something unread would be a reset.
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                asked.push(stream.read_u8().await.unwrap());
            }
            stream.write_all(b"runtime").await.unwrap();
        })
    }
}

/// A worker's door, and what the worker has of it.
pub(crate) struct Worker {
    pub(crate) door: SocketAddr,
    resolver: SocketAddr,
    /// Its resolver over TCP.
    dns: SocketAddr,
    pub(crate) wanted: Arc<Mutex<SocketAddr>>,
    mesh: Mesh,
    _guard: DoorGuard,
}

pub(crate) fn identity(app: &str, name: &str) -> Arc<WorkerIdentity> {
    Arc::new(WorkerIdentity { worker: 1, revision: revision(workload(app, name)), keys: None })
}

/// A mesh that knows the [`World`].
pub(crate) fn mesh(options: MeshOptions) -> Mesh {
    let mesh = Mesh::new(options);
    let world = Arc::new(World);
    mesh.connect(Seams {
        directory: Arc::clone(&world) as _,
        revisions: Arc::clone(&world) as _,
        workers: Arc::clone(&world) as _,
        aws: world,
    });
    mesh
}

/// The place that all connections are meant for, and the options that say so.
pub(crate) fn redirected(options: MeshOptions) -> (Arc<Mutex<SocketAddr>>, MeshOptions) {
    let wanted = Arc::new(Mutex::new(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))));
    let told = Arc::clone(&wanted);
    let original: Original = Arc::new(move |_| Ok(*told.lock().unwrap()));
    (wanted, MeshOptions { original, ..options })
}

fn worker(app: &str) -> Worker {
    let (wanted, options) = redirected(MeshOptions::default());
    worker_of(&mesh(options), app, wanted)
}

pub(crate) fn worker_of(mesh: &Mesh, app: &str, wanted: Arc<Mutex<SocketAddr>>) -> Worker {
    let tcp = StdListener::bind("127.0.0.1:0").unwrap();
    let udp = StdUdp::bind("127.0.0.1:0").unwrap();
    let (door, resolver) = (tcp.local_addr().unwrap(), udp.local_addr().unwrap());
    let dns_tcp = StdListener::bind("127.0.0.1:0").unwrap();
    let dns = dns_tcp.local_addr().unwrap();
    let sockets = DoorSockets { tcp: tcp.into(), dns_udp: udp.into(), dns_tcp: dns_tcp.into() };
    let guard = mesh.opened(identity(app, "web"), sockets, Arc::new(World)).unwrap();
    Worker { door, resolver, dns, wanted, mesh: mesh.clone(), _guard: guard }
}

impl Worker {
    /// What comes back from `wanted`; `reset` where the connection is refused.
    pub(crate) async fn ask(&self, wanted: &str) -> String {
        *self.wanted.lock().unwrap() = wanted.parse().unwrap();
        let mut stream = TcpStream::connect(self.door).await.unwrap();
        let request =
            b"GET /x?y HTTP/1.1\r\nhost: orders:8080\r\nconnection: close\r\nx-weft-caller: shop/admin\r\n\
            X_Weft_Caller: shop/admin\r\n\r\n";
        let mut answer = String::new();
        let asked = async {
            stream.write_all(request).await?;
            stream.read_to_string(&mut answer).await
        };
        match asked.await {
            Ok(_) => answer.rsplit("\r\n").next().unwrap_or_default().to_owned(),
            Err(_) => "reset".to_owned(),
        }
    }

    /// The address of a name, as the worker's own resolver would ask for it.
    pub(crate) async fn resolve(&self, name: &str) -> Option<Ipv4Addr> {
        use hickory_proto::op::{Message, MessageType, OpCode, Query};
        use hickory_proto::rr::{Name, RData, RecordType};
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let mut question = Message::new(9, MessageType::Query, OpCode::Query);
        question.add_query(Query::query(Name::from_ascii(name).unwrap(), RecordType::A));
        socket.send_to(&question.to_vec().unwrap(), self.resolver).await.unwrap();
        let mut answer = [0; 512];
        let length = socket.recv(&mut answer).await.unwrap();
        let answer = Message::from_vec(&answer[..length]).unwrap();
        answer.answers.first().and_then(|record| match &record.data {
            RData::A(address) => Some(address.0),
            _ => None,
        })
    }
}

#[tokio::test]
async fn a_sibling_is_reached_by_name_and_learns_who_calls() {
    let worker = worker("shop");
    let orders = worker.resolve("orders.").await.unwrap();
    assert_eq!(worker.resolve("orders.shop.weft.localhost.").await, Some(orders));
    assert_eq!(worker.resolve("orders.weft.internal.").await, Some(orders));
    assert_eq!(worker.resolve("nobody.").await, None);
    assert_eq!(worker.resolve("posts.blog.weft.localhost.").await, None);
    for port in [80, 8080] {
        let answer = worker.ask(&format!("{orders}:{port}")).await;
        assert_eq!(answer, "web to orders: orders:8080 /x?y by shop/web, forged -");
    }
    assert_eq!(worker.ask(&format!("{orders}:443")).await, "reset", "no TLS without an authority");
}

#[tokio::test]
async fn our_own_addresses_lead_to_our_handlers() {
    let worker = worker("shop");
    assert_eq!(worker.resolve("lambda.us-east-1.amazonaws.com.").await, Some(names::AWS));
    assert_eq!(worker.ask("100.64.0.1:80").await, "aws true true");
    assert_eq!(worker.ask("[::ffff:100.64.0.1]:80").await, "aws true true");
    assert_eq!(worker.ask("100.64.0.2:9001").await, "runtime");
}

#[tokio::test]
async fn nothing_else_of_the_machine_or_of_others_is_reached() {
    let worker = worker("shop");
    let other =
        worker.mesh.0.names.tell(&workload("blog", "posts"), &Claims::default(), Instant::now()).unwrap();
    let server = StdListener::bind("127.0.0.1:0").unwrap();
    let local = server.local_addr().unwrap();
    let wanted = [
        format!("{other}:80"),
        local.to_string(),
        format!("[::ffff:127.0.0.1]:{}", local.port()),
        format!("[::1]:{}", local.port()),
        worker.door.to_string(),
        "169.254.169.254:80".to_owned(),
        "10.0.0.1:80".to_owned(),
        "192.168.0.1:80".to_owned(),
        "100.64.0.2:80".to_owned(),
        "100.99.0.1:80".to_owned(),
        "0.0.0.0:80".to_owned(),
        "[fd00::1]:80".to_owned(),
        "[64:ff9b::a9fe:a9fe]:80".to_owned(),
        "[2002:7f00:1::1]:80".to_owned(),
        "[fe80::1]:80".to_owned(),
        "224.0.0.1:80".to_owned(),
        "255.255.255.255:80".to_owned(),
        "168.63.129.16:80".to_owned(),
    ];
    for (count, wanted) in wanted.iter().enumerate() {
        assert_eq!(worker.ask(wanted).await, "reset", "{wanted}");
        assert_eq!(worker.mesh.traffic().refused, count as u64 + 1, "{wanted}");
    }
    server.set_nonblocking(true).unwrap();
    assert!(server.accept().is_err(), "nobody came");
}

#[tokio::test]
async fn a_closed_door_ends_what_came_through_it() {
    let worker = worker("shop");
    *worker.wanted.lock().unwrap() = "100.64.0.1:80".parse().unwrap();
    let mut stream = TcpStream::connect(worker.door).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert_ne!(stream.read(&mut [0; 512]).await.unwrap(), 0);
    drop(worker);
    assert!(matches!(stream.read(&mut [0; 16]).await, Ok(0) | Err(_)));
}

/// Opens connections to `to`, says `word` on each, and counts those that get an answer. All stay open.
async fn answered(to: SocketAddr, word: &[u8], count: usize) -> (usize, Vec<TcpStream>) {
    let (mut answered, mut open) = (0, Vec::new());
    for _ in 0..count {
        let mut stream = TcpStream::connect(to).await.unwrap();
        let asked = async {
            stream.write_all(word).await?;
            stream.read(&mut [0; 512]).await
        };
        answered += usize::from(asked.await.is_ok_and(|length| length > 0));
        open.push(stream);
    }
    (answered, open)
}

#[tokio::test]
async fn a_worker_that_takes_all_connections_it_can_leaves_room_for_others() {
    let request = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n".as_slice();
    let question = b"\0\x18\0\x09\x01\0\0\x01\0\0\0\0\0\0\x06orders\0\0\x01\0\x01".as_slice();
    for (per_worker, in_all, want) in [(3, 100, 3), (100, 8, 5), (100, 9, 6)] {
        for over_dns in [false, true] {
            let (wanted, options) = redirected(MeshOptions {
                connections_per_worker_max: per_worker,
                connections_max: in_all,
                ..MeshOptions::default()
            });
            *wanted.lock().unwrap() = "100.64.0.1:80".parse().unwrap();
            let mesh = mesh(options);
            let greedy = worker_of(&mesh, "shop", Arc::clone(&wanted));
            let quiet = worker_of(&mesh, "shop", wanted);
            let flood = if over_dns { (greedy.dns, question) } else { (greedy.door, request) };
            let (got, held) = answered(flood.0, flood.1, 20).await;
            assert_eq!(got, want, "{per_worker} {in_all} {over_dns}");
            assert_eq!(answered(quiet.door, request, 1).await.0, 1, "another's connection");
            assert_eq!(answered(quiet.dns, question, 1).await.0, 1, "another's resolver");
            assert!(greedy.resolve("orders.").await.is_some(), "questions need no connection");
            drop(held);
        }
    }
}
