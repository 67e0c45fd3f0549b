//! The S3 API: buckets, and objects with versions, parts, checksums and policies.
//!
//! An object's row is in the store, keyed so that a list is a scan; its bytes are blobs by their content, counted by who has them,
//! or in the store itself where they are few. Bytes come in and go out as streams, in constant memory. An upload is visible whole
//! or not at all: what arrived is stored, counted and named in one transaction, and what nobody has any more is removed
//! behind a gate that no upload under way can be within ([`S3::run`]).
//!
//! Every request is decided by the caller's policies and the bucket's, anonymous ones by the bucket's alone; who may not list
//! a bucket does not learn what is not in it.
//!
//! The crate deliberately does not know HTTP, nor what is done with an object once it is read.

mod access;
mod acl;
mod bucket_policy;
mod checksum;
mod copying;
mod cors;
mod encryption;
mod errors;
mod garbage;
mod lifecycle;
mod listing;
mod lists;
mod lock;
mod names;
mod notifications;
mod objects;
mod ops;
mod output;
mod public;
mod reading;
mod receive;
mod request;
mod selected;
mod settings;
mod tables;
mod tags;
mod uploads;
mod versions;
mod website;

pub use cors::{CorsAnswer, CorsGrant, CorsRequest};
pub use website::{Redirect, Website, key_of_path, path_of_key};

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio::sync::Notify;
use weft_policy::Policy;
use weft_service::{Error, ServiceBuilder};
use weft_store::{Blobs, ReadTx, Store, StoreError, WriteTx};

use crate::tables::{BUCKETS, Bucket};

/// The most policies that are kept parsed.
const POLICIES_MAX: usize = 1000;

/// Policies that were parsed, with their texts, by bucket.
type Policies = HashMap<String, (String, Arc<Policy>)>;

/// The service's state. Cheap to clone.
#[derive(Clone)]
pub struct S3 {
    store: Store,
    blobs: Blobs,
    /// Held for reading from when bytes are stored until they are counted, for writing while uncounted ones are removed.
    gate: Arc<tokio::sync::RwLock<()>>,
    /// Told when there may be something to be removed.
    garbage: Arc<Notify>,
    /// Where events go.
    delivery: Arc<notifications::Delivery>,
    names: Arc<RwLock<HashSet<String>>>,
    policies: Arc<Mutex<Policies>>,
}

impl S3 {
    /// The service on a store and blobs that nothing else uses.
    pub fn open(store: Store, blobs: Blobs) -> Result<Self, StoreError> {
        let names = store.read_blocking(|tx| {
            let rows = BUCKETS.query(&()).rows(tx)?;
            Ok::<_, StoreError>(rows.into_iter().map(|((name,), _)| name).collect())
        })?;
        Ok(Self {
            store,
            blobs,
            gate: Arc::default(),
            garbage: Arc::default(),
            delivery: Arc::default(),
            names: Arc::new(RwLock::new(names)),
            policies: Arc::default(),
        })
    }

    /// Whether there is a bucket of this name, from memory.
    pub fn has_bucket(&self, name: &str) -> bool {
        self.names.read().unwrap_or_else(PoisonError::into_inner).contains(name)
    }

    /// Removes bytes that nobody has any more, as they become so, tells functions what happened, and does what buckets' rules say
    /// is due, until it is dropped.
    pub async fn run(&self) {
        tokio::join!(self.remove_garbage_forever(), self.deliver_forever(), self.expire_forever());
    }

    /// The operations.
    pub fn register(&self) -> ServiceBuilder {
        ops::register(&Arc::new(self.clone()))
    }

    fn policy_of(&self, name: &str, bucket: &Bucket) -> Result<Option<Arc<Policy>>, Error> {
        let Some(text) = &bucket.policy else { return Ok(None) };
        let mut policies = self.policies.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, policy)) = policies.get(name).filter(|(known, _)| known == text) {
            return Ok(Some(Arc::clone(policy)));
        }
        let policy = Arc::new(Policy::parse(text).map_err(Error::internal)?);
        if policies.len() >= POLICIES_MAX {
            policies.clear();
        }
        policies.insert(name.to_owned(), (text.clone(), Arc::clone(&policy)));
        Ok(Some(policy))
    }

    /// Changes a bucket's record.
    async fn change_bucket(
        &self,
        name: &str,
        change: impl Fn(&mut Bucket) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<(), Error> {
        let name = name.to_owned();
        self.write(move |tx| {
            let mut bucket = versions::require_bucket(tx, &name)?;
            change(&mut bucket)?;
            Ok(BUCKETS.insert(tx, &(name.clone(),), &bucket)?)
        })
        .await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&ReadTx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.store.read(work).await
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut WriteTx<'_>) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Result<T, Error> {
        self.store.write(work).await
    }
}

#[cfg(test)]
mod tests;
