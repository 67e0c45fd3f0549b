//! What can go wrong with a store.

use std::io;
use std::path::PathBuf;

/// Why a store did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the folder open.
    #[error("the data folder `{}` is in use by another process", .0.display())]
    InUse(PathBuf),
    /// The folder cannot be used.
    #[error("failed to use the folder `{}`", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The embedded engine failed.
    #[error("the embedded engine failed")]
    Engine(#[source] heed::Error),
    /// The disk or the map is full; nothing of the transaction was written.
    #[error("the store is full")]
    Full,
    /// An earlier failure to make data durable ended this store; a restart opens what was durable.
    #[error("the store stopped after it failed to make data durable")]
    Stopped,
    /// A transaction's closure panicked, and nothing of it was written.
    #[error("a transaction's closure panicked")]
    Panicked,
    /// A record's bytes are not those that were written.
    #[error("a record of table `{table}` is damaged (key {key})")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The key in hexadecimal.
        key: String,
    },
    /// A record was written by a newer build.
    #[error("a record of table `{table}` has version {found}; this build reads up to {newest}")]
    TooNew {
        /// The table.
        table: &'static str,
        /// The record's version.
        found: u16,
        /// The newest version that this build knows.
        newest: u16,
    },
    /// A record of a version, or a key of a form, that this build cannot read.
    #[error("a record of table `{table}` cannot be read: {reason}")]
    Unreadable {
        /// The table.
        table: &'static str,
        /// Why.
        reason: String,
    },
    /// A transaction writes more than one may.
    #[error("a transaction may write {0} bytes")]
    TooLarge(usize),
}

impl StoreError {
    pub(crate) fn engine(error: heed::Error) -> Self {
        let no_space = |error: &io::Error| {
            matches!(
                error.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::FileTooLarge | io::ErrorKind::QuotaExceeded
            )
        };
        match error {
            // Too many changed pages for one commit: as with a full disk, nothing of it is written.
            heed::Error::Mdb(heed::MdbError::MapFull | heed::MdbError::TxnFull) => Self::Full,
            heed::Error::Io(error) if no_space(&error) => Self::Full,
            error => Self::Engine(error),
        }
    }
}
