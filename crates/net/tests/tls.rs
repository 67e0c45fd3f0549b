//! Plain and TLS connections on one port, and handshakes that do not end.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::{Request, Response};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use weft_net::{Authority, Body, BoxFuture, Drained, Handler, Limits, Peer, Server, Stream, Tls, full};

/// Says over what a request came.
struct Told;

impl Handler for Told {
    fn handle(&self, _: Request<Body>, peer: Peer) -> BoxFuture<'_, Response<Body>> {
        let said = format!("tls {} secure {}", peer.tls, peer.secure);
        Box::pin(std::future::ready(Response::new(full(said))))
    }
}

struct World {
    server: Server,
    address: SocketAddr,
    connector: TlsConnector,
    tls: Tls,
}

#[expect(clippy::disallowed_methods, reason = "the client looks at its own clock")]
fn now() -> SystemTime {
    SystemTime::now()
}

fn world(limits: Limits) -> World {
    let authority = Authority::generate(now()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.certificate_pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let client = client.with_root_certificates(roots).with_no_client_auth();
    let tls = Tls::new(authority, now).unwrap();
    let server = Server::new(Arc::new(Told), limits).with_tls(tls.clone());
    let address = server.listen(TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
    World { server, address, connector: TlsConnector::from(Arc::new(client)), tls }
}

async fn ask(mut stream: impl Stream) -> String {
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.rsplit("\r\n").next().unwrap().to_owned()
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

/// The answer over TLS, or why the client does not trust the server.
async fn over_tls(world: &World, name: &'static str) -> Result<String, String> {
    let name = ServerName::try_from(name).unwrap();
    let stream = world.connector.connect(name, connect(world.address).await).await;
    Ok(ask(stream.map_err(|error| error.to_string())?).await)
}

#[tokio::test]
async fn plain_and_tls_come_to_one_port() {
    let world = world(Limits::gateway());
    for name in ["localhost", "LOCALHOST", "b.s3.localhost", "127.0.0.1", "::1"] {
        assert_eq!(over_tls(&world, name).await.unwrap(), "tls true secure true", "{name}");
        assert_eq!(ask(connect(world.address).await).await, "tls false secure true");
    }
    assert_eq!(world.server.drain(Duration::from_secs(10)).await, Drained { aborted: 0 });
}

#[tokio::test]
async fn a_listener_vouches_for_no_other_name() {
    let world = world(Limits::gateway());
    for name in ["sts.us-east-1.amazonaws.com", "example.com", "10.0.0.1"] {
        let refused = over_tls(&world, name).await.unwrap_err();
        assert!(refused.contains("not valid for name"), "{name}: {refused}");
    }
}

#[tokio::test]
async fn the_authority_cannot_vouch_for_the_rest_of_the_world() {
    let world = world(Limits::gateway());
    for (name, trusted) in
        [("sts.us-east-1.amazonaws.com", true), ("orders.weft.internal", true), ("example.com", false)]
    {
        let (near, far) = tokio::io::duplex(16 << 10);
        let at = IpAddr::from(Ipv4Addr::LOCALHOST);
        let served = world.tls.accept(far, at, |_| true, Duration::from_secs(10));
        let client = world.connector.connect(ServerName::try_from(name).unwrap(), near);
        let (client, _served) = tokio::join!(client, served);
        assert_eq!(client.is_ok(), trusted, "{name}");
    }
}

#[tokio::test]
async fn one_handshake_too_many_is_closed() {
    for limits in [
        Limits { handshakes_max: 1, ..Limits::gateway() },
        Limits { handshakes_per_client_max: 1, ..Limits::gateway() },
    ] {
        let world = world(limits);
        // A handshake that begins and does not go on holds its place from the moment that the next is refused.
        let mut held = connect(world.address).await;
        held.write_all(&[0x16, 3, 1]).await.unwrap();
        while over_tls(&world, "localhost").await.is_ok() {}
        assert_eq!(
            ask(connect(world.address).await).await,
            "tls false secure true",
            "plain ones are not held up"
        );
        drop(held);
        while over_tls(&world, "localhost").await.is_err() {}
    }
}

#[tokio::test]
async fn what_does_not_become_a_handshake_is_closed() {
    let world = world(Limits { header_timeout: Duration::from_millis(50), ..Limits::gateway() });
    for sent in [&b""[..], b"\x16", b"\x16\x03\x01\x40\x00", b"\x16GET / HTTP/1.1\r\n\r\n", &[0x16; 16_000]] {
        let mut stream = connect(world.address).await;
        let _ = stream.write_all(sent).await;
        // An alert may come before the end, and unread bytes make the end a reset.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
    while world.server.connections() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_drain_does_not_wait_for_handshakes() {
    let world = world(Limits::gateway());
    let mut silent = connect(world.address).await;
    let mut begun = connect(world.address).await;
    begun.write_all(&[0x16, 3, 1]).await.unwrap();
    while world.server.connections() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.server.drain(Duration::from_mins(1)).await, Drained { aborted: 0 });
    for stream in [&mut silent, &mut begun] {
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
}
