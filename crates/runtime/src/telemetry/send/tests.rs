use std::sync::Mutex;

use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use weft_sandbox::{Exit, Listening, Usage};
use weft_service::{BoxFuture, SystemClock};

use super::*;

/// A worker whose listeners are the test's.
struct Listener {
    accepted: mpsc::UnboundedSender<DuplexStream>,
    asked: Mutex<Vec<SocketAddr>>,
}

impl Process for Listener {
    fn connect(&self, to: SocketAddr) -> BoxFuture<'static, io::Result<BoxStream>> {
        self.asked.lock().unwrap().push(to);
        let (near, far) = tokio::io::duplex(1 << 20);
        let accepted = self.accepted.send(far).map_err(|_| io::ErrorKind::ConnectionRefused.into());
        Box::pin(async move { accepted.map(|()| Box::new(near) as BoxStream) })
    }

    fn wait(&self) -> BoxFuture<'static, Exit> {
        Box::pin(std::future::pending())
    }

    fn kill(&self) -> BoxFuture<'static, Exit> {
        Box::pin(std::future::pending())
    }

    fn signal(&self, _: u8) -> BoxFuture<'static, io::Result<()>> {
        Box::pin(std::future::pending())
    }

    fn freeze(&self, _: bool) -> BoxFuture<'static, io::Result<()>> {
        Box::pin(std::future::pending())
    }

    fn usage(&self) -> BoxFuture<'static, io::Result<Usage>> {
        Box::pin(std::future::pending())
    }

    fn listening(&self) -> BoxFuture<'static, io::Result<Vec<Listening>>> {
        Box::pin(std::future::pending())
    }
}

/// A sender to this destination, its queue, and what connects.
fn sender(destination: &str) -> (Arc<Queue>, Arc<Listener>, mpsc::UnboundedReceiver<DuplexStream>) {
    let text =
        format!(r#"{{"schemaVersion":"2022-07-01","types":["platform"],"destination":{destination}}}"#);
    let subscription = Subscription::parse(false, text.as_bytes()).unwrap();
    let queue = Arc::new(Queue::new(subscription.buffering));
    let (accepted, connections) = mpsc::unbounded_channel();
    let listener = Arc::new(Listener { accepted, asked: Mutex::default() });
    let process = Arc::clone(&listener) as Arc<dyn Process>;
    tokio::spawn(run(Arc::clone(&queue), Arc::downgrade(&process), subscription, Arc::new(SystemClock)));
    (queue, listener, connections)
}

/// Reads a request to its end and answers with this status.
async fn answer(mut stream: DuplexStream, status: &str) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split("Content-Length: ").nth(1).unwrap().split("\r\n").next().unwrap();
            if body.len() >= length.parse::<usize>().unwrap() {
                stream.write_all(format!("HTTP/1.1 {status} x\r\n\r\n").as_bytes()).await.unwrap();
                return text;
            }
        }
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "cut: {text}");
    }
}

const HTTP: &str = r#"{"protocol":"HTTP","URI":"http://sandbox.localdomain:9003/in?x=1"}"#;

#[tokio::test(start_paused = true)]
async fn a_batch_is_one_request_into_the_worker() {
    let (queue, listener, mut connections) = sender(HTTP);
    queue.push("1".into());
    queue.push("2".into());
    let request = answer(connections.recv().await.unwrap(), "200").await;
    assert!(request.starts_with("POST /in?x=1 HTTP/1.1\r\nHost: sandbox.localdomain:9003\r\n"), "{request}");
    assert!(
        request.contains("Content-Type: application/json\r\n") && request.ends_with("\r\n\r\n[1,2]"),
        "{request}"
    );
    assert_eq!(*listener.asked.lock().unwrap(), ["127.0.0.1:9003".parse().unwrap()]);
    queue.sent().await;
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_not_taken_is_tried_again_and_then_counted() {
    let (queue, _listener, mut connections) = sender(HTTP);
    queue.push("1".into());
    for status in ["500", "404", "503"] {
        let request = answer(connections.recv().await.unwrap(), status).await;
        assert!(request.ends_with("[1]"), "{request}");
    }
    queue.push("2".into());
    let request = answer(connections.recv().await.unwrap(), "200").await;
    assert!(request.contains("[2,{") && request.contains(r#""droppedRecords":1"#), "{request}");
    assert!(request.contains(r#""droppedBytes":1"#) && request.contains("platform.logsDropped"), "{request}");
}

#[tokio::test(start_paused = true)]
async fn one_that_never_answers_does_not_hold_up_the_rest_for_ever() {
    let (queue, _listener, mut connections) = sender(HTTP);
    queue.push("1".into());
    let mut silent = Vec::new();
    for _ in 0..TRIES {
        silent.push(connections.recv().await.unwrap());
    }
    queue.push("2".into());
    let request = answer(connections.recv().await.unwrap(), "200").await;
    assert!(request.contains("[2,{"), "{request}");
}

#[tokio::test(start_paused = true)]
async fn lines_go_over_one_connection() {
    let (queue, listener, mut connections) = sender(r#"{"protocol":"TCP","port":9004}"#);
    queue.push("1".into());
    queue.push("2".into());
    let mut stream = connections.recv().await.unwrap();
    let mut text = [0; 4];
    stream.read_exact(&mut text).await.unwrap();
    queue.push("3".into());
    let mut more = [0; 2];
    stream.read_exact(&mut more).await.unwrap();
    assert_eq!((&text, &more), (b"1\n2\n", b"3\n"));
    assert_eq!(*listener.asked.lock().unwrap(), ["127.0.0.1:9004".parse().unwrap()]);
}

#[tokio::test]
async fn a_subscription_does_not_keep_its_worker_alive() {
    let telemetry = crate::telemetry::Telemetry::new(Arc::new(SystemClock), false, true);
    let (accepted, _connections) = mpsc::unbounded_channel();
    let process: Arc<dyn Process> = Arc::new(Listener { accepted, asked: Mutex::default() });
    telemetry.inside(&process);
    let body = format!(r#"{{"schemaVersion":"2022-07-01","types":["platform"],"destination":{HTTP}}}"#);
    telemetry.subscribe("e", false, body.as_bytes()).unwrap();
    tokio::task::yield_now().await;
    assert_eq!(Arc::strong_count(&process), 1, "who drops a process kills it");
}

#[tokio::test]
async fn who_subscribes_again_and_again_holds_one_subscription() {
    let telemetry = crate::telemetry::Telemetry::new(Arc::new(SystemClock), false, true);
    let (accepted, _connections) = mpsc::unbounded_channel();
    let process: Arc<dyn Process> = Arc::new(Listener { accepted, asked: Mutex::default() });
    telemetry.inside(&process);
    let body = format!(r#"{{"schemaVersion":"2022-07-01","types":["platform"],"destination":{HTTP}}}"#);
    for _ in 0..100 {
        telemetry.subscribe("e", false, body.as_bytes()).unwrap();
        tokio::task::yield_now().await;
    }
    assert!(telemetry.senders() <= 2, "{}", telemetry.senders());
}
