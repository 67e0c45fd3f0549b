//! Files, processes, privileges, and the life of a sandbox.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use weft_sandbox::{ExitStatus, Language, Limits, Mode, Mount, StartError, SyntheticFile};

use crate::Case;
use crate::world::{World, program, python, read};

macro_rules! cases {
    ($($name:ident),* $(,)?) => { &[$((stringify!($name), |world| Box::pin($name(world)))),*] };
}
pub(crate) use cases;

pub(crate) const CASES: &[Case] = cases![
    the_report_names_the_mode,
    only_an_allow_list_of_files_is_there,
    nothing_tells_about_the_machine_s_parts,
    the_boot_id_is_the_sandbox_s_own,
    only_tmp_is_writable,
    the_host_s_processes_are_not_seen,
    no_privileges_and_no_way_to_get_them,
    dangerous_calls_are_refused,
    the_init_is_out_of_reach,
    devices_are_few,
    neighbours_share_nothing,
    orphans_go_with_the_program,
    a_dropped_sandbox_is_gone,
    kill_takes_everything,
    sigterm_reaches_the_program,
    frozen_programs_do_nothing_until_thawed,
    usage_is_told,
    frames_go_both_ways,
    files_and_mounts_appear_inside,
    a_writable_mount_belongs_to_the_server_outside,
    what_cannot_start_says_why,
    interpreters_are_found_and_run,
    many_start_at_once,
];

async fn the_report_names_the_mode(world: World) {
    let report = world.launcher.report();
    assert_eq!(report.mode, if world.full { Mode::Full } else { Mode::Rootless }, "{report:?}");
    assert!(report.features.iter().all(|feature| !feature.detail.is_empty()));
    assert!(serde_json::to_string(&report).unwrap().contains("seccomp"));
}

async fn only_an_allow_list_of_files_is_there(world: World) {
    let secret = world.data.join("secret");
    assert!(secret.exists());
    let code = format!(
        "import os\nprint(' '.join(sorted(os.listdir('/'))))\n\
         print(os.path.exists('{}'), os.path.exists('/etc/shadow'), os.listdir('/tmp'), os.listdir('/home'))",
        secret.display()
    );
    let out = world.python(&code).await.good();
    let (roots, rest) = out.split_once('\n').unwrap();
    let known = "bin dev etc home lib lib32 lib64 libx32 mnt opt proc run sbin srv sys tmp usr var";
    assert!(roots.split(' ').all(|name| known.split(' ').any(|known| known == name)), "{roots}");
    assert_eq!(rest, "False False [] []");
}

/// By an allow-list: what another kernel has beside is not seen either.
async fn nothing_tells_about_the_machine_s_parts(world: World) {
    let code = "
import os, socket
def told(path):
    try: return open(path, 'rb').read(1) != b''
    except OSError: return False
seen = [n for n in os.listdir('/proc') if not n.isdigit() and not os.path.islink('/proc/' + n)]
files = [n for n in seen if os.path.isfile('/proc/' + n) and told('/proc/' + n)]
folders = [n for n in seen if os.path.isdir('/proc/' + n) and os.listdir('/proc/' + n)]
print(*sorted(files), *sorted(folders))
print(*[p for p in ('/etc/machine-id', '/proc/cmdline', '/proc/keys', '/proc/diskstats') if told(p)])
print(*[d for d in ('/proc/pressure', '/proc/bus', '/sys/class', '/usr/local/etc') if os.path.isdir(d) and os.listdir(d)])
print(sum(len(files) for _, _, files in os.walk('/sys')), socket.gethostname(), open('/etc/hostname').read())
";
    let mut out = world.python(code).await.good();
    assert!(["cpuinfo", "meminfo", "sysvipc"].iter().all(|name| out.contains(name)), "{out}");
    for name in
        ["cgroups", "cpuinfo", "filesystems", "loadavg", "meminfo", "stat", "uptime", "version", "vmstat"]
    {
        out = out.replacen(&format!("{name} "), "", 1);
    }
    assert_eq!(out, "sys sysvipc\n\n\n4 case case");
}

async fn the_boot_id_is_the_sandbox_s_own(world: World) {
    let path = "/proc/sys/kernel/random/boot_id";
    let code = format!("print(open('{path}').read().strip())");
    let machine = std::fs::read_to_string(path).unwrap();
    let (one, other) = (world.python(&code).await.good(), world.python(&code).await.good());
    for said in [&one, &other] {
        assert!(said.len() == 36 && said != machine.trim(), "{said}");
    }
    assert_ne!(one, other);
}

