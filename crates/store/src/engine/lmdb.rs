//! The embedded engine: LMDB.
//!
//! A key of [`LONG`] bytes and more is kept as its first [`STEM`] bytes and its SHA-256, with the whole key before the value. Keys that share a stem
//! are put into their true order when they are read, which costs memory for as many as share it.

use std::fs;
use std::ops::{Bound, RangeBounds};
use std::path::Path;

use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvOpenOptions, RoTxn, WithTls};
use sha2::{Digest as _, Sha256};

use crate::StoreError;
use crate::engine::{Direction, Engine, Range, Snapshot, Writes};
use crate::key::after_prefix;

const LONG: usize = 1900;
const STEM: usize = LONG - 32;

/// A disk with less free space than this counts as full when a write fails.
const FREE_BYTES_MIN: u64 = 4 << 20;

/// Readers at once; LMDB's default of 126 is too few for a busy machine.
const READERS_MAX: u32 = 1024;

pub(crate) struct Lmdb {
    env: Env,
    database: Database<'static, Bytes, Bytes>,
}

impl Lmdb {
    /// Opens or makes the environment in a folder that nobody else has open.
    pub(crate) fn open(folder: &Path, map_bytes: usize) -> Result<Self, StoreError> {
        fs::create_dir_all(folder)
            .map_err(|source| StoreError::Folder { path: folder.to_path_buf(), source })?;
        let env = open_environment(folder, map_bytes)?;
        let txn = env.write_txn().map_err(StoreError::engine)?;
        let made: Result<_, heed::Error> = env.create_databases_and_commit(txn, |opener, txn| {
            opener.create_database(txn, None).map(CommitOrAbort::<_, ()>::Commit)
        });
        match made.map_err(StoreError::engine)? {
            CommitOrAbort::Commit(database) => Ok(Self { env, database }),
            CommitOrAbort::Abort(()) => Err(StoreError::Stopped),
        }
    }
}

/// Tries smaller maps where the address space is limited.
fn open_environment(folder: &Path, map_bytes: usize) -> Result<Env, StoreError> {
    let mut size = map_bytes;
    loop {
        let mut options = EnvOpenOptions::new();
        options.map_size(size).max_readers(READERS_MAX).max_dbs(1);
        // SAFETY: the folder is held by an exclusive lock (`store::lock`), so no other process truncates the file under
        // the map, and this process opens each folder once.
        #[expect(unsafe_code, reason = "memory-mapping a file is unsafe where others may change it")]
        let opened = unsafe { options.open(folder) };
        match opened {
            Ok(env) => return Ok(env),
            Err(heed::Error::Io(error))
                if error.kind() == std::io::ErrorKind::OutOfMemory && size > 1 << 30 =>
            {
                size /= 4;
            }
            Err(error) => return Err(StoreError::engine(error)),
        }
    }
}

impl Lmdb {
    /// What a failed commit means. LMDB says "input/output error" of a write that a full disk cut short, before any sync:
    /// nothing is in doubt then.
    fn commit_error(&self, error: heed::Error) -> StoreError {
        let cut_short = matches!(&error, heed::Error::Io(io) if io.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()));
        let free =
            rustix::fs::statvfs(self.env.path()).map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
        match free {
            Ok(bytes) if cut_short && bytes < FREE_BYTES_MIN => StoreError::Full,
            _ => StoreError::engine(error),
        }
    }
}

impl Engine for Lmdb {
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        let txn = self.env.read_txn().map_err(StoreError::engine)?;
        Ok(Box::new(View { txn, database: self.database }))
    }

    fn commit(&self, batch: &[&Writes]) -> Result<(), StoreError> {
        let mut txn = self.env.write_txn().map_err(StoreError::engine)?;
        for (key, value) in batch.iter().flat_map(|writes| writes.iter()) {
            let done = match (value, key.len() >= LONG) {
                (Some(value), false) => self.database.put(&mut txn, key, value),
                (Some(value), true) => self.database.put(&mut txn, &short(key), &with_key(key, value)),
                (None, false) => self.database.delete(&mut txn, key).map(drop),
                (None, true) => self.database.delete(&mut txn, &short(key)).map(drop),
            };
            done.map_err(StoreError::engine)?;
        }
        match txn.commit().map_err(|error| self.commit_error(error)) {
            // Full, or was it the very last write that failed? Then the environment is spent, and says so.
            Err(StoreError::Full) => {
                self.env.write_txn().map_err(StoreError::Engine)?.abort();
                Err(StoreError::Full)
            }
            done => done,
        }
    }
}

