//! Transactions as closures see them.

use std::cell::RefCell;
use std::ops::Bound;

use crate::StoreError;
use crate::engine::{Direction, Range, Snapshot, Writes};

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
    bytes: usize,
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
        let own = footprint.writes.range::<[u8], _>((from, to));
        let mut own: Vec<(&Vec<u8>, &Option<Vec<u8>>)> = own.collect();
        // Taken from the end, the next one first.
        if direction == Direction::Forward {
            own.reverse();
        }
        let mut merge = Merge { own, direction, limit, rows: RawRows::new() };
        self.snapshot.walk((from, to), direction, &mut |key, value| merge.take(key, value))?;
        merge.rest();
        let rows = merge.rows;
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

/// Whether no key can be in the range. Maps panic on a range that ends before it begins.
fn is_empty((from, to): Range<'_>) -> bool {
    match (from, to) {
        (Bound::Included(a), Bound::Included(b)) => a > b,
        (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) => a >= b,
        _ => false,
    }
}

/// Merges a view's entries with a transaction's own writes.
struct Merge<'a> {
    own: Vec<(&'a Vec<u8>, &'a Option<Vec<u8>>)>,
    direction: Direction,
    limit: usize,
    rows: RawRows,
}

impl Merge<'_> {
    fn take(&mut self, key: &[u8], value: &[u8]) -> bool {
        while let Some((own, change)) = self.own.last().copied() {
            let before = match self.direction {
                Direction::Forward => own.as_slice() < key,
                Direction::Backward => own.as_slice() > key,
            };
            if own.as_slice() != key && !before {
                break;
            }
            self.own.pop();
            self.push(own, change.as_deref());
            if own.as_slice() == key || self.is_full() {
                return !self.is_full();
            }
        }
        self.push(key, Some(value));
        !self.is_full()
    }

    fn rest(&mut self) {
        while !self.is_full()
            && let Some((key, change)) = self.own.pop()
        {
            self.push(key, change.as_deref());
        }
    }

    fn push(&mut self, key: &[u8], value: Option<&[u8]>) {
        if let Some(value) = value {
            self.rows.push((key.to_vec(), value.to_vec()));
        }
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= self.limit
    }
}
