//! Typed tables and feeds on top of keys.

use std::marker::PhantomData;
use std::ops::Bound;

use crate::engine::Direction;
use crate::key::{EncodeKey, EncodePart as _, Key, after_prefix};
use crate::tx::{Read, WriteTx};
use crate::{Record, StoreError, record};

/// A table: keys of one kind to records of one kind, sorted by key. Its name is part of the stored keys and never changes.
pub struct Table<K, V> {
    name: &'static str,
    kinds: PhantomData<fn() -> (K, V)>,
}

impl<K: Key, V: Record> Table<K, V> {
    /// A table by its name, unique within its store.
    pub const fn new(name: &'static str) -> Self {
        Self { name, kinds: PhantomData }
    }

    fn raw(&self, key: &impl EncodeKey) -> Vec<u8> {
        let mut raw = Vec::with_capacity(64);
        self.name.encode(&mut raw);
        key.encode_key(&mut raw);
        raw
    }

    /// The record of a key.
    pub fn get(&self, tx: &impl Read, key: &impl EncodeKey) -> Result<Option<V>, StoreError> {
        let raw = self.raw(key);
        let found = tx.get_raw(&raw)?;
        found.map(|bytes| record::decode(self.name, &raw, &bytes)).transpose()
    }

    /// Sets the record of a key.
    pub fn insert(&self, tx: &mut WriteTx<'_>, key: &K, value: &V) -> Result<(), StoreError> {
        let bytes = record::encode(self.name, value)?;
        tx.write_raw(self.raw(key), Some(bytes))
    }

    /// Removes the record of a key, if it has one.
    pub fn remove(&self, tx: &mut WriteTx<'_>, key: &impl EncodeKey) -> Result<(), StoreError> {
        tx.write_raw(self.raw(key), None)
    }

    /// All rows whose key begins with a tuple; `&()` for the whole table.
    pub fn query(&self, prefix: &impl EncodeKey) -> Query<'_, K, V> {
        let prefix = self.raw(prefix);
        let to = after_prefix(&prefix).map_or(Bound::Unbounded, Bound::Excluded);
        Query {
            table: self,
            from: Bound::Included(prefix),
            to,
            direction: Direction::Forward,
            limit: usize::MAX,
        }
    }
}

/// A range of a table's rows.
pub struct Query<'t, K, V> {
    table: &'t Table<K, V>,
    from: Bound<Vec<u8>>,
    to: Bound<Vec<u8>>,
    direction: Direction,
    limit: usize,
}

impl<K: Key, V: Record> Query<'_, K, V> {
    /// Only rows after this key, which need not exist.
    #[must_use]
    pub fn after(mut self, key: &impl EncodeKey) -> Self {
        self.from = Bound::Excluded(self.table.raw(key));
        self
    }

    /// Only this key (or keys that begin with it) and rows after it.
    #[must_use]
    pub fn from(mut self, key: &impl EncodeKey) -> Self {
        self.from = Bound::Included(self.table.raw(key));
        self
    }

    /// Only rows before this key.
    #[must_use]
    pub fn before(mut self, key: &impl EncodeKey) -> Self {
        self.to = Bound::Excluded(self.table.raw(key));
        self
    }

    /// The largest key first.
    #[must_use]
    pub fn backward(mut self) -> Self {
        self.direction = Direction::Backward;
        self
    }

    /// At most this many rows.
    #[must_use]
    pub fn limit(mut self, rows: usize) -> Self {
        self.limit = rows;
        self
    }

    /// Reads the rows.
    pub fn rows(&self, tx: &impl Read) -> Result<Vec<(K, V)>, StoreError> {
        let (from, to) = (self.from.as_ref().map(Vec::as_slice), self.to.as_ref().map(Vec::as_slice));
        let raw = tx.scan_raw(from, to, self.direction, self.limit)?;
        raw.iter().map(|(key, bytes)| self.row(key, bytes)).collect()
    }

    fn row(&self, raw: &[u8], bytes: &[u8]) -> Result<(K, V), StoreError> {
        let table = self.table.name;
        let skip = self.table.raw(&()).len();
        let key = raw.get(skip..).and_then(K::decode_key);
        let key = key.ok_or_else(|| StoreError::Corrupt { table, key: record::hex(raw) })?;
        Ok((key, record::decode(table, raw, bytes)?))
    }
}

/// A feed of changes: each shard is an ordered list, and an entry is written in the transaction of the change that it tells of.
pub struct Feed<V> {
    entries: Table<(u32, u64), V>,
    next: Table<(u32,), Next>,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Next(u64);

impl Record for Next {}

impl<V: Record> Feed<V> {
    /// A feed by its name and the name under which its shards' ends are kept, both unique within its store.
    pub const fn new(name: &'static str, ends: &'static str) -> Self {
        Self { entries: Table::new(name), next: Table::new(ends) }
    }

    /// Adds an entry to a shard, and gives its number. Transactions that add to one shard are thereby ordered.
    pub fn append(&self, tx: &mut WriteTx<'_>, shard: u32, entry: &V) -> Result<u64, StoreError> {
        let number = self.next.get(tx, &(shard,))?.map_or(0, |Next(number)| number);
        self.next.insert(tx, &(shard,), &Next(number + 1))?;
        self.entries.insert(tx, &(shard, number), entry)?;
        Ok(number)
    }

    /// Entries of a shard from a number on, oldest first.
    pub fn read(
        &self,
        tx: &impl Read,
        shard: u32,
        from: u64,
        limit: usize,
    ) -> Result<Vec<(u64, V)>, StoreError> {
        let rows = self.entries.query(&(shard,)).from(&(shard, from)).limit(limit).rows(tx)?;
        Ok(rows.into_iter().map(|((_, number), entry)| (number, entry)).collect())
    }

    /// Removes at most `limit` entries before a number, and tells how many it removed.
    pub fn trim(
        &self,
        tx: &mut WriteTx<'_>,
        shard: u32,
        before: u64,
        limit: usize,
    ) -> Result<usize, StoreError> {
        let rows = self.entries.query(&(shard,)).before(&(shard, before)).limit(limit).rows(tx)?;
        for (key, _) in &rows {
            self.entries.remove(tx, key)?;
        }
        Ok(rows.len())
    }
}