fn short(key: &[u8]) -> Vec<u8> {
    let mut short = key[..STEM].to_vec();
    short.extend(Sha256::digest(key));
    short
}

fn with_key(key: &[u8], value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(key.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), key, value].concat()
}

/// The true key and the value of what is stored under a key of [`LONG`] bytes.
fn split(stored: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = stored.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_be_bytes(*length) as usize)
}

struct View<'a> {
    txn: RoTxn<'a, WithTls>,
    database: Database<'static, Bytes, Bytes>,
}

impl Snapshot for View<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if key.len() < LONG {
            let found = self.database.get(&self.txn, key).map_err(StoreError::engine)?;
            return Ok(found.map(<[u8]>::to_vec));
        }
        let found = self.database.get(&self.txn, &short(key)).map_err(StoreError::engine)?;
        Ok(found.and_then(split).filter(|(stored, _)| *stored == key).map(|(_, value)| value.to_vec()))
    }

    fn walk(
        &self,
        range: Range<'_>,
        direction: Direction,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StoreError> {
        let (low, high) = (lower(range.0), upper(range.1));
        let physical = (as_slice(&low), as_slice(&high));
        let mut groups = Groups { range, direction, visit, group: Vec::new(), ended: false };
        match direction {
            Direction::Forward => {
                for entry in self.database.range(&self.txn, &physical).map_err(StoreError::engine)? {
                    let (key, value) = entry.map_err(StoreError::engine)?;
                    if !groups.take(key, value) {
                        return Ok(());
                    }
                }
            }
            Direction::Backward => {
                for entry in self.database.rev_range(&self.txn, &physical).map_err(StoreError::engine)? {
                    let (key, value) = entry.map_err(StoreError::engine)?;
                    if !groups.take(key, value) {
                        return Ok(());
                    }
                }
            }
        }
        groups.flush();
        Ok(())
    }
}

fn as_slice(bound: &Bound<Vec<u8>>) -> Bound<&[u8]> {
    bound.as_ref().map(Vec::as_slice)
}

/// The range's lower end among stored keys: a whole stem, where the true order within it is not the stored one.
fn lower(bound: Bound<&[u8]>) -> Bound<Vec<u8>> {
    match bound {
        Bound::Included(key) | Bound::Excluded(key) if key.len() >= STEM => {
            Bound::Included(key[..STEM].to_vec())
        }
        other => other.map(<[u8]>::to_vec),
    }
}

fn upper(bound: Bound<&[u8]>) -> Bound<Vec<u8>> {
    match bound {
        Bound::Included(key) | Bound::Excluded(key) if key.len() >= STEM => {
            after_prefix(&key[..STEM]).map_or(Bound::Unbounded, Bound::Excluded)
        }
        other => other.map(<[u8]>::to_vec),
    }
}

/// Passes entries on in the order of their true keys: those that share a stem are held back until it is over.
struct Groups<'a, 'v> {
    range: Range<'a>,
    direction: Direction,
    visit: &'v mut dyn FnMut(&[u8], &[u8]) -> bool,
    group: Vec<(Vec<u8>, Vec<u8>)>,
    ended: bool,
}

impl Groups<'_, '_> {
    fn take(&mut self, stored: &[u8], value: &[u8]) -> bool {
        if self.group.first().is_some_and(|(key, _)| !stored.starts_with(&key[..STEM])) {
            self.flush();
        }
        if self.ended {
            return false;
        }
        if stored.len() < STEM {
            self.pass(stored, value);
        } else {
            let (key, value) =
                if stored.len() == LONG { split(value).unwrap_or((stored, value)) } else { (stored, value) };
            self.group.push((key.to_vec(), value.to_vec()));
        }
        !self.ended
    }

    fn flush(&mut self) {
        let mut group = std::mem::take(&mut self.group);
        group.sort();
        if self.direction == Direction::Backward {
            group.reverse();
        }
        for (key, value) in group {
            if !self.ended {
                self.pass(&key, &value);
            }
        }
    }

    fn pass(&mut self, key: &[u8], value: &[u8]) {
        if RangeBounds::<[u8]>::contains(&self.range, key) && !(self.visit)(key, value) {
            self.ended = true;
        }
    }
}
