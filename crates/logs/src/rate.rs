//! How fast one worker may print.

use weft_types::Timestamp;

/// What a stream may add, in bytes: at most a burst, refilled as time goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    pub(crate) left: u64,
    at: Timestamp,
}

impl Rate {
    /// Bytes that may come at once.
    pub(crate) const BURST: u64 = 4 << 20;

    /// A stream that was calm.
    pub(crate) fn full(at: Timestamp) -> Self {
        Self { left: Self::BURST, at }
    }

    /// Lets time go by.
    pub(crate) fn refill(&mut self, now: Timestamp, bytes_each_second: u64) {
        let millis = u64::try_from(now.as_millis() - self.at.as_millis()).unwrap_or(0);
        self.left =
            (self.left.saturating_add(millis.saturating_mul(bytes_each_second) / 1000)).min(Self::BURST);
        self.at = self.at.max(now);
    }

    /// Takes what a line needs, if it is left.
    pub(crate) fn take(&mut self, bytes: usize) -> bool {
        let left = self.left.checked_sub(bytes as u64);
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }
}
