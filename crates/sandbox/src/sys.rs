//! The system calls that no safe crate offers. All `unsafe` of the workspace's mechanisms is here.
#![expect(
    unsafe_code,
    reason = "fork, clone, signal masks, seccomp and mount attributes have no safe wrapper"
)]

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

use rustix::process::Pid;
use rustix::thread::UnshareFlags;

fn check(result: libc::c_long) -> io::Result<libc::c_long> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Forks; `None` in the child. The process must have one thread, which [`thread_count`] tells.
pub(crate) fn fork() -> io::Result<Option<Pid>> {
    // SAFETY: callers make sure that the process has one thread, so that the child owns every lock that is held.
    let pid = check(libc::c_long::from(unsafe { libc::fork() }))?;
    Ok(Pid::from_raw(i32::try_from(pid).unwrap_or(0)))
}

/// Forks into new namespaces (`CLONE_NEW*` bits); `None` in the child. The same rule as for [`fork`].
pub(crate) fn fork_into(namespaces: libc::c_int) -> io::Result<Option<Pid>> {
    let flags = libc::c_long::from(namespaces | libc::SIGCHLD);
    // SAFETY: without CLONE_VM and with a null stack, clone is fork; the C library's per-thread state stays valid
    // in the child, which has one thread as the parent does.
    let pid = check(unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) })?;
    Ok(Pid::from_raw(i32::try_from(pid).unwrap_or(0)))
}

/// Ends the process without running destructors, which belong to the process that it was forked from.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: `_exit` has no preconditions.
    unsafe { libc::_exit(code) }
}

/// Overwrites the process's command line with `name` and its initial environment with nothing, so that neither stands in
/// `/proc` of the processes that are forked from it: both may hold a key. The environment itself stays, without `without`.
pub(crate) fn forget_beginning(name: &str, without: &str) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<usize> =
        stat.rsplit(')').next().unwrap_or("").split_whitespace().filter_map(|f| f.parse().ok()).collect();
    // Counted from the end, which proc(5) fixes: arg_start, arg_end, env_start, env_end, exit_code.
    let [.., arguments, arguments_end, environment, environment_end, _] = fields[..] else { return };
    // The kernel bounds both to a few MiB; anything else was misread.
    let is_block = |from: usize, to: usize| from != 0 && from <= to && to - from <= 8 << 20;
    if !is_block(arguments, arguments_end) || !is_block(environment, environment_end) {
        return;
    }
    let kept: Vec<_> = std::env::vars_os().filter(|(key, _)| key != without).collect();
    // SAFETY: the process has one thread, so nobody reads the environment meanwhile; each variable is taken out and set
    // anew, which gives it memory of its own, before the initial block is overwritten.
    unsafe {
        for (key, _) in std::env::vars_os() {
            std::env::remove_var(key);
        }
        for (key, value) in kept {
            std::env::set_var(key, value);
        }
    }
    let length = name.len().min((arguments_end - arguments).saturating_sub(1));
    // SAFETY: the kernel says that these ranges are the initial arguments and environment: writable memory of this process
    // to which the environment no longer points. The arguments were read before, and are not read again in this process.
    unsafe {
        std::ptr::write_bytes(arguments as *mut u8, 0, arguments_end - arguments);
        std::ptr::copy_nonoverlapping(name.as_ptr(), arguments as *mut u8, length);
        std::ptr::write_bytes(environment as *mut u8, 0, environment_end - environment);
    }
}

/// How many threads the process has.
pub(crate) fn thread_count() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count)
}

/// Leaves namespaces. Descriptor tables are never unshared, so that no other thread's descriptors are affected.
pub(crate) fn unshare(namespaces: UnshareFlags) -> io::Result<()> {
    assert!(!namespaces.contains(UnshareFlags::FILES), "descriptors stay shared");
    // SAFETY: only CLONE_FILES makes this call unsafe, and it is excluded above.
    Ok(unsafe { rustix::thread::unshare_unsafe(namespaces) }?)
}

/// Blocks every signal and returns a descriptor that reports ended children.
pub(crate) fn block_signals() -> io::Result<OwnedFd> {
    let mut all = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    let mut child = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the sets are initialized by sigfillset and sigemptyset before anything reads them, and the pointers
    // are valid for the calls. A descriptor that signalfd returns is ours alone.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, all.as_ptr(), std::ptr::null_mut());
        libc::sigemptyset(child.as_mut_ptr());
        libc::sigaddset(child.as_mut_ptr(), libc::SIGCHLD);
        let fd = libc::signalfd(-1, child.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
        check(libc::c_long::from(fd))?;
        Ok(OwnedFd::from_raw_fd(fd))
    }
}

