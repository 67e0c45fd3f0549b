//! Memory that a program tries to hide from who counts it, and ordinary uses of the same calls.

use weft_sandbox::{ExitStatus, Limits};

use crate::Case;
use crate::cases::cases;
use crate::world::{Outcome, World, python};

pub(crate) const CASES: &[Case] = cases![
    shared_memory_that_nobody_maps_whole_counts,
    shared_memory_hidden_by_forks_counts,
    memory_files_without_a_descriptor_count,
    memory_files_on_their_way_count,
    files_in_memory_without_a_name_count,
    memory_of_a_process_whose_first_thread_ended_counts,
    the_zero_device_is_no_way_around,
    system_v_memory_counts_when_detached,
    what_waits_in_sockets_counts,
    memory_of_processes_that_share_it_all_counts,
    a_program_that_starts_others_is_not_counted_twice,
    shared_memory_within_the_limit_works,
    shared_memory_comes_back_when_it_is_unmapped,
    memory_files_work_as_memory_files,
];

const LIMIT_MIB: u64 = 64;
/// What a program may hide beside its limit where no control group counts: a quarter.
const HIDDEN_MIB_MAX: u64 = LIMIT_MIB + LIMIT_MIB / 4;

/// Calls of the C library that Python does not offer.
const PRELUDE: &str = "
import array, ctypes, mmap, os, socket, sys, time
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = libc.mremap.restype = libc.shmat.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
libc.shmdt.argtypes = [ctypes.c_void_p]
libc.shmget.argtypes = [ctypes.c_int, ctypes.c_size_t, ctypes.c_int]
MIB = 1 << 20
hidden = 0
def refused(): print(hidden // MIB, flush=True); sys.exit(7)
def filled(size, flags=0x21, fd=-1):
    at = libc.mmap(None, size, 3, flags, fd, 0)
    if at == ctypes.c_void_p(-1).value: refused()
    libc.memset(at, 1, size)
    return at
";

async fn attack(world: &World, code: &str) -> Outcome {
    let mut spec = python(&format!("{PRELUDE}{code}\nprint(hidden // MIB, flush=True)\ntime.sleep(1000)\n"));
    spec.limits = Limits { memory_bytes: LIMIT_MIB << 20, ..Limits::default() };
    world.run(spec).await
}

/// Killed for its memory, or refused before it had too much.
fn contained(outcome: &Outcome) {
    let had: u64 = outcome.out.trim().parse().unwrap_or(0);
    let refused = outcome.exit.status == ExitStatus::Code(7) && had <= HIDDEN_MIB_MAX;
    assert!(outcome.exit.oom_killed || refused, "{outcome:?}");
}

async fn shared_memory_that_nobody_maps_whole_counts(world: World) {
    let pieces = "
for _ in range(64):
    at = filled(4 * MIB)
    libc.munmap(at + 4096, 4 * MIB - 4096)
    hidden += 4 * MIB
";
    let advised = "
for _ in range(64):
    libc.madvise(ctypes.c_void_p(filled(4 * MIB)), ctypes.c_size_t(4 * MIB), 4)
    hidden += 4 * MIB
";
    let threads = "
import threading
def fill():
    global hidden
    for _ in range(8):
        at = filled(2 * MIB); libc.munmap(at + 4096, 2 * MIB - 4096); hidden += 2 * MIB
made = [threading.Thread(target=fill) for _ in range(16)]
for t in made: t.start()
for t in made: t.join()
if hidden < 256 * MIB: refused()
";
    for code in [pieces, advised, threads] {
        contained(&attack(&world, code).await);
    }
}

async fn shared_memory_hidden_by_forks_counts(world: World) {
    let code = "
def child():
    for _ in range(2):
        at = filled(8 * MIB); libc.munmap(at + 4096, 8 * MIB - 4096)
    if os.fork() == 0: time.sleep(1000)
for _ in range(16):
    pid = os.fork()
    if pid == 0: child(); os._exit(0)
    if os.waitpid(pid, 0)[1]: refused()
    hidden += 16 * MIB
";
    contained(&attack(&world, code).await);
}

async fn memory_files_without_a_descriptor_count(world: World) {
    let code = "
for _ in range(64):
    f = os.memfd_create('x'); os.ftruncate(f, 4 * MIB)
    at = filled(4 * MIB, 1, f); os.close(f); libc.munmap(at + 4096, 4 * MIB - 4096)
    hidden += 4 * MIB
";
    contained(&attack(&world, code).await);
}

async fn memory_files_on_their_way_count(world: World) {
    let code = "
kept = []
for _ in range(64):
    f = os.memfd_create('x'); os.write(f, bytes(4 * MIB))
    a, b = socket.socketpair(); kept.append((a, b))
    socket.send_fds(a, [b'x'], [f]); os.close(f)
    hidden += 4 * MIB
";
    contained(&attack(&world, code).await);
}

/// Unlinked, closed, and unmapped but for a page, or on their way in a message.
async fn files_in_memory_without_a_name_count(world: World) {
    for folder in ["/tmp", "/dev/shm"] {
        let code = format!(
            "
kept = []
for at in range(64):
    f = os.open('{folder}/x', os.O_RDWR | os.O_CREAT)
    os.unlink('{folder}/x')
    try: os.write(f, bytes(4 * MIB)); os.posix_fallocate(f, 0, 4 * MIB)
    except OSError: refused()
    if at % 2:
        p = libc.mmap(None, 4 * MIB, 3, 1, f, 0); libc.munmap(p + 4096, 4 * MIB - 4096)
    else:
        a, b = socket.socketpair(); kept.append((a, b)); socket.send_fds(a, [b'x'], [f])
    os.close(f)
    hidden += 4 * MIB
"
        );
        contained(&attack(&world, &code).await);
    }
}

async fn memory_of_a_process_whose_first_thread_ended_counts(world: World) {
    let code = "
import threading
def fill():
    time.sleep(0.05); kept = []
    for _ in range(64): kept.append(b'x' * (4 * MIB))
    print(256, flush=True); time.sleep(1000)
threading.Thread(target=fill).start()
libc.syscall(60 if os.uname().machine == 'x86_64' else 93, 0)
";
    contained(&attack(&world, code).await);
}

async fn the_zero_device_is_no_way_around(world: World) {
    let code = "
f = os.open('/dev/zero', os.O_RDWR)
assert os.read(f, 4) == bytes(4)
for _ in range(64):
    at = filled(4 * MIB, 1, f); libc.munmap(at + 4096, 4 * MIB - 4096); hidden += 4 * MIB
";
    contained(&attack(&world, code).await);
}

async fn system_v_memory_counts_when_detached(world: World) {
    let code = "
for _ in range(64):
    made = libc.shmget(0, 4 * MIB, 0o1600)
    if made < 0: refused()
    at = libc.shmat(made, None, 0); libc.memset(at, 1, 4 * MIB); libc.shmdt(at); hidden += 4 * MIB
";
    contained(&attack(&world, code).await);
}

async fn what_waits_in_sockets_counts(world: World) {
    let code = "
kept = []
for at in range(400):
    a, b = socket.socketpair(); a.setblocking(False); kept.append(b)
    try:
        while True: hidden += a.send(bytes(65536))
    except BlockingIOError: pass
    if at % 2: kept.append(a)
    else: a.close()
";
    contained(&attack(&world, code).await);
}

/// Sharers that outlive or leave those they share with, and first threads that have ended, which share nothing but that.
async fn memory_of_processes_that_share_it_all_counts(world: World) {
    let sharer = "
libc.clone.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p]
stack = filled(MIB, 0x22) + MIB
pause = ctypes.cast(libc.pause, ctypes.c_void_p)
assert libc.clone(pause, stack, 0x100 | 17, None) > 0
";
    let stays = "
kept = []
for _ in range(64): kept.append(b'x' * (4 * MIB)); hidden += 4 * MIB
";
    let leaves = "
filled(48 * MIB, 0x22)
os.execv(sys.executable, [sys.executable, '-c', '''
import os, sys, time
kept = b'x' * (40 << 20); time.sleep(0.4)
sys.exit(7 if os.waitpid(-1, os.WNOHANG)[0] else 0)
'''])
";
    let headless = "
import threading
made = 0
def fill():
    time.sleep(0.05); filled(40 * MIB, 0x22); time.sleep(0.4)
    os._exit(1 if made and os.wait()[1] else 0)
if os.fork():
    if os.wait()[1]: refused()
    sys.exit(0)
made = os.fork()
threading.Thread(target=fill).start()
libc.syscall(60 if os.uname().machine == 'x86_64' else 93, 0)
";
    for code in [&format!("{sharer}{stays}"), &format!("{sharer}{leaves}"), headless] {
        contained(&attack(&world, code).await);
    }
}