async fn only_tmp_is_writable(world: World) {
    let code = "
import os
for d in ['/', '/usr', '/usr/lib', '/etc', '/dev', '/opt', '/var/task', '/proc/sys/kernel', '/sys', '/home', '/tmp', '/dev/shm']:
    try:
        open(d + '/x', 'w').close(); print(d)
    except OSError: pass
for f in ['/etc/passwd', '/proc/sys/kernel/hostname', '/proc/sysrq-trigger']:
    try:
        open(f, 'r+').write('x'); print(f)
    except OSError: pass
";
    // A hidden file is the null device, which takes anything and does nothing.
    assert_eq!(world.python(code).await.good().replace("\n/proc/sysrq-trigger", ""), "/tmp\n/dev/shm");
}

async fn the_host_s_processes_are_not_seen(world: World) {
    let own = std::process::id();
    let code = format!(
        "import os\npids=[int(p) for p in os.listdir('/proc') if p.isdigit()]\nprint(len(pids), os.getpid())\n\
         try: os.kill({own}, 0); print('seen')\nexcept OSError as e: print(e.errno)"
    );
    assert_eq!(world.python(&code).await.good(), "2 2\n3");
}

async fn no_privileges_and_no_way_to_get_them(world: World) {
    let code = "
import os, subprocess
status = dict(l.split(':', 1) for l in open('/proc/self/status') if ':' in l)
for key in ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']: assert int(status[key], 16) == 0, key
assert status['NoNewPrivs'].strip() == '1' and status['Seccomp'].strip() == '2'
assert os.getgroups() in ([], [65534]), os.getgroups()
assert 'nosuid' in [l.split()[3] for l in open('/proc/self/mounts') if l.split()[1] == '/usr'][0]
tried = subprocess.run(['/usr/bin/su', '-c', 'id -u'], stdin=subprocess.DEVNULL, capture_output=True)
assert tried.returncode != 0 and b'0' != tried.stdout.strip()
for call in (os.setuid, os.setgid):
    try: call(0); print('became root')
    except OSError: pass
print(os.getuid())
";
    let uid: u32 = world.python(code).await.good().parse().unwrap();
    assert!(if world.full { uid >= 2_000_000_000 } else { uid == 1000 }, "{uid}");
}

async fn dangerous_calls_are_refused(world: World) {
    let code = "
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(*args):
    ctypes.set_errno(0)
    return 0 if libc.syscall(*args) >= 0 else ctypes.get_errno()
x86 = os.uname().machine == 'x86_64'
unshare, mount, ptrace, setns = (272, 165, 101, 308) if x86 else (97, 40, 117, 268)
bpf, keyctl, clone, socket = (321, 250, 56, 41) if x86 else (280, 219, 220, 198)
for flag in (0x10000000, 0x00020000, 0x40000000): print(call(unshare, flag), end=' ')
print(call(clone, 0x10000011, 0, 0, 0, 0), end=' ')
print(call(mount, b'x', b'/tmp', b'tmpfs', 0, 0), end=' ')
print(call(ptrace, 0, 0, 0, 0), call(setns, 0, 0), call(bpf, 0, 0, 0), call(keyctl, 0, 0), end=' ')
print(call(435, 0, 0), call(425, 1, 0), call(428, -100, b'/', 0), call(socket, 40, 1, 0))
";
    assert_eq!(world.python(code).await.good(), "1 1 1 1 1 1 1 1 1 38 38 1 97");
}

async fn the_init_is_out_of_reach(world: World) {
    let code = "
import os, signal
for f in ['environ', 'mem', 'maps', 'root', 'cwd', 'fd']:
    try:
        p = '/proc/1/' + f
        os.listdir(p) if f in ('root', 'cwd', 'fd') else open(p, 'rb').read(1); print(f)
    except OSError: pass
for s in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM):
    try: os.kill(1, s)
    except OSError: pass
print('alive')
";
    assert_eq!(world.python(code).await.good(), "alive");
}

async fn devices_are_few(world: World) {
    let code = "import os;print(' '.join(sorted(os.listdir('/dev'))));open('/dev/null','w').write('x');\
                print(len(open('/dev/urandom','rb').read(8)),flush=True);open('/dev/stdout','w').write('reopened')";
    let out = world.python(code).await.good();
    assert_eq!(out, "fd full null random shm stderr stdin stdout urandom zero\n8\nreopened");
}

