//! Transactions as closures see them.

use std::cell::RefCell;
use std::ops::Bound;

use crate::engine::{Direction, Range, Snapshot, Writes};
use crate::merge::is_empty;
use crate::{StoreError, merge};

/// The most that one transaction may write, in bytes of keys and values.
pub const WRITE_BYTES_MAX: usize = 32 << 20;

/// Rows of raw keys and values.
pub type RawRows = Vec<(Vec<u8>, Vec<u8>)>;

/// An owned range of keys.
pub(crate) type OwnedRange = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// Reading, in a transaction of either kind.
pub trait Read: private::Sealed {
    #[doc(hidden)]
    fn get_raw(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;
    #[doc(hidden)]
    fn scan_raw(
        &self,
        from: Bound<&[u8]>,
        to: Bound<&[u8]>,
        direction: Direction,
        limit: usize,
    ) -> Result<RawRows, StoreError>;
}

mod private {
    pub trait Sealed {}
    impl Sealed for super::ReadTx<'_> {}
    impl Sealed for super::WriteTx<'_> {}
}

/// A transaction that reads one unchanging view.
pub struct ReadTx<'a> {
    snapshot: &'a dyn Snapshot,
}

impl<'a> ReadTx<'a> {
    pub(crate) fn new(snapshot: &'a dyn Snapshot) -> Self {
        Self { snapshot }
    }
}

impl Read for ReadTx<'_> {
    fn get_raw(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.snapshot.get(key)
    }

    fn scan_raw(
        &self,
        from: Bound<&[u8]>,
        to: Bound<&[u8]>,
        direction: Direction,
        limit: usize,
    ) -> Result<RawRows, StoreError> {
        let mut rows = RawRows::new();
        if limit > 0 && !is_empty((from, to)) {
            self.snapshot.walk((from, to), direction, &mut |key, value| {
                rows.push((key.to_vec(), value.to_vec()));
                rows.len() < limit
            })?;
        }
        Ok(rows)
    }
}

/// A transaction that reads a view, sees its own writes, and remembers what it read.
pub struct WriteTx<'a> {
    snapshot: &'a dyn Snapshot,
    footprint: RefCell<Footprint>,
}

/// What a transaction read and wrote.
#[derive(Debug, Default)]
pub(crate) struct Footprint {
    pub(crate) keys: Vec<Vec<u8>>,
    pub(crate) ranges: Vec<OwnedRange>,
    pub(crate) writes: Writes,
    /// Bytes of keys and values that were written.
    pub(crate) bytes: usize,
}

impl Footprint {
    /// Whether nothing was written.
    pub(crate) fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }
}

impl<'a> WriteTx<'a> {
    pub(crate) fn new(snapshot: &'a dyn Snapshot) -> Self {
        Self { snapshot, footprint: RefCell::default() }
    }

    pub(crate) fn into_footprint(self) -> Footprint {
        self.footprint.into_inner()
    }

    pub(crate) fn write_raw(&self, key: Vec<u8>, value: Option<Vec<u8>>) -> Result<(), StoreError> {
        let mut footprint = self.footprint.borrow_mut();
        footprint.bytes += key.len() + value.as_ref().map_or(0, Vec::len);
        if footprint.bytes > WRITE_BYTES_MAX {
            return Err(StoreError::TooLarge(WRITE_BYTES_MAX));
        }
        footprint.writes.insert(key, value);
        Ok(())
    }
}

impl Read for WriteTx<'_> {
    fn get_raw(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let mut footprint = self.footprint.borrow_mut();
        if let Some(own) = footprint.writes.get(key) {
            return Ok(own.clone());
        }
        footprint.keys.push(key.to_vec());
        self.snapshot.get(key)
    }

    fn scan_raw(
        &self,
        from: Bound<&[u8]>,
        to: Bound<&[u8]>,
        direction: Direction,
        limit: usize,
    ) -> Result<RawRows, StoreError> {
        if limit == 0 || is_empty((from, to)) {
            return Ok(RawRows::new());
        }
        let mut footprint = self.footprint.borrow_mut();
        let mut rows = RawRows::new();
        merge::walk(self.snapshot, &footprint.writes, (from, to), direction, &mut |key, value| {
            rows.push((key.to_vec(), value.to_vec()));
            rows.len() < limit
        })?;
        footprint.ranges.push(seen((from, to), direction, limit, &rows));
        Ok(rows)
    }
}

/// The part of a range that a scan really saw.
fn seen((from, to): Range<'_>, direction: Direction, limit: usize, rows: &RawRows) -> OwnedRange {
    let whole = (from.map(<[u8]>::to_vec), to.map(<[u8]>::to_vec));
    let last = rows.last().filter(|_| rows.len() >= limit).map(|(key, _)| Bound::Included(key.clone()));
    match (last, direction) {
        (None, _) => whole,
        (Some(last), Direction::Forward) => (whole.0, last),
        (Some(last), Direction::Backward) => (last, whole.1),
    }
}
