//! What the cases share: a launcher, a data folder, and ways to run Python in a sandbox.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use weft_sandbox::{
    Exit, ExitStatus, Identity, Launcher, LauncherConfig, LauncherLink, Limits, Network, Sandbox, SandboxSpec,
};

/// Who the `full` half's server becomes.
const SERVER: Identity = Identity { uid: 65_533, gid: 65_533 };

/// The launcher and the folders of one half.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) launcher: Launcher,
    pub(crate) full: bool,
    /// The data folder; `secret` in it holds a secret.
    pub(crate) data: PathBuf,
    /// A server on another network of this machine.
    pub(crate) other: Option<SocketAddr>,
    _home: Arc<tempfile::TempDir>,
}

/// What is ready before the first thread.
pub(crate) struct Prepared {
    full: bool,
    data: PathBuf,
    home: tempfile::TempDir,
}

pub(crate) fn open_to_all(folder: &Path) {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Forks the launcher and, as root, gives up privileges.
pub(crate) fn prepare(mode: &str) -> (Prepared, LauncherLink) {
    let full = mode == "full";
    let home = tempfile::tempdir().unwrap();
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    // As root the folder stays private: the server reaches its data nevertheless.
    let owner = full.then_some(SERVER);
    let data = weft_sandbox::prepare_data_folder(&home.path().join("data"), owner).unwrap();
    let config =
        LauncherConfig { source_roots: vec![data.clone()], server: owner, ..LauncherConfig::default() };
    let link = weft_sandbox::fork_launcher(&config).unwrap();
    if full {
        weft_sandbox::drop_privileges(SERVER).unwrap();
    }
    std::fs::write(data.join("secret"), "a secret").unwrap();
    (Prepared { full, data, home }, link)
}

impl World {
    pub(crate) fn connect(prepared: Prepared, link: LauncherLink, other: Option<SocketAddr>) -> Self {
        let Prepared { full, data, home } = prepared;
        let launcher = Launcher::connect(link).unwrap();
        Self { launcher, full, data, other, _home: Arc::new(home) }
    }

    pub(crate) async fn start(&self, spec: SandboxSpec) -> Sandbox {
        self.launcher.start(spec).await.unwrap()
    }

    /// Runs Python to its end.
    pub(crate) async fn python(&self, code: &str) -> Outcome {
        self.run(python(code)).await
    }

    /// Runs a program to its end.
    pub(crate) async fn run(&self, spec: SandboxSpec) -> Outcome {
        let mut sandbox = self.start(spec).await;
        let (out, err) = (sandbox.stdout.take(), sandbox.stderr.take());
        let (out, err, exit) = tokio::join!(read(out), read(err), sandbox.wait());
        Outcome { out, err, exit }
    }
}

/// How a program went.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) exit: Exit,
}

impl Outcome {
    /// What it printed, if it ended well.
    #[track_caller]
    pub(crate) fn good(self) -> String {
        assert_eq!(
            (self.exit.status, self.exit.oom_killed),
            (ExitStatus::Code(0), false),
            "{}\n{}",
            self.out,
            self.err
        );
        self.out.trim().to_owned()
    }
}

/// A spec that runs the system's Python.
pub(crate) fn python(code: &str) -> SandboxSpec {
    program(&["/usr/bin/python3", "-I", "-S", "-c", code])
}

/// A spec that runs a program with few limits.
pub(crate) fn program(argv: &[&str]) -> SandboxSpec {
    SandboxSpec {
        name: "case".to_owned(),
        argv: argv.iter().map(ToString::to_string).collect(),
        env: vec![("PATH".to_owned(), "/usr/bin:/bin".to_owned()), ("HOME".to_owned(), "/tmp".to_owned())],
        cwd: PathBuf::from("/tmp"),
        mounts: Vec::new(),
        interpreter_prefixes: Vec::new(),
        files: Vec::new(),
        limits: Limits { processes: 64, ..Limits::default() },
        network: Network::Own,
        frames: false,
        companions: Vec::new(),
    }
}

/// Reads a stream of a sandbox to its end.
pub(crate) async fn read(stream: Option<OwnedFd>) -> String {
    let mut text = Vec::new();
    pipe::Receiver::from_owned_fd(stream.unwrap()).unwrap().read_to_end(&mut text).await.unwrap();
    String::from_utf8_lossy(&text).into_owned()
}

/// A server in a network namespace of its own, joined to the machine by a pair of virtual interfaces.
pub(crate) struct OtherNetwork {
    pub(crate) address: SocketAddr,
    server: Child,
    name: String,
}

impl OtherNetwork {
    /// `None` where the machine lacks `ip`.
    pub(crate) fn make() -> Option<Self> {
        let id = std::process::id();
        let (name, ours) = (format!("weft-test-{id}"), format!("wt{}", id % 1_000_000));
        // A small network per process, out of the range for tests between networks.
        let [_, _, high, low] = (id & 0x3FFF).wrapping_mul(4).to_be_bytes();
        let [host, guest] = [1, 2].map(|last| IpAddr::from([198, 18, high, low + last]));
        let ip = |arguments: &str| {
            let done = Command::new("ip").args(arguments.split(' ')).stderr(Stdio::null()).status();
            done.is_ok_and(|status| status.success())
        };
        let made = ip(&format!("netns add {name}"))
            && ip(&format!("link add {ours} type veth peer name eth0 netns {name}"))
            && ip(&format!("addr add {host}/30 dev {ours}"))
            && ip(&format!("link set {ours} up"))
            && ip(&format!("-n {name} addr add {guest}/30 dev eth0"))
            && ip(&format!("-n {name} link set eth0 up"));
        let serve = "import socket\ns=socket.create_server(('0.0.0.0',0))\nprint(s.getsockname()[1],flush=True)\n\
                     while True:\n c,_=s.accept();c.sendall(b'other network');c.close()";
        let server = Command::new("ip")
            .args(["netns", "exec", &name, "/usr/bin/python3", "-I", "-S", "-c", serve])
            .stdout(Stdio::piped())
            .spawn();
        let mut server = server.ok().filter(|_| made)?;
        let mut port = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(server.stdout.take()?), &mut port).ok()?;
        let address = SocketAddr::new(guest, port.trim().parse().ok()?);
        Some(Self { address, server, name })
    }
}

impl Drop for OtherNetwork {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        // The interfaces go with it.
        let _ = Command::new("ip").args(["netns", "del", &self.name]).status();
    }
}

/// A server on the machine's own loopback that says who it is.
pub(crate) fn loopback_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let _ = std::io::Write::write_all(&mut connection, b"the machine's loopback");
        }
    });
    address
}