async fn neighbours_share_nothing(world: World) {
    let hold = "
import os, socket, sys
open('/tmp/mark', 'w').write('x'); open('/dev/shm/mark', 'w').write('x')
s = socket.socket(socket.AF_UNIX); s.bind('\\0weft-mark'); s.listen()
t = socket.create_server(('127.0.0.1', 7777))
print('up', flush=True); sys.stdin.read(); import time; time.sleep(1000)
";
    let mut spec = python(hold);
    spec.env.push(("MARK".to_owned(), "weft-env-mark".to_owned()));
    let mut first = world.start(spec).await;
    let mut out = pipe::Receiver::from_owned_fd(first.stdout.take().unwrap()).unwrap();
    out.read_exact(&mut [0; 3]).await.unwrap();
    let look = "
import os, socket
print(os.path.exists('/tmp/mark'), os.path.exists('/dev/shm/mark'))
for family, name in ((socket.AF_UNIX, '\\0weft-mark'), (socket.AF_INET, ('127.0.0.1', 7777))):
    try: socket.socket(family).connect(name); print('connected')
    except ConnectionRefusedError: pass
for p in os.listdir('/proc'):
    if p.isdigit():
        try:
            if b'weft-env-mark' in open(f'/proc/{p}/environ', 'rb').read(): print('environment seen')
        except OSError: pass
";
    assert_eq!(world.python(look).await.good(), "False False");
    first.kill().await;
}

async fn orphans_go_with_the_program(world: World) {
    let code = "import os,time\nif os.fork()==0:\n os.setsid()\n if os.fork()==0: time.sleep(1000)\n os._exit(0)\nprint('parent')";
    // The orphan holds standard output: its end shows that the orphan is gone.
    assert_eq!(world.python(code).await.good(), "parent");
}

async fn a_dropped_sandbox_is_gone(world: World) {
    let mut sandbox = world.start(python("import time;print('up',flush=True);time.sleep(1000)")).await;
    let out = sandbox.stdout.take();
    drop(sandbox);
    read(out).await;
}

async fn kill_takes_everything(world: World) {
    let code = "import os,signal,time\nsignal.signal(15,signal.SIG_IGN)\nos.fork();os.setsid() if os.getpid()!=2 else 0\nprint('up',flush=True)\ntime.sleep(1000)";
    let mut sandbox = world.start(python(code)).await;
    let mut out = pipe::Receiver::from_owned_fd(sandbox.stdout.take().unwrap()).unwrap();
    out.read_exact(&mut [0; 6]).await.unwrap();
    sandbox.freeze().await.unwrap();
    assert_eq!(sandbox.kill().await.status, ExitStatus::Signal(9));
    assert_eq!(out.read(&mut [0; 1]).await.unwrap(), 0);
    assert!(sandbox.usage().await.is_err());
    assert_eq!(sandbox.exit().unwrap().status, ExitStatus::Signal(9));
}

async fn sigterm_reaches_the_program(world: World) {
    let code = "import signal,sys\nsignal.pthread_sigmask(0,{15})\nprint('up',flush=True)\nsignal.sigwait({15});sys.exit(42)";
    let mut sandbox = world.start(python(code)).await;
    let mut out = pipe::Receiver::from_owned_fd(sandbox.stdout.take().unwrap()).unwrap();
    out.read_exact(&mut [0; 3]).await.unwrap();
    sandbox.signal(15).await.unwrap();
    assert_eq!(sandbox.wait().await.status, ExitStatus::Code(42));
}

const ECHO: &str = "import os,socket\ns=socket.socket(fileno=int(os.environ['WEFT_FRAMES_FD']))\nwhile True:\n d=s.recv(100)\n if not d: break\n s.sendall(d)";

async fn frozen_programs_do_nothing_until_thawed(world: World) {
    let mut spec = python(ECHO);
    spec.frames = true;
    let mut sandbox = world.start(spec).await;
    let mut frames = tokio::net::UnixStream::from_std(sandbox.frames.take().unwrap().into()).unwrap();
    let mut answer = [0; 4];
    frames.write_all(b"warm").await.unwrap();
    frames.read_exact(&mut answer).await.unwrap();
    sandbox.freeze().await.unwrap();
    frames.write_all(b"ping").await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(100), frames.read_exact(&mut answer)).await;
    assert!(early.is_err(), "a frozen program answered");
    sandbox.thaw().await.unwrap();
    frames.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"ping");
}

async fn usage_is_told(world: World) {
    let code = "x=bytearray(b'x')*(20<<20)\nfor _ in range(3000000): pass\nprint('up',flush=True)\nimport time;time.sleep(1000)";
    let mut sandbox = world.start(python(code)).await;
    let mut out = pipe::Receiver::from_owned_fd(sandbox.stdout.take().unwrap()).unwrap();
    out.read_exact(&mut [0; 3]).await.unwrap();
    let usage = sandbox.usage().await.unwrap();
    assert!((20 << 20..64 << 20).contains(&usage.memory_bytes), "{usage:?}");
    assert!(usage.memory_peak_bytes >= usage.memory_bytes, "{usage:?}");
    assert!(usage.cpu_micros >= 10_000 && usage.processes == 1, "{usage:?}");
}