/// Sets every signal to its default action and unblocks it: an executed program inherits both.
pub(crate) fn default_signals() {
    let mut none = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset initializes the set before sigprocmask reads it.
    unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut());
    }
    for number in 1..=64 {
        // SAFETY: SIG_DFL is a valid action for every signal; those that cannot be changed answer EINVAL.
        unsafe { libc::signal(number, libc::SIG_DFL) };
    }
}

/// Has a command's child begin with [`default_signals`]: it would else inherit what its parent blocks.
pub(crate) fn spawn_with_default_signals(command: &mut std::process::Command) {
    use std::os::unix::process::CommandExt as _;
    // SAFETY: between fork and exec, `default_signals` makes system calls alone: it allocates nothing and takes no lock.
    unsafe {
        command.pre_exec(|| {
            default_signals();
            Ok(())
        })
    };
}

/// Makes `number` another name of `fd`, inherited by executed programs.
pub(crate) fn duplicate_to(fd: impl AsFd, number: RawFd) -> io::Result<()> {
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: callers pick numbers below 4 in processes that they have just forked, where nothing else owns them.
    unsafe {
        if fd == number {
            check(libc::c_long::from(libc::fcntl(fd, libc::F_SETFD, 0)))?;
        } else {
            check(libc::c_long::from(libc::dup2(fd, number)))?;
        }
    }
    Ok(())
}

/// Closes every descriptor from `first` on. Only for a forked child that will not use what it inherited.
pub(crate) fn close_from(first: RawFd) -> io::Result<()> {
    close_range(first, 0)
}

/// Has every descriptor from `first` on closed when a program is executed.
pub(crate) fn close_from_on_exec(first: RawFd) -> io::Result<()> {
    const CLOSE_RANGE_CLOEXEC: libc::c_long = 4;
    close_range(first, CLOSE_RANGE_CLOEXEC)
}

fn close_range(first: RawFd, flags: libc::c_long) -> io::Result<()> {
    let (first, last) = (libc::c_long::from(first), libc::c_long::from(u32::MAX));
    // SAFETY: the callers' contract: the process was just forked, and no owner of these descriptors runs in it.
    check(unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) })?;
    Ok(())
}

/// Takes over a descriptor by number in a process that was just forked with it.
pub(crate) fn adopt(number: RawFd) -> OwnedFd {
    // SAFETY: callers have just made `number` with [`duplicate_to`]; nothing else in this process owns it.
    unsafe { OwnedFd::from_raw_fd(number) }
}

/// `mount_setattr` on a mount given by descriptor, with everything below it.
pub(crate) fn set_mount_attributes(
    mount: impl AsFd,
    set: u64,
    clear: u64,
    user: Option<&OwnedFd>,
) -> io::Result<()> {
    let mut attributes = libc::mount_attr {
        attr_set: set,
        attr_clr: clear,
        propagation: 0,
        userns_fd: user.map_or(0, |fd| u64::try_from(fd.as_raw_fd()).unwrap_or(0)),
    };
    let flags = libc::c_long::from(libc::AT_EMPTY_PATH | libc::AT_RECURSIVE);
    // SAFETY: the path is an empty C string and the structure has the size that is given; both outlive the call.
    check(unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_fd().as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw mut attributes,
            size_of::<libc::mount_attr>(),
        )
    })?;
    Ok(())
}

/// Installs a seccomp filter for this thread and everything that it executes; `no_new_privs` must be set. Returns the
/// descriptor that tells of the calls for which the filter asks.
pub(crate) fn install_asking_filter(program: &[libc::sock_filter]) -> io::Result<OwnedFd> {
    const SECCOMP_FILTER_FLAG_NEW_LISTENER: libc::c_long = 8;
    let listener = set_filter(program, SECCOMP_FILTER_FLAG_NEW_LISTENER)?;
    let listener = RawFd::try_from(listener).map_err(|_| io::ErrorKind::InvalidData)?;
    // SAFETY: the kernel has just made this descriptor for us alone.
    Ok(unsafe { OwnedFd::from_raw_fd(listener) })
}

/// The same for a filter that decides alone.
pub(crate) fn install_filter(program: &[libc::sock_filter]) -> io::Result<()> {
    set_filter(program, 0).map(drop)
}

fn set_filter(program: &[libc::sock_filter], flags: libc::c_long) -> io::Result<libc::c_long> {
    const SECCOMP_SET_MODE_FILTER: libc::c_long = 1;
    let program = libc::sock_fprog {
        len: u16::try_from(program.len()).map_err(|_| io::ErrorKind::InvalidInput)?,
        filter: program.as_ptr().cast_mut(),
    };
    // SAFETY: the program is valid for the call; the kernel copies and verifies it.
    check(unsafe { libc::syscall(libc::SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &raw const program) })
}

