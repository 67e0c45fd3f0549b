//! The floors: bare hyper servers that answer the same bytes.
//!
//! The fair one is a process of its own on the same kind of runtime as the data plane that it is compared with. The hard one is a
//! thread beside the client's, which the kernel can keep on the client's core.

use std::convert::Infallible;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, ExitCode, Stdio};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

/// Names the runtime of a floor in a process of its own: this program serves it where the variable is set.
pub(crate) const VARIABLE: &str = "WEFT_BENCH_FLOOR";

/// A floor in a process of its own, which ends with this.
pub(crate) struct Process {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Process {
    /// Starts a floor on the kind of runtime that a data plane has.
    pub(crate) fn start(plane: &str) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.env(VARIABLE, plane).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let address = line.trim().parse().map_err(|_| io::Error::other(format!("it printed `{line}`")))?;
        Ok(Self { child, address })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Its standard input ends, and with it the process.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Serves until the standard input ends, which it also does when the benchmark is killed.
pub(crate) fn main(plane: &str) -> ExitCode {
    let served = match plane {
        "per-core" => serve_per_core(),
        _ => serve_shared(),
    };
    let Ok(address) = served else { return ExitCode::FAILURE };
    let mut out = io::stdout();
    if writeln!(out, "{address}").and_then(|()| out.flush()).is_err() {
        return ExitCode::FAILURE;
    }
    let _ = io::stdin().read_to_end(&mut Vec::new());
    ExitCode::SUCCESS
}

/// Serves from a thread of this process until it ends.
pub(crate) fn beside() -> io::Result<SocketAddr> {
    let listener = listener()?;
    let address = listener.local_addr()?;
    serve_on_thread(listener);
    Ok(address)
}

fn listener() -> io::Result<TcpListener> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// One runtime per core, each accepting for itself.
fn serve_per_core() -> io::Result<SocketAddr> {
    let listener = listener()?;
    for _ in 0..cores() {
        serve_on_thread(listener.try_clone()?);
    }
    listener.local_addr()
}

/// One work-stealing runtime.
fn serve_shared() -> io::Result<SocketAddr> {
    let listener = listener()?;
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(cores()).enable_all().build()?;
    std::thread::spawn(move || runtime.block_on(async { tokio::spawn(accept(listener)).await }));
    Ok(address)
}

fn serve_on_thread(listener: TcpListener) {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        if let Ok(runtime) = runtime {
            runtime.block_on(accept(listener));
        }
    });
}

async fn accept(listener: TcpListener) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        tokio::spawn(async move {
            let builder = hyper::server::conn::http1::Builder::new();
            let _ = builder.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
        });
    }
}

async fn answer(request: http::Request<Incoming>) -> Result<http::Response<Full<Bytes>>, Infallible> {
    let _ = request.into_body().collect().await;
    Ok(http::Response::new(Full::new(Bytes::from_static(br#"{"hello":"world"}"#))))
}
