//! Services, custom runtimes and pools in real sandboxes. Without a harness: the launcher is forked before any thread.
//! Where the machine allows no isolation, this says so and checks nothing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/real.rs"]
mod real;
mod support;

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::BodyExt as _;
use real::Real;
use support::{function, invocation};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use weft_net::{Body, BoxFuture, Handler, Limits, Peer, empty, full};
use weft_runtime::Runtime;
use weft_service::workload::{
    Caller, Contract, HttpContract, Revision, WorkError, WorkRequest, Workers as _, WorkloadKind,
};

fn main() {
    real::in_sandboxes(run);
}

async fn run(Real { runtime, folder, .. }: Real) {
    let folder = &*folder;
    a_service_listens_on_its_port_or_on_its_own(&runtime, folder).await;
    a_service_that_ends_shows_what_it_printed(&runtime, folder).await;
    a_crash_during_a_request_is_told(&runtime, folder).await;
    an_upgraded_connection_keeps_its_place(&runtime, folder).await;
    a_flood_is_answered_by_twenty_workers_and_leaves_none(&runtime, folder).await;
    a_custom_runtime_speaks_through_its_door(&runtime, folder).await;
    runtime.shutdown(Duration::from_secs(10)).await;
    assert!(runtime.status().is_empty());
    println!("ok");
}

fn service(folder: &Path, name: &str, code: &str) -> Revision {
    let code_folder = folder.join(name);
    std::fs::create_dir(&code_folder).unwrap();
    std::fs::write(code_folder.join("app.py"), code).unwrap();
    let mut revision = function(&code_folder, "python", "", &[]);
    revision.workload.kind = WorkloadKind::Service;
    revision.workload.name = name.into();
    revision.scale.concurrency = 10;
    revision.contract = Contract::Http(HttpContract {
        command: vec!["python".into(), "app.py".into()],
        health_path: None,
        start_timeout: Duration::from_secs(20),
        request_timeout: Duration::from_secs(5),
        grace: Duration::from_secs(2),
    });
    revision
}

async fn ask(runtime: &Runtime, revision: &Arc<Revision>, body: Body) -> Result<(u16, String), WorkError> {
    let request = http::Request::post("/x?y=1").header("host", "svc").body(body).unwrap();
    let caller = Caller::Outside { address: IpAddr::V4(Ipv4Addr::LOCALHOST) };
    let request = WorkRequest { request, caller, request_id: "r-1".into() };
    let response = runtime.forward(Arc::clone(revision), request).await?;
    let status = response.status().as_u16();
    let bytes = response
        .into_body()
        .collect()
        .await
        .map_err(|error| WorkError::Crashed { reason: error.to_string() })?;
    Ok((status, String::from_utf8_lossy(&bytes.to_bytes()).into_owned()))
}

const SERVER: &str = "
import os, http.server
class H(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get('content-length') or 0))
        if body == b'die': os._exit(3)
        answer = self.path.encode() + b' ' + body
        self.send_response(200); self.send_header('content-length', str(len(answer))); self.end_headers()
        self.wfile.write(answer)
http.server.ThreadingHTTPServer(ADDRESS, H).serve_forever()
";

async fn a_service_listens_on_its_port_or_on_its_own(runtime: &Runtime, folder: &Path) {
    for (name, address) in [("told", "('0.0.0.0', int(os.environ['PORT']))"), ("own", "('127.0.0.1', 5000)")]
    {
        let revision = Arc::new(service(folder, name, &SERVER.replace("ADDRESS", address)));
        for body in ["a", "b"] {
            let answer = ask(runtime, &revision, full(body)).await.unwrap();
            assert_eq!(answer, (200, format!("/x?y=1 {body}")), "{name}");
        }
        runtime.retire(&revision.workload, None);
    }
}

async fn a_service_that_ends_shows_what_it_printed(runtime: &Runtime, folder: &Path) {
    let revision = Arc::new(service(folder, "broken", "import nothing_here\n"));
    let error = ask(runtime, &revision, empty()).await.unwrap_err().to_string();
    assert!(error.contains("exit status 1") && error.contains("No module named 'nothing_here'"), "{error}");
}

async fn a_crash_during_a_request_is_told(runtime: &Runtime, folder: &Path) {
    let revision = Arc::new(service(folder, "dies", &SERVER.replace("ADDRESS", "('0.0.0.0', 8080)")));
    let error = ask(runtime, &revision, full("die")).await.unwrap_err();
    assert!(matches!(&error, WorkError::Crashed { reason } if reason.contains("exit status 3")), "{error}");
    assert_eq!(ask(runtime, &revision, full("a")).await.unwrap().0, 200);
}

const ECHO: &str = "
import os, socket
listener = socket.create_server(('0.0.0.0', int(os.environ['PORT'])))
while True:
    link, _ = listener.accept()
    head = b''
    while not head.endswith(b'\\r\\n\\r\\n'): head += link.recv(1)
    if b'upgrade: echo' in head:
        link.sendall(b'HTTP/1.1 101 Switching Protocols\\r\\nconnection: upgrade\\r\\nupgrade: echo\\r\\n\\r\\n')
        while (data := link.recv(100)): link.sendall(data)
    else:
        link.sendall(b'HTTP/1.1 200 OK\\r\\nconnection: close\\r\\ncontent-length: 0\\r\\n\\r\\n')
    link.close()