async fn a_program_that_starts_others_is_not_counted_twice(world: World) {
    // A long search for the program keeps the child in its parent's memory.
    let code = "
import os, subprocess
kept = b'x' * (36 << 20)
path = ':'.join(f'/nothing/{at}' for at in range(200)) + ':/bin'
for at in range(200):
    subprocess.run(['true'], env={'PATH': path}, check=True)
print('all ran')
";
    let mut spec = python(code);
    spec.limits = Limits { memory_bytes: LIMIT_MIB << 20, ..Limits::default() };
    let outcome = world.run(spec).await;
    let peak = outcome.exit.memory_peak_bytes;
    assert!(peak <= LIMIT_MIB << 20, "{peak}");
    assert_eq!(outcome.good(), "all ran");
}

async fn shared_memory_within_the_limit_works(world: World) {
    let code = "
import os, mmap
shared = [mmap.mmap(-1, size << 20) for size in (10, 1, 1, 5)]
for at in range(4):
    if os.fork() == 0: shared[at].write(b'from %d' % at); os._exit(0)
    os.wait()
print(*[area[:6].decode() for area in shared], sep=', ')
";
    let mut spec = python(code);
    spec.limits = Limits { memory_bytes: 64 << 20, ..Limits::default() };
    assert_eq!(world.run(spec).await.good(), "from 0, from 1, from 2, from 3");
}

