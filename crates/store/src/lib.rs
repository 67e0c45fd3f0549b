//! Transactions over ordered keys, a change feed, blobs and trees: the only crate that opens data files.
//!
//! A [`Store`] is one environment. [`Store::read`] runs a closure on an unchanging view; [`Store::write`] runs one as a
//! serializable transaction, which is durable when the call returns. [`Table`]s are typed views of the keys, [`Feed`]s ordered lists of
//! changes. [`Blobs`] keep large bytes by content, [`Trees`] keep folders that were unpacked or built.
//!
//! ```
//! # use weft_store::{Memory, Record, Store, StoreError, Table};
//! #[derive(serde::Serialize, serde::Deserialize)]
//! struct User { age: u32 }
//! impl Record for User {}
//! const USERS: Table<(u64, String), User> = Table::new("users");
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
//! # runtime.block_on(async {
//! let store = Store::memory(&Memory::new())?;
//! store.write(|tx| USERS.insert(tx, &(1, "ada".to_owned()), &User { age: 36 })).await?;
//! let rows = store.read(|tx| USERS.query(&(1u64,)).limit(10).rows(tx)).await?;
//! assert_eq!(rows[0].0.1, "ada");
//! # Ok::<(), StoreError>(())
//! # }).expect("a store");
//! ```
//!
//! Invariants: a transaction sees one view and its own writes, and commits only if nothing that it read was changed since; what
//! was acknowledged survives `kill -9` and power loss; every record carries its version and checksum; after a failed sync nothing
//! more is written. Two engines run the same closures: LMDB, and memory with crashes at chosen commits.
//!
//! It deliberately does not know what a record means, nor who may read it.

mod blobs;
mod committer;
mod engine;
mod error;
mod key;
mod merge;
mod pool;
mod recent;
mod record;
mod store;
mod table;
mod trees;
mod tx;

pub use blobs::{BlobError, Blobs, Digest, Received};
pub use engine::{Crash, Direction, Memory};
pub use error::StoreError;
pub use key::{EncodeKey, EncodePart, Key, Part};
pub use record::{Record, hex};
pub use store::{Options, Store};
pub use table::{Feed, Query, Table};
pub use trees::{Stage, TreeError, Trees, UnpackLimits, file_bytes};
#[doc(hidden)]
pub use tx::RawRows;
pub use tx::{Read, ReadTx, WRITE_BYTES_MAX, WriteTx};
