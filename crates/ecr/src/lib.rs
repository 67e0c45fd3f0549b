//! The Elastic Container Registry: its API, and the registry protocol of container images on the same port.
//!
//! [`Ecr`] holds repositories in a store of its own, and layers as blobs by their content, which repositories share. An upload's parts
//! are blobs, too, until the layer is whole and its digest is what was said. [`Ecr`] also speaks the protocol under `/v2/` with
//! whoever shows a password of `GetAuthorizationToken`, with the rights of who asked for it.
//!
//! Whoever makes an [`Ecr`] lets [`Ecr::run`] run, which applies lifecycle policies and removes what nobody uses any more, and tells it
//! through [`Ecr::connect`] how to find out who a password belongs to.
//!
//! Invariants: an image's layers are all there; a blob is there as long as a layer or an upload has it, and goes afterwards; nothing is
//! stored under a digest that is not its own; every request of the protocol is authorized as the operation of the API that it is.
//!
//! The crate deliberately does not know what runs images.

mod access;
mod errors;
mod images;
mod lifecycle;
mod names;
mod ops;
mod registry;
mod settings;
mod sweep;
mod tables;
mod tags;
#[cfg(test)]
mod tests;
mod token;
mod uploads;

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use tokio::sync::{Notify, RwLock};
use weft_service::{Clock, Dispatch, Error, ServiceBuilder};
use weft_store::{Blobs, ReadTx, Store, WriteTx};

use crate::token::Signer;

/// Settings of [`Ecr`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcrOptions {
    /// How long a layer stays that no manifest has, so that one that is being pushed does not lose its layers. Default one hour.
    pub unused_kept: Duration,
    /// How long an upload may take. Default 24 hours.
    pub uploads_kept: Duration,
    /// Repositories that an account may have in a region. Default 100,000, which is AWS's quota.
    pub repositories_max: usize,
}

impl Default for EcrOptions {
    fn default() -> Self {
        Self {
            unused_kept: Duration::from_hours(1),
            uploads_kept: Duration::from_hours(24),
            repositories_max: 100_000,
        }
    }
}

/// The service's state.
pub struct Ecr {
    store: Store,
    blobs: Blobs,
    clock: Arc<dyn Clock>,
    options: EcrOptions,
    signer: Signer,
    /// Held for reading from when bytes are stored until they are counted, for writing while uncounted ones are removed.
    gate: RwLock<()>,
    /// Told when there may be something to be removed.
    garbage: Notify,
    dispatch: OnceLock<Weak<Dispatch>>,
}

impl Ecr {
    /// Opens the service on a store and blobs that nothing else uses.
    pub async fn open(
        store: Store,
        blobs: Blobs,
        clock: Arc<dyn Clock>,
        options: EcrOptions,
    ) -> Result<Arc<Self>, Error> {
        let signer = store.write(Signer::load_or_make).await?;
        let (gate, garbage, dispatch) = (RwLock::default(), Notify::default(), OnceLock::new());
        Ok(Arc::new(Self { store, blobs, clock, options, signer, gate, garbage, dispatch }))
    }

    /// Says who finds out whom a password belongs to.
    pub fn connect(&self, dispatch: &Arc<Dispatch>) {
        let _ = self.dispatch.set(Arc::downgrade(dispatch));
    }

    /// The operations.
    pub fn register(self: &Arc<Self>) -> ServiceBuilder {
        ops::register(self)
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
