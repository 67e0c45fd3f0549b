//! CloudFormation: stacks, change sets, and the engine that carries out their plans.
//!
//! A template is read, bound to its parameters, expanded and checked by `weft-template`, which also computes the plan; nothing
//! is changed before all of it fits. [`Cloudformation`] stores the plan with the operation in one transaction, then carries it
//! out: each step is noted before it is taken, calls other services' operations with the deployer's rights and a token of its own,
//! and is noted again with what it made. After a crash [`Cloudformation::resume`] goes on where the notes end: a step that began
//! is taken again, and finds by its token what it made.
//!
//! Invariants: one operation of a stack at a time; a stack whose operation ended is complete, rolled back or names what failed;
//! what a step made is in the stack's records or deleted; no transaction spans services; work in memory is bounded by the number of
//! operations at a time and by the size of a template.
//!
//! The crate deliberately does not know any other service's code: a handler per resource type calls their operations.

mod begin;
mod change_sets;
mod convert;
mod engine;
mod errors;
mod going_back;
mod handlers;
mod known;
mod names;
mod ops;
mod prepare;
mod request;
mod responses;
mod shown;
mod stack_policy;
mod status;
mod tables;
mod task;
mod url;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use tokio::sync::{Semaphore, watch};
use weft_service::{Clock, Dispatch, Error, Objects, Registry, ServiceBuilder};
use weft_store::{Store, StoreError};

use crate::handlers::Handlers;
use crate::tables::{OPERATIONS, STACKS, StackKey};

/// Settings of [`Cloudformation`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Operations of stacks that run at a time; further ones wait. Default 32.
    pub operations_max: usize,
    /// Steps of one operation that run at a time. Default 24.
    pub steps_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { operations_max: 32, steps_max: 24 }
    }
}

/// The service's state.
pub struct Cloudformation {
    store: Store,
    clock: Arc<dyn Clock>,
    options: Options,
    handlers: Handlers,
    dispatch: OnceLock<Weak<Dispatch>>,
    objects: OnceLock<Arc<dyn Objects>>,
    /// With what the addresses for answers of custom resources are signed, once it is known.
    response_secret: OnceLock<responses::Secret>,
    port: AtomicU16,
    /// Operations that run here, with a flag that asks each to end.
    running: Mutex<HashMap<StackKey, Arc<AtomicBool>>>,
    places: Arc<Semaphore>,
    /// Rises with every change of a stack's state.
    changed: watch::Sender<u64>,
    this: Weak<Self>,
}

impl Cloudformation {
    /// The service on a store that nothing else uses.
    pub fn new(store: Store, clock: Arc<dyn Clock>, options: Options) -> Arc<Self> {
        let places = Arc::new(Semaphore::new(options.operations_max));
        Arc::new_cyclic(|this| Self {
            store,
            clock,
            options,
            handlers: Handlers::all(),
            dispatch: OnceLock::new(),
            objects: OnceLock::new(),
            response_secret: OnceLock::new(),
            port: AtomicU16::new(4566),
            running: Mutex::default(),
            places,
            changed: watch::Sender::new(0),
            this: this.clone(),
        })
    }

    /// The operations.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        registry.add(ops::all(ServiceBuilder::new(&weft_model::cloudformation::SERVICE), self));
    }

    /// Says how operations of other services are called, and how objects are read.
    pub fn connect(&self, dispatch: &Arc<Dispatch>, objects: Option<Arc<dyn Objects>>) {
        let _ = self.dispatch.set(Arc::downgrade(dispatch));
        if let Some(objects) = objects {
            let _ = self.objects.set(objects);
        }
    }

    /// Says on which port Weft listens, which `AWS::URLSuffix` has. 4566 until then.
    pub fn set_port(&self, port: u16) {
        self.port.store(port, Ordering::Relaxed);
    }

    /// Goes on with the operations that the last process did not finish. To be called once, after [`Self::connect`].
    pub async fn resume(&self) -> Result<usize, StoreError> {
        let work = |tx: &weft_store::ReadTx<'_>| {
            let begun = OPERATIONS.query(&()).rows(tx)?;
            let begun: Vec<String> = begun.into_iter().map(|((unique,), _)| unique).collect();
            let stacks = STACKS.query(&()).rows(tx)?;
            let keys = stacks.into_iter().map(|(key, _)| key).filter(|(_, _, unique)| begun.contains(unique));
            Ok::<_, StoreError>(keys.collect::<Vec<_>>())
        };
        let keys = self.store.read(work).await?;
        let count = keys.len();
        for key in keys {
            self.start(key);
        }
        Ok(count)
    }

    /// Carries out the operation that is stored for a stack, in the background.
    pub(crate) fn start(&self, key: StackKey) {
        let Some(this) = self.this.upgrade() else { return };
        let stop = Arc::new(AtomicBool::new(false));
        {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            if running.contains_key(&key) {
                return;
            }
            running.insert(key.clone(), Arc::clone(&stop));
        }
        tokio::spawn(async move {
            // A nested stack's operation is a step of one that has a place; if it waited for another, none might ever be free.
            let place = (!this.is_nested(&key).await).then(|| Arc::clone(&this.places).acquire_owned());
            let _place = match place {
                Some(place) => place.await.ok(),
                None => None,
            };
            engine::drive(&this, &key, &stop).await;
            this.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
            this.tell();
        });
    }

    async fn is_nested(&self, key: &StackKey) -> bool {
        let key = key.clone();
        let found = self.store.read(move |tx| STACKS.get(tx, &key)).await;
        found.is_ok_and(|stack| stack.is_some_and(|stack| stack.parent.is_some()))
    }

    /// Asks the operation of a stack to end, where one runs.
    pub(crate) fn ask_to_end(&self, key: &StackKey) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stop) = running.get(key) {
            stop.store(true, Ordering::Relaxed);
        }
        drop(running);
        self.tell();
    }

    /// Tells those who wait that a stack changed.
    pub(crate) fn tell(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    /// Sees changes of stacks.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    pub(crate) fn dispatch(&self) -> Result<Arc<Dispatch>, Error> {
        let dispatch = self.dispatch.get().and_then(Weak::upgrade);
        dispatch.ok_or_else(|| Error::internal("the server is starting or ending"))
    }

    pub(crate) fn objects(&self) -> Result<&Arc<dyn Objects>, Error> {
        self.objects.get().ok_or_else(|| {
            Error::new("NotImplemented", "Templates cannot be read from S3 here.").with_status(501)
        })
    }

    pub(crate) fn url_suffix(&self) -> String {
        format!("localhost:{}", self.port.load(Ordering::Relaxed))
    }
}
