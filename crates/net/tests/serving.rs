//! A server before clients that behave and clients that do not.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use weft_net::{
    Body, BodyError, BoxFuture, Drained, Handler, Limits, Peer, Server, Via, collect_limited, full,
    serve_connection, text,
};

/// Echoes bodies; `/hold` answers when told, or counts how often it was dropped before.
#[derive(Default)]
struct Echo {
    held: Notify,
    release: Notify,
    dropped: Arc<AtomicUsize>,
    dropped_notice: Arc<Notify>,
}

struct CountDrop(Option<(Arc<AtomicUsize>, Arc<Notify>)>);

impl Drop for CountDrop {
    fn drop(&mut self) {
        if let Some((count, notice)) = self.0.take() {
            count.fetch_add(1, Ordering::SeqCst);
            notice.notify_one();
        }
    }
}

impl Handler for Echo {
    fn handle(&self, request: Request<Body>, _: Peer) -> BoxFuture<'_, Response<Body>> {
        Box::pin(async move {
            match request.uri().path() {
                "/hold" => {
                    let mut guard =
                        CountDrop(Some((Arc::clone(&self.dropped), Arc::clone(&self.dropped_notice))));
                    self.held.notify_one();
                    self.release.notified().await;
                    guard.0 = None;
                    Response::new(full("released"))
                }
                "/stream" => Response::new(request.into_body()),
                "/large" => Response::new(full(vec![b'x'; 1 << 20])),
                _ => match collect_limited(request.into_body(), 1 << 20).await {
                    Ok(body) => Response::new(full(body)),
                    Err(BodyError::TooSlow) => text(StatusCode::REQUEST_TIMEOUT, "slow"),
                    Err(BodyError::TooLarge(_)) => text(StatusCode::PAYLOAD_TOO_LARGE, "large"),
                    Err(BodyError::Broken(_)) => text(StatusCode::BAD_REQUEST, "broken"),
                },
            }
        })
    }
}

fn limits() -> Limits {
    Limits { header_bytes_max: 8 << 10, body_bytes_max: 100, ..Limits::gateway() }
}

fn peer() -> Peer {
    let loopback = SocketAddr::from(([127, 0, 0, 1], 1));
    Peer::listener(loopback, loopback)
}

/// A connection over a pipe, on which time can stand still.
fn pipe(handler: Arc<Echo>, limits: Limits) -> DuplexStream {
    let (client, server) = tokio::io::duplex(64 << 10);
    tokio::spawn(serve_connection(server, peer(), handler, Arc::new(limits)));
    client
}

/// Sends `request` and returns all that comes until the connection ends.
async fn exchange(mut client: DuplexStream, request: &[u8]) -> String {
    client.write_all(request).await.unwrap();
    until_end(client).await
}

async fn until_end(mut client: impl tokio::io::AsyncRead + Unpin) -> String {
    let mut answer = Vec::new();
    let _ = client.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn requests_share_a_connection() {
    let client = pipe(Arc::default(), limits());
    let answer = exchange(
        client,
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\none\
          POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n\
          GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
    )
    .await;
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 3, "{answer}");
    assert!(answer.contains("one") && answer.contains("two"), "{answer}");
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_the_connection_ends() {
    let large = format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "y".repeat(9 << 10));
    let many = format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: y\r\n".repeat(101));
    for (request, status) in [
        ("nonsense\r\n\r\n", "400"),
        ("GET\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nhost a\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nhost: a\r\n folded: b\r\n\r\n", "400"),
        ("GET / HTTP/9.1\r\nhost: a\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab", "400"),
        ("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, identity\r\n\r\n", "400"),
        (large.as_str(), "431"),
        (many.as_str(), "431"),
    ] {
        let answer = exchange(pipe(Arc::default(), limits()), request.as_bytes()).await;
        let shown = &request[..request.len().min(60)];
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{shown:?}: {answer:?}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{shown:?}: {answer:?}");
    }
}

#[tokio::test]
async fn a_tls_handshake_is_closed_without_a_word() {
    let client = pipe(Arc::default(), limits());
    assert_eq!(exchange(client, &[0x16, 0x03, 0x01, 0x00, 0xa5, 0x01]).await, "");
}

