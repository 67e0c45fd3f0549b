//! Batches on their way to a subscriber inside the worker's network.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use weft_net::BoxStream;
use weft_service::Clock;

use super::queue::{Batch, Queue};
use super::schema::{Destination, Subscription};
use crate::platform;
use crate::spawn::Process;

/// How often a batch is tried.
const TRIES: u32 = 3;
/// How long one try may take.
const TRY_TIME: Duration = Duration::from_secs(2);
/// How long is waited before the next.
const PAUSE: Duration = Duration::from_millis(100);
/// What of an answer is looked at.
const STATUS_BYTES: usize = "HTTP/1.1 200".len();

/// Sends what a queue gives, until the worker is gone.
pub(super) async fn run(
    queue: Arc<Queue>,
    process: Weak<dyn Process>,
    subscription: Subscription,
    clock: Arc<dyn Clock>,
) {
    let mut link = None;
    loop {
        let batch = queue.next().await;
        let body = body(&batch, &subscription, &*clock);
        let mut delivered = false;
        for attempt in 0..TRIES {
            if attempt > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            let Some(process) = process.upgrade() else { return };
            let sent = deliver(&*process, &subscription.destination, &body, &mut link);
            delivered = matches!(tokio::time::timeout(TRY_TIME, sent).await, Ok(Ok(())));
            if delivered {
                break;
            }
            link = None;
        }
        if !delivered {
            queue.lost(&batch);
        }
    }
}

/// An array for HTTP, lines for TCP.
fn body(batch: &Batch, subscription: &Subscription, clock: &dyn Clock) -> String {
    let mut items: Vec<&str> = batch.items.iter().map(String::as_str).collect();
    let dropped = (batch.dropped.records > 0).then(|| {
        let reason = "the subscriber did not take them in time";
        let dropped = platform::logs_dropped(reason, batch.dropped.records, batch.dropped.bytes);
        subscription.schema.platform(clock.now(), &dropped)
    });
    let dropped = dropped.flatten();
    items.extend(dropped.as_deref());
    match subscription.destination {
        Destination::Http { .. } => format!("[{}]", items.join(",")),
        Destination::Tcp { .. } => items.join("\n") + "\n",
    }
}

async fn deliver(
    process: &dyn Process,
    destination: &Destination,
    body: &str,
    link: &mut Option<BoxStream>,
) -> io::Result<()> {
    let connect = |port: u16| process.connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    match destination {
        Destination::Http { port, path, put } => post(connect(*port).await?, *port, path, *put, body).await,
        Destination::Tcp { port } => {
            let stream = match link.take() {
                Some(stream) => stream,
                None => connect(*port).await?,
            };
            let stream = link.insert(stream);
            stream.write_all(body.as_bytes()).await?;
            stream.flush().await
        }
    }
}

/// One request on a connection of its own; 2xx means that it was taken.
async fn post(mut stream: BoxStream, port: u16, path: &str, put: bool, body: &str) -> io::Result<()> {
    let method = if put { "PUT" } else { "POST" };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: sandbox.localdomain:{port}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.flush().await?;
    let mut status = [0; STATUS_BYTES];
    stream.read_exact(&mut status).await?;
    if status.starts_with(b"HTTP/1.") && status[9] == b'2' {
        return Ok(());
    }
    Err(io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests;