async fn shared_memory_comes_back_when_it_is_unmapped(world: World) {
    let code = "
import mmap
kept = mmap.mmap(-1, 4096); kept.write(b'k' * 4096)
for _ in range(30):
    area = mmap.mmap(-1, 30 << 20); area.write(b'x' * (30 << 20)); area.close()
print(kept[:4].decode())
";
    let mut spec = python(code);
    spec.limits = Limits { memory_bytes: 96 << 20, ..Limits::default() };
    assert_eq!(world.run(spec).await.good(), "kkkk");
}

async fn memory_files_work_as_memory_files(world: World) {
    let code = "
import fcntl, mmap, os
f = os.memfd_create('x', 0)
assert not fcntl.fcntl(f, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
os.write(f, b'#!/bin/sh\\necho run\\n'); os.ftruncate(f, 1 << 20); os.ftruncate(f, 19)
assert mmap.mmap(f, 19)[:2] == b'#!' and open(f'/proc/self/fd/{f}', 'rb').read(2) == b'#!'
g = os.memfd_create('y')
assert fcntl.fcntl(g, fcntl.F_GETFD) & fcntl.FD_CLOEXEC and os.fstat(g).st_nlink == 0
os.write(g, b'x' * 4096)
mmap.mmap(g, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)
try: os.memfd_create('z', 0x8000)
except OSError as error: print(error.errno)
";
    assert_eq!(world.python(code).await.good(), "22");
}
