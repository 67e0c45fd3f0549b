//! The calls that the filter lets the init answer, where a watchdog guards memory.

use std::fs;
use std::os::fd::OwnedFd;

use rustix::fs::{CWD, Mode, OFlags, openat};

use super::shared::Objects;
use super::watchdog::Bounds;
use super::{root, watchdog};
use crate::sys::{self, Asked, Reply};

const CLOSE_ON_EXEC: u64 = libc::MFD_CLOEXEC as u64;
const NOT_EXECUTABLE: u64 = libc::MFD_NOEXEC_SEAL as u64;
/// The flags that a file of a file system can live up to, and the right to seal, which it refuses when it is used.
const FILE_FLAGS: u64 = CLOSE_ON_EXEC | NOT_EXECUTABLE | (libc::MFD_ALLOW_SEALING | libc::MFD_EXEC) as u64;

/// Who answers.
#[derive(Debug, Default)]
pub(crate) struct Supervisor {
    /// Where the calls come from, once the program's process has sent it.
    pub(crate) listener: Option<OwnedFd>,
    /// The shared memory that they made.
    pub(crate) objects: Objects,
}

impl Supervisor {
    /// Answers the next call.
    pub(crate) fn answer(&mut self, bounds: Bounds) {
        let Some(listener) = self.listener.take() else { return };
        if let Ok(asked) = sys::next_asked(&listener) {
            let granted = asked.call == libc::SYS_mmap && self.may_map(&asked, bounds);
            let reply = match asked.call {
                libc::SYS_mmap if granted => Reply::Continue,
                libc::SYS_memfd_create => memory_file(asked.arguments[1]),
                _ => Reply::Errno(libc::ENOMEM),
            };
            if sys::reply(&listener, &asked, reply).is_err() && granted {
                self.objects.revoke();
            }
        }
        self.listener = Some(listener);
    }

    /// Whether new shared memory fits in, and if so, notes it.
    fn may_map(&mut self, asked: &Asked, bounds: Bounds) -> bool {
        let bytes = asked.arguments[1].checked_next_multiple_of(4096).unwrap_or(u64::MAX);
        // One grant at a time and thread, so that each is known by its object.
        if self.objects.waits_for(asked.thread) || !self.objects.has_room() {
            self.look(Some(asked.thread));
        }
        let fits = |objects: &Objects| watchdog::shared_fits(objects.bytes().saturating_add(bytes), bounds);
        if !fits(&self.objects) {
            self.look(Some(asked.thread));
            // The second look forgets what the first one missed.
            self.look(Some(asked.thread));
        }
        let granted = self.objects.has_room() && fits(&self.objects);
        if granted {
            self.objects.grant(asked.thread, bytes);
        }
        granted
    }

    /// Finds out which objects are still there. `asking` is a thread whose earlier calls have ended.
    pub(crate) fn look(&mut self, asking: Option<u32>) {
        let settled =
            self.objects.loose_threads().filter(|thread| Some(*thread) == asking || has_settled(*thread));
        let settled = settled.collect();
        if let Some(alive) = watchdog::shared_objects() {
            self.objects.take(&alive, &settled);
        }
    }
}

/// Whether a thread is elsewhere than in `mmap`, for certain.
fn has_settled(thread: u32) -> bool {
    match fs::read_to_string(format!("/proc/{thread}/syscall")) {
        Ok(text) => {
            let call = text.split_whitespace().next().unwrap_or("running");
            call.parse::<i64>().is_ok_and(|call| call != libc::SYS_mmap)
        }
        Err(error) => {
            error.kind() == std::io::ErrorKind::NotFound || error.raw_os_error() == Some(libc::ESRCH)
        }
    }
}

/// A memory file that lies in a file system of its own, where its pages count until the last of it is gone.
fn memory_file(flags: u64) -> Reply {
    // Huge pages are the machine's to give, and no sandbox gets them.
    if flags & !FILE_FLAGS != 0 {
        return Reply::Errno(libc::EINVAL);
    }
    let mode = Mode::from_bits_truncate(if flags & NOT_EXECUTABLE != 0 { 0o666 } else { 0o777 });
    let open = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let opened = openat(CWD, root::MEMORY_FILES, open, mode).and_then(|file| {
        // Whatever the init's mask is.
        rustix::fs::fchmod(&file, mode)?;
        Ok(file)
    });
    match opened {
        Ok(file) => Reply::File(file, flags & CLOSE_ON_EXEC != 0),
        Err(_) => Reply::Errno(libc::ENOMEM),
    }
}
