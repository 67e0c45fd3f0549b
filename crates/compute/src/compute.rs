//! The state behind the operations, and what the rest of the platform asks of it.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use weft_model::weft as model;
use weft_routing::Routes;
use weft_service::workload::{
    Artifact, Artifacts, BUILDS_BUCKET, Revision, Revisions, Scale, Workers, WorkloadId, WorkloadKind,
};
use weft_service::{BoxFuture, Clock, Error, FunctionCounts, Tags};
use weft_store::{Blobs, ReadTx, Store, StoreError, Trees, WriteTx};
use weft_types::{AccountId, AppName, Region, Timestamp, WorkloadName};

use crate::builds::{BuildLimits, BuildRunner, Builds};
use crate::counts;
use crate::index::{App, Index, Service, revision};
use crate::platform::Platform;
use crate::records::{
    APPS, FUNCTIONS, FunctionRecord, Place, ROUTES, RevisionRecord, RouteRecord, SERVICES, ServiceRecord,
};
use crate::rollout::{Checks, changed};

/// What the API is made of.
#[derive(Clone)]
pub struct Seams {
    /// Where records are kept; an environment of its own.
    pub store: Store,
    /// Where uploaded sources are kept.
    pub blobs: Blobs,
    /// Where built code is kept.
    pub trees: Trees,
    /// Who runs code.
    pub workers: Arc<dyn Workers>,
    /// Who runs builds.
    pub runner: Arc<dyn BuildRunner>,
    /// What is told of the platform.
    pub platform: Arc<dyn Platform>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// How much of everything there may be.
#[derive(Debug, Clone)]
pub struct Options {
    /// Apps of one account and region. Default 1,000.
    pub apps_max: usize,
    /// Services of one app, and functions of one app. Default 500 each.
    pub workloads_max: usize,
    /// Routes of one app. Default 1,000.
    pub routes_max: usize,
    /// Revisions that a service keeps for a rollback, the current one included. Default 10.
    pub revisions_max: usize,
    /// Bytes of one uploaded source. Default 256 MiB.
    pub blob_bytes_max: usize,
    /// Bounds on builds.
    pub builds: BuildLimits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            apps_max: 1000,
            workloads_max: 500,
            routes_max: 1000,
            revisions_max: 10,
            blob_bytes_max: 256 << 20,
            builds: BuildLimits::default(),
        }
    }
}

/// Weft's own API. Cheap to clone.
#[derive(Clone)]
pub struct Compute {
    shared: Arc<Shared>,
}

struct Shared {
    seams: Seams,
    options: Options,
    index: ArcSwap<Index>,
    routes: Arc<ArcSwap<Routes<WorkloadId>>>,
    /// Held while an app is read anew, so that the newest state is the one that stays.
    reading: tokio::sync::Mutex<()>,
    builds: Builds,
    checks: Checks,
    functions: OnceLock<(Arc<dyn Revisions>, Arc<dyn FunctionPlaces>)>,
}

impl Compute {
    /// Reads what is deployed. Call [`Compute::keep_warm`] once everything that workers need is there.
    pub async fn open(seams: Seams, options: Options) -> Result<Self, Error> {
        let builds = Builds::new(&seams, options.builds.clone());
        let shared = Shared {
            index: ArcSwap::default(),
            routes: Arc::default(),
            reading: tokio::sync::Mutex::default(),
            functions: OnceLock::new(),
            checks: Checks::default(),
            builds,
            seams,
            options,
        };
        let compute = Self { shared: Arc::new(shared) };
        let places = compute.read(|tx| APPS.query(&()).rows(tx)).await?;
        let mut index = Index::default();
        for (key, _) in places {
            let Some(place) = place_of(&key) else { continue };
            let app = compute.load(&place).await?;
            index.replace(&place, app);
        }
        compute.publish(index);
        Ok(compute)
    }

    /// Says who has the functions' revisions, and is told how functions belong to apps: Lambda. Until then functions are not
    /// found. What is deployed is told at once.
    pub fn connect_functions(&self, functions: Arc<dyn Revisions>, places: Arc<dyn FunctionPlaces>) {
        for app in self.index().apps() {
            app.functions.values().for_each(|function| place_function(&*places, &app.place, function));
        }
        let _ = self.shared.functions.set((functions, places));
    }

    /// Who knows the functions, once that is said.
    pub(crate) fn function_places(&self) -> Option<&dyn FunctionPlaces> {
        self.shared.functions.get().map(|(_, places)| &**places)
    }

    /// What ran of a function and runs, where that is counted.
    pub(crate) fn function_metrics(
        &self,
        place: &Place,
        function: &FunctionRecord,
    ) -> Option<model::FunctionMetrics> {
        let counts = self.function_places()?.counts(place.account, &place.region, &function.function_name)?;
        Some(counts::describe(counts))
    }

