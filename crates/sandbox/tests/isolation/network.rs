//! A worker's own network: one door out, and sockets that lead in.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use weft_sandbox::{Family, Listening, Network, Sandbox};

use crate::Case;
use crate::cases::cases;
use crate::world::{World, loopback_server, python, read};

pub(crate) const CASES: &[Case] = cases![
    every_connection_comes_to_the_door,
    the_machine_s_loopback_is_out_of_reach,
    another_network_is_out_of_reach,
    the_resolver_hears_and_nobody_else,
    sockets_lead_in_and_ports_are_told,
    low_ports_may_be_listened_on,
    the_machine_s_network_is_there_when_asked_for,
];

/// Answers every connection at the door and notes where it was meant to go.
fn serve_door(sandbox: &mut Sandbox) -> Arc<Mutex<Vec<SocketAddr>>> {
    let wanted = Arc::new(Mutex::new(Vec::new()));
    let door = std::net::TcpListener::from(sandbox.door.take().unwrap());
    let door = TcpListener::from_std(door).unwrap();
    let seen = Arc::clone(&wanted);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = door.accept().await {
            seen.lock().unwrap().push(weft_sandbox::original_destination(&connection).unwrap());
            let _ = connection.write_all(b"the door").await;
        }
    });
    wanted
}

/// Connects to each and prints what it hears.
fn connecting(addresses: &[SocketAddr]) -> String {
    let pairs: Vec<_> = addresses.iter().map(|address| (address.ip().to_string(), address.port())).collect();
    let pairs = serde_json::to_string(&pairs).unwrap();
    format!(
        "import socket,json\nfor a in json.loads('{pairs}'):\n try:\n  c=socket.create_connection(tuple(a),3);print(c.recv(100).decode())\n except OSError as e: print(type(e).__name__)"
    )
}

async fn every_connection_comes_to_the_door(world: World) {
    let addresses =
        ["100.64.0.7:80", "198.51.100.9:5432", "10.0.0.1:22", "[2001:db8::1]:443", "[fd00::2]:80"];
    let addresses: Vec<SocketAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
    let mut sandbox = world.start(python(&connecting(&addresses))).await;
    let wanted = serve_door(&mut sandbox);
    let (out, err) = (sandbox.stdout.take(), sandbox.stderr.take());
    assert_eq!(read(out).await.trim(), ["the door"; 5].join("\n"), "{}", read(err).await);
    assert_eq!(*wanted.lock().unwrap(), addresses);
}

async fn the_machine_s_loopback_is_out_of_reach(world: World) {
    let server = loopback_server();
    let mut sandbox = world.start(python(&connecting(&[server]))).await;
    let wanted = serve_door(&mut sandbox);
    assert_eq!(read(sandbox.stdout.take()).await.trim(), "ConnectionRefusedError");
    assert!(wanted.lock().unwrap().is_empty());
}

async fn another_network_is_out_of_reach(world: World) {
    let Some(other) = world.other else { return };
    let mut heard = String::new();
    TcpStream::connect(other).await.unwrap().read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "other network", "the machine itself reaches it");
    let mut sandbox = world.start(python(&connecting(&[other]))).await;
    let wanted = serve_door(&mut sandbox);
    assert_eq!(read(sandbox.stdout.take()).await.trim(), "the door");
    assert_eq!(*wanted.lock().unwrap(), [other]);
}

async fn the_resolver_hears_and_nobody_else(world: World) {
    let code = "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(3)
s.sendto(b'who is orders?', ('127.0.0.1', 53)); print(s.recv(100).decode())
for a in (('192.0.2.1', 9), ('8.8.8.8', 123)):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(3); s.connect(a)
    try: s.send(b'x'); s.recv(1); print('answered')
    except ConnectionRefusedError: print('refused inside')
";
    let mut sandbox = world.start(python(code)).await;
    let resolver = std::net::UdpSocket::from(sandbox.dns_udp.take().unwrap());
    let resolver = UdpSocket::from_std(resolver).unwrap();
    let mut question = [0; 64];
    let (length, who) = resolver.recv_from(&mut question).await.unwrap();
    assert_eq!(&question[..length], b"who is orders?");
    resolver.send_to(b"100.64.0.7", who).await.unwrap();
    assert_eq!(read(sandbox.stdout.take()).await.trim(), "100.64.0.7\nrefused inside\nrefused inside");
}

async fn connect(sandbox: &Sandbox, family: Family, to: &str) -> TcpStream {
    let socket = sandbox.socket(family).await.unwrap();
    let socket = tokio::net::TcpSocket::from_std_stream(std::net::TcpStream::from(socket));
    socket.connect(to.parse().unwrap()).await.unwrap()
}

async fn sockets_lead_in_and_ports_are_told(world: World) {
    let code = "
import socket, threading
servers = [socket.create_server(('127.0.0.1', 5000)), socket.create_server(('::1', 8080), family=socket.AF_INET6)]
def serve(s):
    while True:
        c, _ = s.accept(); c.sendall(b'inside ' + str(s.getsockname()[1]).encode()); c.close()
for s in servers: threading.Thread(target=serve, args=(s,)).start()
print('up', flush=True)
";
    let mut sandbox = world.start(python(code)).await;
    let mut out = tokio::net::unix::pipe::Receiver::from_owned_fd(sandbox.stdout.take().unwrap()).unwrap();
    out.read_exact(&mut [0; 3]).await.unwrap();
    for (family, to, expected) in
        [(Family::V4, "127.0.0.1:5000", "inside 5000"), (Family::V6, "[::1]:8080", "inside 8080")]
    {
        let mut heard = String::new();
        connect(&sandbox, family, to).await.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard, expected);
    }
    let listening = |address: &str, port| Listening { address: address.parse().unwrap(), port };
    assert_eq!(
        sandbox.listening_ports().await.unwrap(),
        [listening("127.0.0.1", 5000), listening("::1", 8080)]
    );
    assert_eq!(sandbox.sockets(Family::V4, 32).await.unwrap().len(), 32);
}

async fn low_ports_may_be_listened_on(world: World) {
    let code = "import socket\nfor p in (80, 443): socket.create_server(('', p))\nprint('fine')";
    assert_eq!(world.python(code).await.good(), "fine");
}

async fn the_machine_s_network_is_there_when_asked_for(world: World) {
    let server = loopback_server();
    let mut spec = python(&connecting(&[server]));
    spec.network = Network::Host;
    let mut sandbox = world.start(spec).await;
    assert!(sandbox.door.is_none() && sandbox.dns_udp.is_none());
    assert_eq!(read(sandbox.stdout.take()).await.trim(), "the machine's loopback");
}