async fn frames_go_both_ways(world: World) {
    let mut spec = python(ECHO);
    spec.frames = true;
    let mut sandbox = world.start(spec).await;
    let mut frames = tokio::net::UnixStream::from_std(sandbox.frames.take().unwrap().into()).unwrap();
    frames.write_all(b"hello").await.unwrap();
    let mut answer = [0; 5];
    frames.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"hello");
    drop(frames);
    assert_eq!(sandbox.wait().await.status, ExitStatus::Code(0));
}

async fn files_and_mounts_appear_inside(world: World) {
    let code = world.data.join("code");
    std::fs::create_dir(&code).unwrap();
    std::fs::write(code.join("app.py"), "print('from the mount')").unwrap();
    crate::world::open_to_all(&code);
    let mut spec = program(&["/usr/bin/python3", "-I", "-S", "/var/runtime/boot/start.py"]);
    let source = format!("exec(open('/var/task/app.py').read())\n#{}", "x".repeat(100_000));
    spec.files.push(SyntheticFile {
        path: PathBuf::from("/var/runtime/boot/start.py"),
        contents: source.into_bytes(),
        executable: false,
    });
    let target = PathBuf::from("/var/task");
    spec.mounts.push(Mount { source: code, target, read_only: true });
    assert_eq!(world.run(spec.clone()).await.good(), "from the mount");
    spec.argv = program(&["/usr/bin/python3", "-I", "-S", "-c", "open('/var/task/x','w')"]).argv;
    assert!(world.run(spec).await.err.contains("Read-only file system"));
}

async fn a_writable_mount_belongs_to_the_server_outside(world: World) {
    let build = world.data.join("build");
    std::fs::create_dir(&build).unwrap();
    let mut spec = python("import os;open('/build/made','w').write('x');os.mkdir('/build/d')");
    let target = PathBuf::from("/build");
    spec.mounts.push(Mount { source: build.clone(), target, read_only: false });
    world.run(spec).await.good();
    let own = std::fs::metadata(&build).unwrap().uid();
    assert_eq!(std::fs::metadata(build.join("made")).unwrap().uid(), own);
    std::fs::remove_file(build.join("made")).unwrap();
    std::fs::remove_dir(build.join("d")).unwrap();
}

async fn what_cannot_start_says_why(world: World) {
    let error = world.launcher.start(program(&["/usr/bin/no-such-program"])).await.unwrap_err();
    assert!(
        matches!(&error, StartError::Execute { program, .. } if program.ends_with("no-such-program")),
        "{error}"
    );
    let mut spec = python("");
    let mount = |source: &str| Mount { source: source.into(), target: "/var/task".into(), read_only: true };
    for source in ["/etc/shadow", "/root", "/", "/no/such/folder", "/proc/self/root"] {
        spec.mounts = vec![mount(source)];
        let error = world.launcher.start(spec.clone()).await.unwrap_err();
        assert!(matches!(error, StartError::Source { .. }), "{source}: {error}");
    }
    for target in ["/proc/x", "relative", "/a/../b", "/"] {
        spec.mounts = vec![Mount { target: target.into(), ..mount("/usr") }];
        let error = world.launcher.start(spec.clone()).await.unwrap_err();
        assert!(matches!(error, StartError::Invalid(_)), "{target}: {error}");
    }
    spec.mounts.clear();
    spec.limits = Limits { memory_bytes: 1, ..Limits::default() };
    assert!(matches!(world.launcher.start(spec).await.unwrap_err(), StartError::Invalid(_)));
}

async fn interpreters_are_found_and_run(world: World) {
    let found = world.launcher.interpreters().await;
    assert!(found.iter().any(|found| found.language == Language::Python), "{found:?}");
    for interpreter in found.iter().filter(|found| found.version.starts_with("3.1")) {
        let mut spec = python("import sys,json;print('.'.join(map(str,sys.version_info[:2])))");
        interpreter.path.to_str().unwrap().clone_into(&mut spec.argv[0]);
        spec.interpreter_prefixes = vec![interpreter.prefix.clone()];
        let version = world.run(spec).await.good();
        assert!(interpreter.version.starts_with(&version), "{interpreter:?} is {version}");
    }
}

async fn many_start_at_once(world: World) {
    let starts: Vec<_> = (0..20)
        .map(|at| {
            let world = world.clone();
            tokio::spawn(async move { world.python(&format!("print({at})")).await.good() })
        })
        .collect();
    for (at, start) in starts.into_iter().enumerate() {
        assert_eq!(start.await.unwrap(), at.to_string());
    }
}
