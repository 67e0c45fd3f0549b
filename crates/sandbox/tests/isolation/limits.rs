//! Programs that want too much.

use weft_sandbox::{ExitStatus, Limits};

use crate::Case;
use crate::cases::cases;
use crate::world::{World, python};

pub(crate) const CASES: &[Case] = cases![
    a_fork_bomb_is_contained,
    a_thread_bomb_is_contained,
    filling_memory_kills_the_program_alone,
    the_peak_is_told_after_the_end,
    memory_files_and_shared_memory_count,
    tmp_has_a_size,
    files_have_a_size,
    descriptors_are_limited,
    a_crash_leaves_nothing_behind,
];

async fn a_fork_bomb_is_contained(world: World) {
    let code = "
import os, time
made = 0
for _ in range(1000):
    try: pid = os.fork()
    except OSError as e:
        print(e.errno, made < 32, flush=True); break
    if pid == 0: time.sleep(1000)
    made += 1
import signal; signal.pause()
";
    let mut spec = python(code);
    spec.limits = Limits { processes: 32, ..Limits::default() };
    let mut bomb = world.start(spec).await;
    let out = bomb.stdout.take();
    let mut out = tokio::net::unix::pipe::Receiver::from_owned_fd(out.unwrap()).unwrap();
    let mut said = [0; 8];
    tokio::io::AsyncReadExt::read_exact(&mut out, &mut said).await.unwrap();
    assert_eq!(&said, b"11 True\n");
    // The limit is each sandbox's own.
    assert_eq!(
        world.python("import os\nif os.fork()==0: os._exit(0)\nos.wait();print('fine')").await.good(),
        "fine"
    );
    bomb.kill().await;
    assert_eq!(tokio::io::AsyncReadExt::read(&mut out, &mut said).await.unwrap(), 0);
}

async fn a_thread_bomb_is_contained(world: World) {
    let code = "
import _thread, time
made = 0
try:
    for _ in range(1000): _thread.start_new_thread(time.sleep, (1000,)); made += 1
except RuntimeError: print(made < 32)
";
    let mut spec = python(code);
    spec.limits = Limits { processes: 32, ..Limits::default() };
    assert_eq!(world.run(spec).await.good(), "True");
}

async fn filling_memory_kills_the_program_alone(world: World) {
    let neighbour = world.start(python("import time;time.sleep(1000)")).await;
    let mut spec = python("x=[]\nfor _ in range(64): x.append(bytearray(b'x')*(16<<20))\nprint('all of it')");
    spec.limits = Limits { memory_bytes: 64 << 20, ..Limits::default() };
    let outcome = world.run(spec).await;
    assert!(outcome.exit.oom_killed && outcome.exit.status == ExitStatus::Signal(9), "{outcome:?}");
    let peak = outcome.exit.memory_peak_bytes;
    assert!((64 << 20..160 << 20).contains(&peak), "{peak} bytes at the limit of 64 MiB");
    assert_eq!(outcome.out, "");
    assert_eq!(neighbour.exit(), None);
    assert_eq!(world.python("print('fine')").await.good(), "fine");
}

async fn the_peak_is_told_after_the_end(world: World) {
    let outcome = world.python("x=bytearray(b'x')*(40<<20)\nimport time;time.sleep(0.3)\ndel x").await;
    let peak = outcome.exit.memory_peak_bytes;
    assert!((40 << 20..100 << 20).contains(&peak), "{peak} bytes of 40 MiB used");
    outcome.good();
}

async fn memory_files_and_shared_memory_count(world: World) {
    let file = "import os\nf=os.memfd_create('x')\nfor _ in range(256): os.write(f, b'x'*(1<<20))\nimport time;time.sleep(1000)";
    let tmp = "f=open('/tmp/x','wb')\nfor _ in range(256): f.write(b'x'*(1<<20));f.flush()\nimport time;time.sleep(1000)";
    for code in [file, tmp] {
        let mut spec = python(code);
        spec.limits = Limits { memory_bytes: 64 << 20, ..Limits::default() };
        let outcome = world.run(spec).await;
        assert!(outcome.exit.oom_killed, "{outcome:?}");
    }
}

async fn tmp_has_a_size(world: World) {
    let code = "
import errno
n = 0
try:
    with open('/tmp/big', 'wb', buffering=0) as f:
        while True: n += f.write(b'x' * 65536)
except OSError as e: print(errno.errorcode[e.errno], n <= 8 << 20)
made = 0
try:
    while True: open(f'/tmp/{made}', 'w').close(); made += 1
except OSError as e: print(errno.errorcode[e.errno])
";
    let mut spec = python(code);
    spec.limits = Limits { tmp_bytes: 8 << 20, ..Limits::default() };
    assert_eq!(world.run(spec).await.good(), "ENOSPC True\nENOSPC");
}

async fn files_have_a_size(world: World) {
    let code = "
import errno, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    with open('/tmp/big', 'wb', buffering=0) as f:
        while True: f.write(b'x' * 65536)
except OSError as e: print(errno.errorcode[e.errno])
";
    let mut spec = python(code);
    spec.limits = Limits { file_size_bytes: 1 << 20, ..Limits::default() };
    assert_eq!(world.run(spec).await.good(), "EFBIG");
}

async fn descriptors_are_limited(world: World) {
    let code = "import os\nn=[]\ntry:\n  while True: n.append(os.dup(0))\nexcept OSError as e: print(e.errno, len(n) < 64)";
    let mut spec = python(code);
    spec.limits = Limits { open_files: 64, ..Limits::default() };
    assert_eq!(world.run(spec).await.good(), "24 True");
}

/// A limit of one byte, which keeps the machine's own handler of crashes from being run, and may not be raised.
async fn a_crash_leaves_nothing_behind(world: World) {
    let code = "
import os, resource, signal
limit = resource.getrlimit(resource.RLIMIT_CORE)
try: resource.setrlimit(resource.RLIMIT_CORE, (4096, 4096)); print('raised')
except ValueError: pass
os.chdir('/tmp')
if os.fork() == 0: os.kill(os.getpid(), signal.SIGSEGV)
status = os.wait()[1]
print(limit, os.WTERMSIG(status), os.WCOREDUMP(status), os.listdir('/tmp'))
";
    let machine = rustix::process::getrlimit(rustix::process::Resource::Core).maximum;
    let limit = machine.map_or(1, |most| most.min(1));
    assert_eq!(world.python(code).await.good(), format!("({limit}, {limit}) 11 False []"));
}
