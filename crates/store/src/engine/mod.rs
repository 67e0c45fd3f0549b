//! The two engines under a store.

mod lmdb;
mod memory;

use std::collections::BTreeMap;
use std::ops::Bound;

pub(crate) use lmdb::Lmdb;
pub use memory::{Crash, Memory};

use crate::StoreError;

/// Keys with their new values; `None` deletes.
pub(crate) type Writes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// Both ends of a range of keys.
pub(crate) type Range<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// Which way a scan goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the smallest key up.
    Forward,
    /// From the largest key down.
    Backward,
}

/// Ordered keys on something that lasts.
pub(crate) trait Engine: Send + Sync + 'static {
    /// What is there now, unchanged by later commits, until it is dropped.
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError>;

    /// Applies all of it, durably, or nothing.
    fn commit(&self, batch: &[&Writes]) -> Result<(), StoreError>;

    /// Whether a simulation wants the next transaction to lose.
    fn loses_by_chance(&self) -> bool {
        false
    }
}

/// One unchanging view.
pub(crate) trait Snapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Visits keys of a range in order until `visit` says `false`.
    fn walk(
        &self,
        range: Range<'_>,
        direction: Direction,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StoreError>;
}
