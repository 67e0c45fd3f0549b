//! Workers in sandboxes: the [`Spawner`] for real.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpSocket, UnixStream};
use weft_net::BoxStream;
use weft_sandbox::{Exit, Family, Interpreter, Launcher, Listening, Sandbox, SandboxSpec, StartError, Usage};
use weft_service::BoxFuture;
use weft_service::workload::DoorSockets;

use crate::spawn::{Process, Spawned, Spawner};

/// Starts workers through a launcher.
#[derive(Debug, Clone)]
pub struct Sandboxes {
    launcher: Launcher,
}

impl Sandboxes {
    /// Workers of this launcher.
    pub fn new(launcher: Launcher) -> Self {
        Self { launcher }
    }
}

impl Spawner for Sandboxes {
    fn spawn(&self, spec: SandboxSpec) -> BoxFuture<'static, Result<Spawned, StartError>> {
        let launcher = self.launcher.clone();
        Box::pin(async move { take_over(launcher.start(spec).await?) })
    }

    fn interpreters(&self) -> BoxFuture<'static, Vec<Interpreter>> {
        let launcher = self.launcher.clone();
        Box::pin(async move { launcher.interpreters().await })
    }
}

fn take_over(mut sandbox: Sandbox) -> Result<Spawned, StartError> {
    let frames = match sandbox.frames.take().map(|fd| UnixStream::from_std(fd.into())) {
        None => None,
        Some(Ok(stream)) => Some(Box::new(stream) as BoxStream),
        Some(Err(error)) => {
            return Err(StartError::Setup {
                step: "open the frame socket".into(),
                reason: error.to_string(),
            });
        }
    };
    let output = [sandbox.stdout.take(), sandbox.stderr.take()].into_iter().flatten().collect();
    let door = match (sandbox.door.take(), sandbox.dns_udp.take(), sandbox.dns_tcp.take()) {
        (Some(tcp), Some(dns_udp), Some(dns_tcp)) => Some(DoorSockets { tcp, dns_udp, dns_tcp }),
        _ => None,
    };
    let companions = sandbox.companions.take();
    Ok(Spawned { process: Arc::new(Sandboxed(Arc::new(sandbox))), frames, output, door, companions })
}

struct Sandboxed(Arc<Sandbox>);

impl Process for Sandboxed {
    fn wait(&self) -> BoxFuture<'static, Exit> {
        let sandbox = Arc::clone(&self.0);
        Box::pin(async move { sandbox.wait().await })
    }

    fn kill(&self) -> BoxFuture<'static, Exit> {
        let sandbox = Arc::clone(&self.0);
        Box::pin(async move { sandbox.kill().await })
    }

    fn signal(&self, number: u8) -> BoxFuture<'static, io::Result<()>> {
        let sandbox = Arc::clone(&self.0);
        Box::pin(async move { sandbox.signal(number).await })
    }

    fn freeze(&self, on: bool) -> BoxFuture<'static, io::Result<()>> {
        let sandbox = Arc::clone(&self.0);
        Box::pin(async move { if on { sandbox.freeze().await } else { sandbox.thaw().await } })
    }

    fn usage(&self) -> BoxFuture<'static, io::Result<Usage>> {
        let sandbox = Arc::clone(&self.0);
        Box::pin(async move { sandbox.usage().await })
    }

    fn listening(&self) -> BoxFuture<'static, io::Result<Vec<Listening>>> {
        let sandbox = Arc::clone(&self.0);
        Box::pin(async move { sandbox.listening_ports().await })
    }

    fn connect(&self, to: SocketAddr) -> BoxFuture<'static, io::Result<BoxStream>> {
        let sandbox = Arc::clone(&self.0);
        Box::pin(async move {
            let family = if to.is_ipv4() { Family::V4 } else { Family::V6 };
            let socket = sandbox.socket(family).await?;
            let stream = TcpSocket::from_std_stream(socket.into()).connect(to).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as BoxStream)
        })
    }
}
