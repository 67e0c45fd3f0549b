//! A small closed-loop load generator: each connection sends the same bytes again as soon as the answer is whole.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Barrier;

/// How long connections send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    /// Before anything counts.
    warm_up: Duration,
    /// While requests count.
    time: Duration,
}

impl Span {
    /// For figures.
    pub(crate) const FULL: Self =
        Self { warm_up: Duration::from_millis(400), time: Duration::from_millis(1200) };
    /// To see whether it works.
    pub(crate) const QUICK: Self =
        Self { warm_up: Duration::from_millis(50), time: Duration::from_millis(150) };
}

/// How long the last answers may take after that.
const PATIENCE: Duration = Duration::from_secs(5);
/// A connection gives up after as many failures.
const FAILURES_MAX: usize = 100;

/// Times of one run, sorted, and what went wrong.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times {
    sorted: Vec<Duration>,
    wall: Duration,
    /// Requests that got no 2xx; they have no time.
    pub(crate) failures: usize,
    /// What the first of them got.
    pub(crate) first_failure: Option<String>,
}

impl Times {
    pub(crate) fn of(mut times: Vec<Duration>, wall: Duration) -> Self {
        times.sort_unstable();
        Self { sorted: times, wall, ..Self::default() }
    }

    /// The time that this share of requests did not exceed, in microseconds.
    pub(crate) fn percentile_us(&self, percent: usize) -> f64 {
        let at = (self.sorted.len() * percent / 100).min(self.sorted.len().saturating_sub(1));
        self.sorted.get(at).map_or(f64::NAN, |time| time.as_secs_f64() * 1e6)
    }

    /// Requests that were answered.
    pub(crate) fn answered(&self) -> u64 {
        self.sorted.len() as u64
    }

    /// Answered requests a second over all connections; NaN where there was none.
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    pub(crate) fn per_second(&self) -> f64 {
        if self.sorted.is_empty() { f64::NAN } else { self.sorted.len() as f64 / self.wall.as_secs_f64() }
    }

    fn add(&mut self, other: Self) {
        self.sorted.extend(other.sorted);
        self.wall = self.wall.max(other.wall);
        self.failures += other.failures;
        self.first_failure = self.first_failure.take().or(other.first_failure);
    }
}

/// Sends `request` over `connections` connections for a fixed time, after a fixed warm-up.
pub(crate) async fn run(address: SocketAddr, request: &[u8], connections: usize, span: Span) -> Times {
    let request: Arc<[u8]> = Arc::from(request);
    let barrier = Arc::new(Barrier::new(connections));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..connections {
        let (request, barrier) = (Arc::clone(&request), Arc::clone(&barrier));
        tasks.spawn(async move {
            let mut connection = Connection { address, stream: None, buffer: Vec::with_capacity(16 << 10) };
            // Failures of the warm-up come again when they count.
            let _ = connection.send_for(&request, span.warm_up).await;
            barrier.wait().await;
            connection.send_for(&request, span.time).await
        });
    }
    let mut all = Times::default();
    for times in tasks.join_all().await {
        all.add(times);
    }
    all.sorted.sort_unstable();
    all
}

/// The time of one request on a connection of its own, until its answer is whole.
pub(crate) async fn once(address: SocketAddr, request: &[u8]) -> Result<Duration, String> {
    let mut connection = Connection { address, stream: None, buffer: Vec::new() };
    connection.connect().await?;
    let sent = tokio::time::timeout(Duration::from_secs(30), connection.send(request)).await;
    sent.map_err(|_| "no answer within 30 s".to_owned())?
}

/// Sends `request` as often as `count` says over `connections` connections, for `limit` at most.
pub(crate) async fn run_count(
    address: SocketAddr,
    request: &[u8],
    connections: usize,
    count: usize,
    limit: Duration,
) -> Times {
    let request: Arc<[u8]> = Arc::from(request);
    let left = Arc::new(AtomicUsize::new(count));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..connections {
        let (request, left) = (Arc::clone(&request), Arc::clone(&left));
        tasks.spawn(async move {
            let mut connection = Connection { address, stream: None, buffer: Vec::with_capacity(16 << 10) };
            let more = || left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok();
            connection.send_while(&request, limit, more).await
        });
    }
    let mut all = Times::default();
    for times in tasks.join_all().await {
        all.add(times);
    }
    all.sorted.sort_unstable();
    all
}

/// Sends one request on a connection of its own, and gives the whole answer, head and body; anything but a 2xx is an error.
pub(crate) async fn ask(address: SocketAddr, request: &[u8]) -> Result<String, String> {
    let mut connection = Connection { address, stream: None, buffer: Vec::new() };
    let sent = tokio::time::timeout(Duration::from_secs(30), connection.send(request)).await;
    sent.map_err(|_| "no answer within 30 s".to_owned())??;
    Ok(String::from_utf8_lossy(&connection.buffer).into_owned())
}

struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

impl Connection {
    async fn send_for(&mut self, request: &[u8], time: Duration) -> Times {
        self.send_while(request, time, || true).await
    }

    async fn send_while(&mut self, request: &[u8], time: Duration, more: impl Fn() -> bool) -> Times {
        let began = Instant::now();
        let mut times = Times { sorted: Vec::with_capacity(1 << 14), ..Times::default() };
        let sending = async {
            while began.elapsed() < time && times.failures < FAILURES_MAX && more() {
                match self.send(request).await {
                    Ok(took) => times.sorted.push(took),
                    Err(failure) => {
                        times.failures += 1;
                        times.first_failure.get_or_insert(failure);
                        self.stream = None;
                    }
                }
            }
        };
        if tokio::time::timeout(time + PATIENCE, sending).await.is_err() {
            times.failures += 1;
            times.first_failure.get_or_insert_with(|| format!("no answer within {PATIENCE:?}"));
            self.stream = None;
        }
        times.wall = began.elapsed();
        times
    }

    async fn connect(&mut self) -> Result<(), String> {
        let stream = TcpStream::connect(self.address).await.map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        self.stream = Some(stream);
        Ok(())
    }

    /// The time of one request; of a server that closes after each answer, the next connection belongs to it.
    async fn send(&mut self, request: &[u8]) -> Result<Duration, String> {
        let began = Instant::now();
        if self.stream.is_none() {
            self.connect().await?;
        }
        let Self { stream: Some(stream), buffer, .. } = self else { return Err("not connected".to_owned()) };
        stream.write_all(request).await.map_err(|error| error.to_string())?;
        read_answer(stream, buffer).await?;
        if closes(buffer) {
            self.stream = None;
        }
        Ok(began.elapsed())
    }
}

/// Reads one whole answer; anything but a 2xx is an error that shows its beginning.
async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<(), String> {
    buffer.clear();
    while answer_length(buffer).is_none_or(|length| buffer.len() < length) {
        let read = stream.read_buf(buffer).await.map_err(|error| error.to_string())?;
        if read == 0 {
            return Err("the connection was closed before the answer was whole".to_owned());
        }
    }
    if buffer.starts_with(b"HTTP/1.1 2") {
        return Ok(());
    }
    let shown = String::from_utf8_lossy(&buffer[..buffer.len().min(400)]);
    Err(shown.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Whether the server said that it closes the connection.
fn closes(answer: &[u8]) -> bool {
    let head = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or(0);
    let text = String::from_utf8_lossy(&answer[..head]).to_ascii_lowercase();
    text.lines().any(|line| line.strip_prefix("connection:").is_some_and(|value| value.trim() == "close"))
}

/// The length of head and body, once the head is there.
fn answer_length(buffer: &[u8]) -> Option<usize> {
    let head = buffer.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&buffer[..head]).ok()?.to_ascii_lowercase();
    if let Some(at) = text.find("\r\ncontent-length:") {
        let value = text[at + 17..].split("\r\n").next()?.trim();
        return value.parse::<usize>().ok().map(|body| head + body);
    }
    let end = buffer[head..].windows(5).position(|w| w == b"0\r\n\r\n")?;
    text.contains("transfer-encoding: chunked").then_some(head + end + 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(answer: &str, expected: Option<usize>) {
        assert_eq!(answer_length(answer.as_bytes()), expected, "{answer:?}");
    }

    #[test]
    fn an_answer_s_length_is_known_once_its_head_is_there() {
        check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", None);
        check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", Some(40));
        check("HTTP/1.1 200 OK\r\ncontent-length:2\r\n\r\nok", Some(39));
        check("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n", None);
        check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", Some(59));
    }

    #[test]
    fn a_server_that_closes_says_so_in_its_head() {
        let check = |answer: &str, expected| assert_eq!(closes(answer.as_bytes()), expected, "{answer:?}");
        check("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", true);
        check("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\nconnection: close\r\n", false);
        check("HTTP/1.1 200 OK\r\nx-connection: close\r\n\r\n", false);
        check("HTTP/1.1 200 OK\r\n", false);
    }

    #[test]
    fn percentiles_are_of_the_sorted_times() {
        let times = Times::of((1..=100).rev().map(Duration::from_micros).collect(), Duration::from_secs(2));
        assert!((times.percentile_us(50) - 51.0).abs() < 1e-6);
        assert!((times.percentile_us(99) - 100.0).abs() < 1e-6);
        assert!((times.per_second() - 50.0).abs() < 1e-9);
        assert!(Times::default().percentile_us(50).is_nan());
    }
}