#[tokio::test]
async fn bodies_over_the_limit_are_refused() {
    let declared = format!(
        "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 101\r\n\r\n{}",
        "x".repeat(101)
    );
    let chunked = format!(
        "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n65\r\n{}\r\n0\r\n\r\n",
        "x".repeat(101)
    );
    let exact = format!(
        "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 100\r\n\r\n{}",
        "x".repeat(100)
    );
    for (request, status) in [(declared, "413"), (chunked, "413"), (exact, "200")] {
        let mut client = pipe(Arc::default(), limits());
        client.write_all(request.as_bytes()).await.unwrap();
        let answer = until_end(client).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_or_too_little_is_left() {
    // A pause that never ends is as long as the limit, by a clock that only jumps.
    for (begin, want) in [
        (&b""[..], Duration::from_secs(10)),
        (b"GET / HTTP/1.1\r\n", Duration::from_secs(10)),
        (b"GET / HTTP/1.1\r\nhost: a\r\n\r\n", Duration::from_secs(75)),
        (b"GET / HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP", Duration::from_secs(75)),
    ] {
        let started = tokio::time::Instant::now();
        exchange(pipe(Arc::default(), limits()), begin).await;
        let took = started.elapsed();
        assert!(
            took >= want && took < want + Duration::from_secs(1),
            "{:?} {took:?}",
            String::from_utf8_lossy(begin)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_that_comes_byte_by_byte_is_given_up() {
    let client = pipe(Arc::default(), limits());
    let (read, mut write) = tokio::io::split(client);
    let started = tokio::time::Instant::now();
    let drip = async {
        for byte in b"GET / HTTP/1.1\r\nx: ".iter().chain(std::iter::repeat(&b'y')).take(1000) {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if write.write_all(&[*byte]).await.is_err() {
                return;
            }
        }
    };
    let ((), answer) = tokio::join!(drip, until_end(read));
    assert_eq!(answer, "");
    assert!(started.elapsed() < Duration::from_secs(12), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_second_head_on_a_connection_has_its_own_time() {
    let mut client = pipe(Arc::default(), limits());
    let mut buffer = [0; 1024];
    client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert_ne!(client.read(&mut buffer).await.unwrap(), 0);
    tokio::time::sleep(Duration::from_mins(1)).await;
    let started = tokio::time::Instant::now();
    exchange(client, b"GET / HT").await;
    let took = started.elapsed();
    assert!(took >= Duration::from_secs(10) && took < Duration::from_secs(11), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn slow_bodies_are_given_up() {
    let head = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 90\r\n\r\n";
    // Nothing at all.
    let started = tokio::time::Instant::now();
    let mut client = pipe(Arc::default(), limits());
    client.write_all(head).await.unwrap();
    let mut answer = [0; 64];
    let length = client.read(&mut answer).await.unwrap();
    assert!(answer[..length].starts_with(b"HTTP/1.1 408 "), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(started.elapsed().as_secs(), 30);
    // A byte every five seconds: under 256 bytes per second when the grace of ten is over.
    let client = pipe(Arc::default(), limits());
    let (mut read, mut write) = tokio::io::split(client);
    write.write_all(head).await.unwrap();
    let started = tokio::time::Instant::now();
    let drip = async {
        for _ in 0..90 {
            tokio::time::sleep(Duration::from_secs(5)).await;
            if write.write_all(b"x").await.is_err() {
                return;
            }
        }
    };
    let refused = async {
        let length = read.read(&mut answer).await.unwrap();
        assert!(answer[..length].starts_with(b"HTTP/1.1 408 "));
    };
    tokio::select! {
        () = drip => panic!("it waited for the whole body"),
        () = refused => {}
    }
    assert_eq!(started.elapsed().as_secs(), 15);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_left() {
    let limits = Limits { write_timeout: Duration::from_secs(5), ..limits() };
    let mut client = pipe(Arc::default(), limits);
    client.write_all(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_secs(6)).await;
    let mut answer = Vec::new();
    let _ = client.read_to_end(&mut answer).await;
    assert!(answer.len() < 1 << 20, "{} bytes came", answer.len());
}

#[tokio::test]
async fn a_client_that_goes_away_cancels_its_request() {
    let echo = Arc::new(Echo::default());
    let mut client = pipe(Arc::clone(&echo), limits());
    client.write_all(b"GET /hold HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    echo.held.notified().await;
    drop(client);
    echo.dropped_notice.notified().await;
    assert_eq!(echo.dropped.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_body_with_trailers_is_read_whole() {
    let client = pipe(Arc::default(), limits());
    let answer = exchange(
        client,
        b"POST /stream HTTP/1.1\r\nhost: a\r\nte: trailers\r\nconnection: close\r\ntrailer: x-sum\r\n\
          transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-sum: 7\r\n\r\n",
    )
    .await;
    // The answer declares none, so HTTP/1.1 leaves them out; the body arrives whole all the same.
    assert!(answer.contains("abc"), "{answer}");
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

fn listen(server: &Server) -> SocketAddr {
    server.listen(TcpListener::bind("127.0.0.1:0").unwrap()).unwrap()
}

#[tokio::test]
async fn one_connection_too_many_gets_503() {
    let echo = Arc::new(Echo::default());
    for limits in
        [Limits { connections_max: 2, ..limits() }, Limits { connections_per_client_max: 2, ..limits() }]
    {
        let server = Server::new(Arc::clone(&echo) as Arc<dyn Handler>, limits);
        let address = listen(&server);
        let mut held = Vec::new();
        for _ in 0..2 {
            let mut client = connect(address).await;
            client.write_all(b"GET /hold HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
            echo.held.notified().await;
            held.push(client);
        }
        let answer = until_end(connect(address).await).await;
        assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 1"), "{answer}");
        assert_eq!(server.connections(), 2);
        drop(held);
        for _ in 0..2 {
            echo.dropped_notice.notified().await;
            if echo.dropped.load(Ordering::SeqCst) % 2 == 0 {
                break;
            }
        }
        assert_eq!(server.drain(Duration::from_secs(10)).await, Drained { aborted: 0 });
        assert_eq!(server.connections(), 0);
    }
}

#[tokio::test]
async fn a_drain_lets_requests_end_and_closes_the_idle() {
    let echo = Arc::new(Echo::default());
    let server = Arc::new(Server::new(Arc::clone(&echo) as Arc<dyn Handler>, limits()));
    let address = listen(&server);
    let mut idle = connect(address).await;
    idle.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert_ne!(idle.read(&mut [0; 512]).await.unwrap(), 0);
    let mut busy = connect(address).await;
    busy.write_all(b"GET /hold HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    echo.held.notified().await;
    let drain = tokio::spawn({
        let server = Arc::clone(&server);
        async move { server.drain(Duration::from_mins(1)).await }
    });
    assert_eq!(idle.read(&mut [0; 16]).await.unwrap(), 0, "the idle one is closed");
    echo.release.notify_one();
    let answer = until_end(busy).await;
    assert!(answer.contains("released") && answer.contains("connection: close"), "{answer}");
    assert_eq!(drain.await.unwrap(), Drained { aborted: 0 });
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_drain_ends_in_time() {
    let echo = Arc::new(Echo::default());
    let server = Server::new(Arc::clone(&echo) as Arc<dyn Handler>, limits());
    let address = listen(&server);
    let mut busy = connect(address).await;
    busy.write_all(b"GET /hold HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    echo.held.notified().await;
    assert_eq!(server.drain(Duration::from_millis(1)).await, Drained { aborted: 1 });
    assert_eq!(until_end(busy).await, "");
}

#[tokio::test]
async fn peers_on_loopback_are_secure_and_named() {
    struct Named;
    impl Handler for Named {
        fn handle(&self, _: Request<Body>, peer: Peer) -> BoxFuture<'_, Response<Body>> {
            let shown = format!("{} {} {}", peer.addr.ip(), peer.secure, peer.via == Via::Listener);
            Box::pin(std::future::ready(Response::new(full(shown))))
        }
    }
    let server = Server::new(Arc::new(Named), limits());
    let address = listen(&server);
    let mut client = connect(address).await;
    client.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
    assert!(until_end(client).await.ends_with("127.0.0.1 true true"));
    let away = Peer::listener(SocketAddr::from(([192, 0, 2, 1], 5)), address);
    assert!(!away.secure && Peer::door(away.addr, address).secure);
    let empty = weft_net::empty().collect().await.unwrap();
    assert!(empty.to_bytes().is_empty());
}
