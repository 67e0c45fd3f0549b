//! Lines that are written together: under load one write and one wake-up for many of them.

use std::io::{self, BufWriter, Write};
use std::thread;
use std::time::Duration;

/// How long the writing thread rests after it has written. What comes meanwhile waits in its queue and wakes nobody.
const REST: Duration = Duration::from_millis(10);
const BUFFER_BYTES: usize = 64 << 10;

/// Gathers what comes until it is flushed, and then lets new lines gather. For a thread of its own, which flushes when it
/// has taken all that waits: a line that comes alone is written at once.
#[derive(Debug)]
pub(crate) struct Gathered<W: Write>(BufWriter<W>);

impl<W: Write> Gathered<W> {
    /// Writes to `writer`.
    pub(crate) fn new(writer: W) -> Self {
        Self(BufWriter::with_capacity(BUFFER_BYTES, writer))
    }
}

impl<W: Write> Write for Gathered<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    #[expect(clippy::disallowed_methods, reason = "a thread of its own rests, so that nobody wakes it")]
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()?;
        thread::sleep(REST);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps each write.
    #[derive(Default)]
    struct Writes(Vec<Vec<u8>>);

    impl Write for &mut Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_came_before_a_flush_is_one_write() {
        let mut writes = Writes::default();
        let mut gathered = Gathered::new(&mut writes);
        for line in [&b"one\n"[..], b"two\n"] {
            gathered.write_all(line).unwrap();
        }
        gathered.flush().unwrap();
        gathered.write_all(b"three\n").unwrap();
        gathered.flush().unwrap();
        drop(gathered);
        assert_eq!(writes.0, [&b"one\ntwo\n"[..], b"three\n"]);
    }
}