/// A system call that waits for an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    id: u64,
    /// The calling thread.
    pub(crate) thread: u32,
    /// Its number.
    pub(crate) call: i64,
    /// Its arguments, as they are in registers.
    pub(crate) arguments: [u64; 6],
}

/// What becomes of it.
#[derive(Debug)]
pub(crate) enum Reply {
    /// The kernel carries it out.
    Continue,
    /// It fails with this number.
    Errno(i32),
    /// It answers a descriptor of its own for this file; closed on exec if asked so.
    File(OwnedFd, bool),
}

/// Takes the next waiting call. Fails if its thread has gone meanwhile.
pub(crate) fn next_asked(listener: &OwnedFd) -> io::Result<Asked> {
    const SECCOMP_IOCTL_NOTIF_RECV: u64 = 0xC050_2100;
    // SAFETY: the structure is plain numbers, for which zero is valid; the kernel wants it zeroed and fills its 80 bytes.
    let mut asked: libc::seccomp_notif = unsafe { std::mem::zeroed() };
    let at = (&raw mut asked).cast();
    control_listener(listener, SECCOMP_IOCTL_NOTIF_RECV, at)?;
    let libc::seccomp_notif { id, pid, data, .. } = asked;
    Ok(Asked { id, thread: pid, call: i64::from(data.nr), arguments: data.args })
}

/// Answers a waiting call. Fails if it does not wait any more: then it was not carried out.
pub(crate) fn reply(listener: &OwnedFd, asked: &Asked, reply: Reply) -> io::Result<()> {
    const SECCOMP_IOCTL_NOTIF_SEND: u64 = 0xC018_2101;
    const SECCOMP_IOCTL_NOTIF_ADDFD: u64 = 0x4018_2103;
    const FLAG_CONTINUE: u32 = 1;
    const ADDFD_FLAG_SEND: u32 = 2;
    let mut answer = libc::seccomp_notif_resp { id: asked.id, val: 0, error: 0, flags: 0 };
    match reply {
        Reply::Continue => answer.flags = FLAG_CONTINUE,
        Reply::Errno(number) => answer.error = -number,
        Reply::File(file, close_on_exec) => {
            let mut added = libc::seccomp_notif_addfd {
                id: asked.id,
                flags: ADDFD_FLAG_SEND,
                srcfd: file.as_raw_fd().cast_unsigned(),
                newfd: 0,
                newfd_flags: if close_on_exec { libc::O_CLOEXEC.cast_unsigned() } else { 0 },
            };
            match control_listener(listener, SECCOMP_IOCTL_NOTIF_ADDFD, (&raw mut added).cast()) {
                Ok(()) => return Ok(()),
                Err(error) => answer.error = -error.raw_os_error().unwrap_or(libc::ENOMEM),
            }
        }
    }
    control_listener(listener, SECCOMP_IOCTL_NOTIF_SEND, (&raw mut answer).cast())
}

fn control_listener(listener: &OwnedFd, request: u64, at: *mut libc::c_void) -> io::Result<()> {
    // SAFETY: the two callers pass the structure whose size the request's number holds, alive for the call.
    check(unsafe { libc::syscall(libc::SYS_ioctl, listener.as_raw_fd(), request, at) })?;
    Ok(())
}

/// Sends a signal to every process that this one may signal in its pid namespace, except itself.
pub(crate) fn signal_everyone(number: i32) -> io::Result<()> {
    // SAFETY: kill has no memory preconditions. Only the init of a pid namespace calls this.
    match check(libc::c_long::from(unsafe { libc::kill(-1, number) })) {
        Err(error) if error.raw_os_error() != Some(libc::ESRCH) => Err(error),
        _ => Ok(()),
    }
}

/// Sends any signal, real-time ones too, to a process group.
pub(crate) fn signal_group(group: Pid, number: i32) -> io::Result<()> {
    // SAFETY: kill has no memory preconditions.
    check(libc::c_long::from(unsafe { libc::kill(-group.as_raw_nonzero().get(), number) }))?;
    Ok(())
}

/// Whether two processes' first threads have the same memory, not equal memory: one of them is within `vfork`, or was made
/// to share for good. Fails where the kernel has no such call, or this process may not inspect them.
pub(crate) fn share_memory(one: Pid, other: Pid) -> io::Result<bool> {
    const KCMP_VM: libc::c_long = 1;
    let [one, other] = [one, other].map(|pid| libc::c_long::from(pid.as_raw_nonzero().get()));
    // SAFETY: this type of comparison takes numbers only.
    Ok(check(unsafe { libc::syscall(libc::SYS_kcmp, one, other, KCMP_VM, 0, 0) })? == 0)
}

/// The effective user and group id.
pub(crate) fn effective_ids() -> (u32, u32) {
    (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw())
}
