//! The gateway's path to a workload inside this process, against a server that only answers, in one run on one machine.
//! `cargo run --release -p weft-gateway --example bench_net -- [--json] [SECONDS]`

#[path = "../tests/world/mod.rs"]
mod world;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Request, Response};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use weft_net::{Body, BoxFuture, Handler, Limits, Peer, Server, full};

/// Answers and does nothing else: the floor.
struct Bare;

impl Handler for Bare {
    fn handle(&self, _: Request<Body>, _: Peer) -> BoxFuture<'_, Response<Body>> {
        Box::pin(std::future::ready(Response::new(full("hello"))))
    }
}

struct Figures {
    per_second: f64,
    p50: Duration,
    p99: Duration,
}

const CLIENTS: usize = 32;
const REQUESTS_MAX: usize = 2_000_000;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let json = arguments.iter().any(|argument| argument == "--json");
    let seconds = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(3_u64).clamp(1, 60);
    let length = Duration::from_secs(seconds);
    let bare = Server::new(Arc::new(Bare), Limits::gateway());
    let gateway = Server::new(Arc::new(world::gateway(None)), Limits::gateway());
    let [bare_address, gateway_address] = [&bare, &gateway]
        .map(|server| TcpListener::bind("127.0.0.1:0").and_then(|listener| server.listen(listener)));
    let floor = measure(bare_address?, length).await?;
    let ours = measure(gateway_address?, length).await?;
    let ratio = ours.p50.as_secs_f64() / floor.p50.as_secs_f64();
    let rate = ours.per_second / floor.per_second;
    if json {
        println!(
            "{{\"clients\":{CLIENTS},\"bare\":{},\"gateway\":{},\"p50_ratio\":{ratio:.3},\"rps_ratio\":{rate:.3}}}",
            shown(&floor),
            shown(&ours)
        );
    } else {
        println!(
            "bare    {}\ngateway {}\np50 {ratio:.2} times, rate {rate:.2} times",
            shown(&floor),
            shown(&ours)
        );
    }
    Ok(())
}

fn shown(figures: &Figures) -> String {
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let (p50, p99) = (micros(figures.p50), micros(figures.p99));
    format!("{{\"rps\":{:.0},\"p50_us\":{p50:.1},\"p99_us\":{p99:.1}}}", figures.per_second)
}

/// Asks on all connections for `length`, one request at a time on each.
async fn measure(address: SocketAddr, length: Duration) -> std::io::Result<Figures> {
    let started = Instant::now();
    let clients: Vec<_> = (0..CLIENTS).map(|_| tokio::spawn(client(address, started + length))).collect();
    let mut times = Vec::new();
    for client in clients {
        times.extend(client.await.map_err(std::io::Error::other)??);
    }
    let took = started.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 requests")]
    let per_second = times.len() as f64 / took;
    Ok(Figures { per_second, p50: at(50), p99: at(99) })
}

async fn client(address: SocketAddr, end: Instant) -> std::io::Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut times = Vec::new();
    let mut answer = [0; 1024];
    while Instant::now() < end && times.len() < REQUESTS_MAX / CLIENTS {
        let asked = Instant::now();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
        let mut length = 0;
        while !answer[..length].ends_with(b"\r\n\r\nhello") {
            match stream.read(&mut answer[length..]).await? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                count => length += count,
            }
        }
        times.push(asked.elapsed());
    }
    Ok(times)
}