";

/// Hands a connection's requests to a service.
struct Front(Arc<Runtime>, Arc<Revision>);

impl Handler for Front {
    fn handle(&self, request: http::Request<Body>, _: Peer) -> BoxFuture<'_, http::Response<Body>> {
        let caller = Caller::Outside { address: IpAddr::V4(Ipv4Addr::LOCALHOST) };
        let work = WorkRequest { request, caller, request_id: "r-1".into() };
        let answer = self.0.forward(Arc::clone(&self.1), work);
        Box::pin(async move { answer.await.unwrap() })
    }
}

async fn an_upgraded_connection_keeps_its_place(runtime: &Arc<Runtime>, folder: &Path) {
    let mut revision = service(folder, "echo", ECHO);
    revision.scale.max = 1;
    revision.scale.concurrency = 1;
    revision.scale.queue_timeout = Duration::from_secs(2);
    revision.scale.idle_timeout = Duration::from_millis(200);
    let revision = Arc::new(revision);
    let (mut near, far) = tokio::io::duplex(1 << 10);
    let peer = Peer::door(([127, 0, 0, 1], 1).into(), ([127, 0, 0, 1], 2).into());
    let front = Arc::new(Front(Arc::clone(runtime), Arc::clone(&revision)));
    let served = tokio::spawn(weft_net::serve_connection(far, peer, front, Arc::new(Limits::gateway())));
    near.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n")
        .await
        .unwrap();
    served.await.unwrap();
    // The only place is taken, for longer than a worker may idle.
    let refused = ask(runtime, &revision, empty()).await.unwrap_err();
    assert_eq!(refused, WorkError::Overloaded { max: 1 });
    let workers = || runtime.status().into_iter().filter(|worker| &*worker.workload.name == "echo");
    assert_eq!(workers().map(|worker| (worker.state, worker.in_flight)).collect::<Vec<_>>(), [("busy", 1)]);
    near.write_all(b"ping").await.unwrap();
    let mut said = Vec::new();
    while !said.ends_with(b"ping") {
        assert_ne!(near.read_buf(&mut said).await.unwrap(), 0, "{}", String::from_utf8_lossy(&said));
    }
    drop(near);
    assert_eq!(ask(runtime, &revision, empty()).await.unwrap().0, 200);
    let begun = Instant::now();
    while workers().next().is_some() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the service must go to zero");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn a_flood_is_answered_by_twenty_workers_and_leaves_none(runtime: &Runtime, folder: &Path) {
    let code = folder.join("flood");
    std::fs::create_dir(&code).unwrap();
    std::fs::write(
        code.join("app.py"),
        "import time, os\ndef handler(e, c):\n    time.sleep(0.1)\n    return 1\n",
    )
    .unwrap();
    let mut revision = function(&code, "python3.11", "app.handler", &[]);
    revision.workload.name = "flood".into();
    revision.scale.max = 20;
    revision.scale.queue_max = 500;
    revision.scale.idle_timeout = Duration::from_secs(1);
    let revision = Arc::new(revision);
    let calls = (0..200).map(|_| runtime.invoke(Arc::clone(&revision), invocation("1")));
    let answers = futures::future::join_all(calls).await;
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|answer| answer.error.is_none())));
    let cold = answers.iter().filter(|answer| answer.as_ref().is_ok_and(|answer| answer.cold)).count();
    assert!(cold <= 20, "{cold} workers");
    let begun = Instant::now();
    while runtime.status().iter().any(|worker| &*worker.workload.name == "flood") {
        assert!(begun.elapsed() < Duration::from_secs(20), "idle workers must go");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

const BOOTSTRAP: &str = "#!/usr/bin/python3
import os, http.client
api = os.environ['AWS_LAMBDA_RUNTIME_API']
link = http.client.HTTPConnection(api)
while True:
    link.request('GET', '/2018-06-01/runtime/invocation/next')
    event = link.getresponse(); body = event.read()
    path = '/2018-06-01/runtime/invocation/' + event.headers['Lambda-Runtime-Aws-Request-Id'] + '/response'
    link.request('POST', path, b'[' + body + b']')
    assert link.getresponse().read()
";

async fn a_custom_runtime_speaks_through_its_door(runtime: &Runtime, folder: &Path) {
    let code = folder.join("custom");
    std::fs::create_dir(&code).unwrap();
    std::fs::write(code.join("bootstrap"), BOOTSTRAP).unwrap();
    std::fs::set_permissions(code.join("bootstrap"), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    let mut revision = function(&code, "provided.al2023", "x", &[]);
    revision.workload.name = "custom".into();
    let revision = Arc::new(revision);
    for event in ["1", "2"] {
        let answer = runtime.invoke(Arc::clone(&revision), invocation(event)).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&answer.payload), format!("[{event}]"));
    }
}