    /// Starts the workers that services want to keep even when idle, and finds out whether the revisions can serve of which
    /// that was not known when the last process ended.
    pub fn keep_warm(&self) {
        let index = self.index();
        for app in index.apps() {
            app.services.values().for_each(|service| self.warm(service));
            self.follow_checks(&app.place, Some(app), &[]);
        }
    }

    /// The table by which requests find workloads. It follows what is deployed.
    pub fn routes(&self) -> Arc<ArcSwap<Routes<WorkloadId>>> {
        Arc::clone(&self.shared.routes)
    }

    /// The workload that `caller` means by `name`: one of its own account, region and app.
    pub fn find(&self, caller: &WorkloadId, name: &str) -> Option<WorkloadId> {
        let index = self.index();
        let place = match &caller.app {
            Some(app) => Place { account: caller.account, region: caller.region.clone(), app: app.clone() },
            None => index.function(caller.account, &caller.region, &caller.name)?.0.clone(),
        };
        index.app(&place)?.workload(&WorkloadName::parse(name).ok()?)
    }

    /// Removes builds and sources that nothing uses and that are older than a week. To be called now and then.
    pub async fn sweep(&self, now: Timestamp) -> Result<(), Error> {
        let mut used: BTreeSet<String> = self.index().apps().flat_map(|app| app.builds()).collect();
        if let Some((_, places)) = self.shared.functions.get() {
            used.extend(places.builds().await?);
        }
        self.shared.builds.sweep(used, now).await
    }

    pub(crate) fn seams(&self) -> &Seams {
        &self.shared.seams
    }

    pub(crate) fn options(&self) -> &Options {
        &self.shared.options
    }

    pub(crate) fn builds(&self) -> &Builds {
        &self.shared.builds
    }

    pub(crate) fn checks(&self) -> &Checks {
        &self.shared.checks
    }

    pub(crate) fn index(&self) -> Arc<Index> {
        self.shared.index.load_full()
    }

    /// An app, or that there is none.
    pub(crate) fn app(&self, place: &Place) -> Result<Arc<App>, Error> {
        self.index().app(place).cloned().ok_or_else(|| crate::errors::app_not_found(&place.app))
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&ReadTx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Error> {
        self.shared.seams.store.read(work).await.map_err(Error::from)
    }

    /// Changes an app's records, and makes the change seen. Goes on to its end even when the caller goes away, so that what
    /// is in memory is always what is stored.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        place: &Place,
        work: impl Fn(&mut WriteTx<'_>) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Result<T, Error> {
        let (compute, place) = (self.clone(), place.clone());
        let task = tokio::spawn(async move {
            let value = compute.shared.seams.store.write(work).await?;
            compute.reload(&place).await?;
            Ok(value)
        });
        task.await.map_err(Error::internal)?
    }

    async fn reload(&self, place: &Place) -> Result<(), Error> {
        let _reading = self.shared.reading.lock().await;
        let app = self.load(place).await?;
        let old = self.index();
        let mut index = Index::clone(&old);
        index.replace(place, app);
        let changed = changed(place, &old, &index);
        self.place_functions(place, &old, &index);
        self.publish(index);
        for (workload, revision) in &changed {
            self.shared.seams.workers.retire(workload, revision.as_ref().map(|revision| &*revision.id));
            if let Some(revision) = revision.as_ref().filter(|revision| revision.scale.min > 0) {
                self.shared.seams.workers.keep_warm(Arc::clone(revision));
            }
        }
        let gone = changed.iter().filter(|(_, revision)| revision.is_none());
        let gone: Vec<_> =
            gone.filter_map(|(workload, _)| WorkloadName::parse(&workload.name).ok()).collect();
        self.follow_checks(place, self.index().app(place).map(|app| &**app), &gone);
        Ok(())
    }

    async fn load(&self, place: &Place) -> Result<Option<App>, Error> {
        let key = place.key();
        let rows = self.read(move |tx| {
            let Some(record) = APPS.get(tx, &key)? else { return Ok(None) };
            Ok(Some((
                record,
                SERVICES.query(&key).rows(tx)?,
                FUNCTIONS.query(&key).rows(tx)?,
                ROUTES.query(&key).rows(tx)?,
            )))
        });
        let Some((record, services, functions, routes)) = rows.await? else { return Ok(None) };
        let name = |key: &crate::records::NameKey| WorkloadName::parse(&key.3).ok();
        let service = |(key, record): (_, ServiceRecord)| {
            let name = name(&key)?;
            let service = self.service(place, &name, record);
            Some((name, service))
        };
        let function = |(key, record): (_, FunctionRecord)| Some((name(&key)?, record));
        let route = |(key, record): (crate::records::NameKey, RouteRecord)| (key.3, record);
        Ok(Some(App {
            place: place.clone(),
            record,
            services: services.into_iter().filter_map(service).collect(),
            functions: functions.into_iter().filter_map(function).collect(),
            routes: routes.into_iter().map(route).collect(),
        }))
    }

    fn service(&self, place: &Place, name: &WorkloadName, record: ServiceRecord) -> Service {
        let run = |wanted: &RevisionRecord| {
            let code = self.shared.builds.tree(&wanted.build)?;
            Some(Arc::new(revision(place, name, &record, wanted, code)))
        };
        let (current, pending) = (record.current().and_then(run), record.pending().and_then(run));
        if current.is_none() {
            tracing::error!(
                app = place.app.as_str(),
                service = name.as_str(),
                "the code of a service is gone"
            );
        }
        Service { record, revision: current, pending }
    }

    fn publish(&self, index: Index) {
        let (routes, problems) = index.routes();
        for problem in problems {
            tracing::debug!(%problem, "a route does not count");
        }
        self.shared.index.store(Arc::new(index));
        self.shared.routes.store(Arc::new(routes));
    }

    fn warm(&self, service: &Service) {
        if let Some(revision) = service.revision.as_ref().filter(|revision| revision.scale.min > 0) {
            self.shared.seams.workers.keep_warm(Arc::clone(revision));
        }
    }

    /// Tells Lambda which functions of an app are new, changed or gone.
    fn place_functions(&self, place: &Place, old: &Index, new: &Index) {
        let Some(places) = self.function_places() else { return };
        let functions = |index: &Index| index.app(place).map(|app| app.functions.clone()).unwrap_or_default();
        let (before, after) = (functions(old), functions(new));
        for function in before.values() {
            if !after.values().any(|now| now.function_name == function.function_name) {
                places.place(place.account, &place.region, &function.function_name, None);
            }
        }
        for function in after.values() {
            place_function(places, place, function);
        }
    }
}

/// Told how Lambda functions belong to apps and scale there. The node connects it to Lambda.
pub trait FunctionPlaces: Send + Sync + 'static {
    /// A function is part of an app and scales as it says, or of none (any more). Told again without a change, too.
    fn place(
        &self,
        account: AccountId,
        region: &Region,
        function_name: &str,
        place: Option<(AppName, Scale)>,
    );

