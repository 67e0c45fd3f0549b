//! A client before workers that behave and workers that do not.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use weft_net::{
    Body, BoxError, BoxFuture, BoxStream, Client, ClientOptions, Connect, Handler, Limits, Peer, SendError,
    collect_limited, empty, full, serve_connection,
};

type Script = Box<dyn Fn(usize, DuplexStream) -> BoxFuture<'static, ()> + Send + Sync>;

/// Connects to a script, which is told the connection's number.
struct Scripted {
    count: Arc<AtomicUsize>,
    script: Arc<Script>,
}

impl Connect for Scripted {
    fn connect(&self) -> BoxFuture<'static, io::Result<BoxStream>> {
        let number = self.count.fetch_add(1, Ordering::SeqCst);
        let (near, far) = tokio::io::duplex(64 << 10);
        tokio::spawn((self.script)(number, far));
        Box::pin(std::future::ready(Ok(Box::new(near) as BoxStream)))
    }
}

fn client(
    script: impl Fn(usize, DuplexStream) -> BoxFuture<'static, ()> + Send + Sync + 'static,
) -> (Client, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let scripted = Scripted { count: Arc::clone(&count), script: Arc::new(Box::new(script)) };
    (Client::new(scripted, ClientOptions::default()), count)
}

fn request(method: Method, body: Body) -> Request<Body> {
    Request::builder().method(method).uri("/x?y=1").header("host", "worker").body(body).unwrap()
}

