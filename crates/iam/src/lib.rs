//! IAM users, groups, keys, roles, instance profiles and policies, and STS.
//!
//! [`Iam`] holds both services' state: records in a store of its own, and a cache from which authentication and
//! authorization are answered. It is [`Identities`](weft_service::Identities) for dispatch and
//! [`RoleCredentials`](weft_service::workload::RoleCredentials) for workers.
//!
//! Temporary keys are self-contained: the session token holds who it is for, until when and with which session policies,
//! sealed with a key that only the store has, and the secret is derived from the key's id. So they survive a restart,
//! and starting a worker writes nothing. What a session may do is read from its role at each request: a changed role
//! changes what its sessions may do at once, and a deleted one leaves them nothing.
//!
//! Invariants: documents are checked before they are stored; a name is unique whatever its case; a write is seen by
//! the next authentication. What AWS has and this has not, such as MFA, login profiles and identity providers, is listed by
//! operation in `unsupported.txt`; a member that would need it is refused.
//!
//! The crate deliberately does not know HTTP, nor which actions other services have.

mod accounts;
mod assume;
mod bootstrap;
mod boundaries;
mod cache;
mod deletions;
mod details;
mod documents;
mod entity;
mod errors;
mod holders;
mod identities;
mod ids;
mod last_used;
mod linked;
mod managed;
mod members;
mod named;
mod ops;
mod page;
mod policies;
mod principals;
mod records;
mod roles;
mod seal;
mod session_tags;
mod simulation;
mod tags;
mod uses;

use std::sync::Arc;

use tokio::sync::Semaphore;
use weft_model::{iam, sts};
use weft_service::{Clock, Error, Registry};
use weft_store::{Store, WriteTx};

pub use bootstrap::AdminKey;

use crate::cache::Cache;
use crate::last_used::LastUses;
use crate::seal::Seal;

/// The state of IAM and STS. Opened once; cheap to share.
pub struct Iam {
    store: Store,
    cache: Cache,
    seal: Seal,
    clock: Arc<dyn Clock>,
    simulations: Arc<Semaphore>,
    last_uses: Arc<LastUses>,
}

impl Iam {
    /// Opens IAM on a store of its own. Makes the key that seals sessions at the first start.
    pub async fn open(store: Store, clock: Arc<dyn Clock>) -> Result<Arc<Self>, Error> {
        let key = store.write(seal::load_or_make).await?;
        let cache = Cache::new(store.changes());
        let (simulations, last_uses) = (simulation::turns(), LastUses::new(store.clone()));
        Ok(Arc::new(Self { store, cache, seal: Seal::new(key), clock, simulations, last_uses }))
    }

    /// Writes when roles were last used, where that is known in memory alone. For a clean stop: the next start then knows it.
    pub async fn write_last_uses(&self) -> Result<(), Error> {
        self.last_uses.write_all().await
    }

    /// Adds the operations of IAM and STS to a registry.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        registry.add(ops::iam(self, weft_service::ServiceBuilder::new(&iam::SERVICE)));
        registry.add(ops::sts(self, weft_service::ServiceBuilder::new(&sts::SERVICE)));
    }

    /// Runs a transaction that changes something. What was cached is forgotten before this returns, also when the
    /// caller goes away meanwhile.
    async fn write<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&mut WriteTx<'_>) -> Result<T, Error> + Send + Sync + 'static,
    {
        let _forget = self.cache.forget_when_dropped();
        self.store.write(work).await
    }

    /// Runs a closure on one view.
    async fn read<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&weft_store::ReadTx<'_>) -> Result<T, Error> + Send + 'static,
    {
        self.store.read(work).await
    }
}