    /// The builds that functions refer to, in an app or not, of all accounts.
    fn builds(&self) -> BoxFuture<'_, Result<BTreeSet<String>, Error>>;

    /// What ran of a function since the start of the process, and runs, where that is counted.
    fn counts(&self, _: AccountId, _: &Region, _function_name: &str) -> Option<FunctionCounts> {
        None
    }

    /// The tags of a function; none where it is not there.
    fn tags<'a>(
        &'a self,
        account: AccountId,
        region: &'a Region,
        function_name: &'a str,
    ) -> BoxFuture<'a, Result<Arc<Tags>, Error>>;
}

fn place_function(places: &dyn FunctionPlaces, place: &Place, function: &FunctionRecord) {
    let app = (place.app.clone(), Scale::from(function.scale));
    places.place(place.account, &place.region, &function.function_name, Some(app));
}

fn place_of(key: &crate::records::AppKey) -> Option<Place> {
    Some(Place {
        account: weft_types::AccountId::parse(&format!("{:012}", key.0)).ok()?,
        region: weft_types::Region::parse(&key.1).ok()?,
        app: AppName::parse(&key.2).ok()?,
    })
}

impl Revisions for Compute {
    fn current<'a>(
        &'a self,
        workload: &'a WorkloadId,
    ) -> BoxFuture<'a, Result<Option<Arc<Revision>>, Error>> {
        Box::pin(async move {
            if workload.kind == WorkloadKind::Function {
                return match self.shared.functions.get() {
                    Some((functions, _)) => functions.current(workload).await,
                    None => Ok(None),
                };
            }
            let Some(app) = &workload.app else { return Ok(None) };
            let place =
                Place { account: workload.account, region: workload.region.clone(), app: app.clone() };
            let Ok(name) = WorkloadName::parse(&workload.name) else { return Ok(None) };
            let index = self.shared.index.load();
            let service = index.app(&place).and_then(|app| app.services.get(&name));
            match service {
                None => Ok(None),
                Some(Service { revision: Some(revision), .. }) => Ok(Some(Arc::clone(revision))),
                Some(_) => {
                    Err(Error::internal(format!("the code of {app}/{name} is gone from the data folder")))
                }
            }
        })
    }
}

impl Artifacts for Compute {
    fn find<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<Artifact, Error>> {
        Box::pin(async move {
            if bucket != BUILDS_BUCKET {
                let message = format!("The bucket `{bucket}` does not exist.");
                return Err(Error::new("NoSuchBucket", message).with_status(404));
            }
            self.shared.builds.artifact(key).await
        })
    }
}
