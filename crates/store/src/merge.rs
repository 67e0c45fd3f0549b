//! A view with writes on top that are not in it yet.

use crate::StoreError;
use crate::engine::{Direction, Range, Snapshot, Writes};

/// Visits the entries of a range in order, as they are after `over` is applied to `base`.
pub(crate) fn walk(
    base: &dyn Snapshot,
    over: &Writes,
    (from, to): Range<'_>,
    direction: Direction,
    visit: &mut dyn FnMut(&[u8], &[u8]) -> bool,
) -> Result<(), StoreError> {
    if is_empty((from, to)) {
        return Ok(());
    }
    let mut own: Vec<Entry<'_>> = over.range::<[u8], _>((from, to)).collect();
    // Taken from the end, the next one first.
    if direction == Direction::Forward {
        own.reverse();
    }
    let mut merge = Merge { own, direction, visit, ended: false };
    base.walk((from, to), direction, &mut |key, value| merge.take(key, value))?;
    merge.rest();
    Ok(())
}

/// Whether no key can be in the range. Maps panic on a range that ends before it begins.
pub(crate) fn is_empty((from, to): Range<'_>) -> bool {
    use std::ops::Bound::{Excluded, Included};
    match (from, to) {
        (Included(a), Included(b)) => a > b,
        (Included(a) | Excluded(a), Included(b) | Excluded(b)) => a >= b,
        _ => false,
    }
}

/// The view that shows once `over` is written to `base`.
pub(crate) struct Layered<'a> {
    pub(crate) base: &'a dyn Snapshot,
    pub(crate) over: &'a Writes,
}

impl Snapshot for Layered<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.over.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.base.get(key),
        }
    }

    fn walk(
        &self,
        range: Range<'_>,
        direction: Direction,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StoreError> {
        walk(self.base, self.over, range, direction, visit)
    }
}

type Entry<'a> = (&'a Vec<u8>, &'a Option<Vec<u8>>);

struct Merge<'a, 'v> {
    own: Vec<Entry<'a>>,
    direction: Direction,
    visit: &'v mut dyn FnMut(&[u8], &[u8]) -> bool,
    ended: bool,
}

impl Merge<'_, '_> {
    /// Takes an entry of the base, after those of the writes that come before it; `false` when there is enough.
    fn take(&mut self, key: &[u8], value: &[u8]) -> bool {
        while let Some((own, change)) = self.own.last().copied() {
            let before = match self.direction {
                Direction::Forward => own.as_slice() < key,
                Direction::Backward => own.as_slice() > key,
            };
            let same = own.as_slice() == key;
            if !same && !before {
                break;
            }
            self.own.pop();
            self.pass(own, change.as_deref());
            if same || self.ended {
                return !self.ended;
            }
        }
        self.pass(key, Some(value));
        !self.ended
    }

    fn rest(&mut self) {
        while !self.ended
            && let Some((key, change)) = self.own.pop()
        {
            self.pass(key, change.as_deref());
        }
    }

    fn pass(&mut self, key: &[u8], value: Option<&[u8]>) {
        if let Some(value) = value
            && !(self.visit)(key, value)
        {
            self.ended = true;
        }
    }
}