async fn read_head(stream: &mut DuplexStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// Answers each request on one connection.
async fn answer_all(mut stream: DuplexStream, answer: &'static str) {
    while !read_head(&mut stream).await.is_empty() {
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let (client, count) = client(|_, stream| Box::pin(answer_all(stream, OK)));
    for _ in 0..5 {
        let response = client.send(request(Method::GET, empty())).await.unwrap();
        assert_eq!(collect_limited(response.into_body(), 9).await.unwrap(), "ok");
        // Give the connection's task its turn to notice that the answer is over.
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
    }
    assert_eq!(count.load(Ordering::SeqCst), 1);
    client.clear();
    client.send(request(Method::GET, empty())).await.unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn an_answer_that_is_dropped_ends_its_connection() {
    let (client, count) = client(|_, mut stream| {
        Box::pin(async move {
            read_head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").await.unwrap();
            assert_eq!(stream.read(&mut [0; 9]).await.unwrap(), 0, "the client closes");
        })
    });
    for wanted in 1..3 {
        drop(client.send(request(Method::GET, empty())).await.unwrap());
        assert_eq!(count.load(Ordering::SeqCst), wanted);
    }
}

/// The first connection answers once and then dies with the next request in it; the second answers.
fn dies_after_one(seen: Arc<Mutex<Vec<String>>>) -> (Client, Arc<AtomicUsize>) {
    client(move |number, mut stream| {
        let seen = Arc::clone(&seen);
        Box::pin(async move {
            if number == 0 {
                read_head(&mut stream).await;
                stream.write_all(OK.as_bytes()).await.unwrap();
                let head = read_head(&mut stream).await;
                seen.lock().unwrap().push(head);
                return;
            }
            let head = read_head(&mut stream).await;
            seen.lock().unwrap().push(head);
            stream.write_all(OK.as_bytes()).await.unwrap();
        })
    })
}

async fn first_answer(client: &Client) {
    let response = client.send(request(Method::GET, empty())).await.unwrap();
    collect_limited(response.into_body(), 9).await.unwrap();
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
}

#[tokio::test]
async fn only_what_may_be_sent_twice_is() {
    for (method, again) in
        [(Method::GET, true), (Method::DELETE, true), (Method::POST, false), (Method::PATCH, false)]
    {
        let seen = Arc::default();
        let (client, _) = dies_after_one(Arc::clone(&seen));
        first_answer(&client).await;
        let response = client.send(request(method.clone(), empty())).await;
        assert_eq!(response.is_ok(), again, "{method}");
        if let Err(error) = response {
            assert!(matches!(error, SendError::Ended { .. }), "{error:?}");
        }
        assert_eq!(seen.lock().unwrap().len(), if again { 2 } else { 1 }, "{method}");
    }
    // A body may have been read: it is not sent again even where the method would allow it.
    let seen = Arc::default();
    let (client, _) = dies_after_one(Arc::clone(&seen));
    first_answer(&client).await;
    assert!(client.send(request(Method::PUT, full("body"))).await.is_err());
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn failures_are_told_apart() {
    let refused = Client::new(
        || -> BoxFuture<'static, io::Result<BoxStream>> {
            Box::pin(std::future::ready(Err(io::ErrorKind::ConnectionRefused.into())))
        },
        ClientOptions::default(),
    );
    let error = refused.send(request(Method::GET, empty())).await.unwrap_err();
    assert!(matches!(error, SendError::Connect { .. }), "{error:?}");

    let (gone, _) = client(|_, mut stream| Box::pin(async move { drop(read_head(&mut stream).await) }));
    let error = gone.send(request(Method::GET, empty())).await.unwrap_err();
    assert!(matches!(error, SendError::Ended { .. }), "{error:?}");

    let (odd, _) = client(|_, stream| Box::pin(answer_all(stream, "SSH-2.0-x\r\n\r\n")));
    let error = odd.send(request(Method::GET, empty())).await.unwrap_err();
    assert!(matches!(error, SendError::Malformed { .. }), "{error:?}");

    let (fine, _) = client(|_, stream| Box::pin(answer_all(stream, OK)));
    let broken =
        futures::stream::iter([Err::<http_body::Frame<bytes::Bytes>, BoxError>("client left".into())]);
    let body = Body::new(http_body_util::StreamBody::new(broken));
    let error = fine.send(request(Method::POST, body)).await.unwrap_err();
    assert!(matches!(error, SendError::RequestBody { .. }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_never_comes_is_given_up() {
    let never = Client::new(
        || -> BoxFuture<'static, io::Result<BoxStream>> { Box::pin(std::future::pending()) },
        ClientOptions { connect_timeout: Duration::from_secs(3), ..ClientOptions::default() },
    );
    let error = never.send(request(Method::GET, empty())).await.unwrap_err();
    assert!(
        matches!(error, SendError::ConnectTimeout(limit) if limit == Duration::from_secs(3)),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_not_trusted_for_long() {
    let (client, count) = client(|_, stream| Box::pin(answer_all(stream, OK)));
    first_answer(&client).await;
    tokio::time::advance(Duration::from_secs(61)).await;
    first_answer(&client).await;
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

/// Hands everything on to a client: a proxy.
struct Proxy(Client);

impl Handler for Proxy {
    fn handle(&self, request: Request<Body>, _: Peer) -> BoxFuture<'_, http::Response<Body>> {
        Box::pin(async move { self.0.send(request).await.unwrap() })
    }
}

fn through_proxy(client: Client) -> DuplexStream {
    let (near, far) = tokio::io::duplex(64 << 10);
    let peer = Peer::listener(([127, 0, 0, 1], 1).into(), ([127, 0, 0, 1], 2).into());
    tokio::spawn(serve_connection(far, peer, Arc::new(Proxy(client)), Arc::new(Limits::gateway())));
    near
}

#[tokio::test]
async fn an_upgrade_is_relayed_both_ways() {
    let (client, _) = client(|_, mut stream| {
        Box::pin(async move {
            let head = read_head(&mut stream).await;
            assert!(head.contains("upgrade: echo"), "{head}");
            stream
                .write_all(
                    b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nhello",
                )
                .await
                .unwrap();
            let mut asked = [0; 4];
            stream.read_exact(&mut asked).await.unwrap();
            stream.write_all(&asked.map(|byte| byte.to_ascii_uppercase())).await.unwrap();
        })
    });
    let mut near = through_proxy(client);
    near.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n")
        .await
        .unwrap();
    let head = read_head(&mut near).await;
    assert!(head.starts_with("HTTP/1.1 101 ") && head.contains("upgrade: echo"), "{head}");
    let mut hello = [0; 5];
    near.read_exact(&mut hello).await.unwrap();
    near.write_all(b"ping").await.unwrap();
    let mut rest = String::new();
    near.read_to_string(&mut rest).await.unwrap();
    assert_eq!((&hello, rest.as_str()), (b"hello", "PING"));
}

/// Answers with what a client gets from a worker, and tells when the upgraded connection no longer holds anything.
struct Holding(Client, tokio::sync::mpsc::UnboundedSender<()>);

impl Handler for Holding {
    fn handle(&self, request: Request<Body>, _: Peer) -> BoxFuture<'_, http::Response<Body>> {
        Box::pin(async move { self.0.send_holding(request, || self.1.clone()).await.unwrap() })
    }
}

#[tokio::test]
async fn an_upgraded_connection_holds_until_one_end_closes() {
    for worker_ends in [true, false] {
        let (client, _) = client(move |_, mut stream| {
            Box::pin(async move {
                read_head(&mut stream).await;
                let head =
                    b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
                stream.write_all(head).await.unwrap();
                let mut asked = [0; 4];
                // Whatever comes last: the word, or the client's end.
                let _ = stream.read_exact(&mut asked).await;
            })
        });
        let (held, mut released) = tokio::sync::mpsc::unbounded_channel::<()>();
        let (mut near, far) = tokio::io::duplex(64 << 10);
        let peer = Peer::listener(([127, 0, 0, 1], 1).into(), ([127, 0, 0, 1], 2).into());
        let handler = Arc::new(Holding(client, held));
        let served = tokio::spawn(serve_connection(far, peer, handler, Arc::new(Limits::gateway())));
        near.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n")
            .await
            .unwrap();
        assert!(read_head(&mut near).await.starts_with("HTTP/1.1 101 "));
        // The handler and its connection's task are gone; what is held now is held by the relay.
        served.await.unwrap();
        assert_eq!(released.try_recv(), Err(tokio::sync::mpsc::error::TryRecvError::Empty));
        if worker_ends {
            near.write_all(b"done").await.unwrap();
            near.shutdown().await.unwrap();
        }
        drop(near);
        assert_eq!(released.recv().await, None, "{worker_ends}");
    }
}

#[tokio::test]
async fn answers_stream_with_their_trailers() {
    let (client, _) = client(|_, stream| {
        let answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n\
                      3\r\nabc\r\n0\r\nx-sum: 7\r\n\r\n";
        Box::pin(answer_all(stream, answer))
    });
    let response = client.send(request(Method::GET, empty())).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let collected = response.into_body().collect().await.unwrap();
    assert_eq!(collected.trailers().and_then(|trailers| trailers.get("x-sum")).unwrap(), "7");
    assert_eq!(collected.to_bytes(), "abc");
}
