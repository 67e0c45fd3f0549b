//! What is deployed, in memory: read on every request without a lock, replaced app by app.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use weft_routing::{Exposed, HostPattern, Route, Routes};
use weft_service::workload::{Contract, HttpContract, Revision, WorkerLimits, WorkloadId, WorkloadKind};
use weft_types::{AccountId, Region, WorkloadName};

use crate::records::{
    AppRecord, FunctionRecord, Place, RevisionRecord, RouteRecord, ScaleRecord, ServiceRecord,
};

/// Everything that is deployed. Cheap to clone: the maps are persistent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    apps: imbl::OrdMap<Place, Arc<App>>,
    /// The app and the name of each Lambda function that is in an app's directory.
    functions: imbl::HashMap<(AccountId, Region, String), (Place, WorkloadName)>,
}

/// One app.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) place: Place,
    pub(crate) record: AppRecord,
    pub(crate) services: BTreeMap<WorkloadName, Service>,
    pub(crate) functions: BTreeMap<WorkloadName, FunctionRecord>,
    pub(crate) routes: BTreeMap<String, RouteRecord>,
}

/// One service and the revision that takes its traffic.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) record: ServiceRecord,
    pub(crate) revision: Option<Arc<Revision>>,
    /// The revision of which it is being found out whether it can serve, which may be the same.
    pub(crate) pending: Option<Arc<Revision>>,
}

impl Index {
    /// Replaces an app, or takes it out where there is none any more.
    pub(crate) fn replace(&mut self, place: &Place, app: Option<App>) {
        if let Some(old) = self.apps.remove(place) {
            for function in old.functions.values() {
                self.functions.remove(&function_key(place, &function.function_name));
            }
        }
        if let Some(app) = app {
            for (name, function) in &app.functions {
                let key = function_key(place, &function.function_name);
                self.functions.insert(key, (place.clone(), name.clone()));
            }
            self.apps.insert(place.clone(), Arc::new(app));
        }
    }

    pub(crate) fn app(&self, place: &Place) -> Option<&Arc<App>> {
        self.apps.get(place)
    }

    /// All apps, by account, region and name.
    pub(crate) fn apps(&self) -> impl Iterator<Item = &Arc<App>> {
        self.apps.values()
    }

    /// The apps of an account and region, by name.
    pub(crate) fn apps_of<'a>(
        &'a self,
        account: AccountId,
        region: &'a Region,
    ) -> impl Iterator<Item = &'a Arc<App>> {
        self.apps.values().filter(move |app| app.place.account == account && app.place.region == *region)
    }

    /// The app that a Lambda function belongs to, its name there, and its scale.
    pub(crate) fn function(
        &self,
        account: AccountId,
        region: &Region,
        function_name: &str,
    ) -> Option<(&Place, &WorkloadName, ScaleRecord)> {
        let (place, name) = self.functions.get(&(account, region.clone(), function_name.to_owned()))?;
        let record = self.apps.get(place)?.functions.get(name)?;
        Some((place, name, record.scale))
    }

    /// Whether a route without a host is the one that answers on hosts which nothing claims: the oldest of its path.
    pub(crate) fn is_oldest_claim(&self, route: &RouteRecord) -> bool {
        let rivals = self.apps().flat_map(|app| app.routes.values());
        !rivals
            .filter(|rival| rival.host.is_none() && rival.path == route.path)
            .any(|rival| rival.claimed < route.claimed)
    }

    /// The table by which requests find workloads, and what of it does not count.
    pub(crate) fn routes(&self) -> (Routes<WorkloadId>, Vec<weft_routing::Problem>) {
        let exposed = self.apps().flat_map(|app| app.exposed()).collect();
        let routes = self.apps().flat_map(|app| app.claims()).collect();
        Routes::build(exposed, routes)
    }
}

fn function_key(place: &Place, function_name: &str) -> (AccountId, Region, String) {
    (place.account, place.region.clone(), function_name.to_owned())
}

impl App {
    /// A workload of the app, by its name.
    pub(crate) fn workload(&self, name: &WorkloadName) -> Option<WorkloadId> {
        if self.services.contains_key(name) {
            return Some(self.place.service(name));
        }
        self.functions.get(name).map(|function| self.place.function(&function.function_name))
    }

    fn exposed(&self) -> impl Iterator<Item = Exposed<WorkloadId>> {
        let names = self.services.keys().chain(self.functions.keys());
        names.filter_map(|name| {
            let target = self.workload(name)?;
            let app = self.place.app.clone();
            Some(Exposed { app, workload: name.clone(), auth: weft_routing::Auth::Unsaid, target })
        })
    }

    fn claims(&self) -> impl Iterator<Item = Route<WorkloadId>> {
        self.routes.values().filter_map(|route| {
            Some(Route {
                app: self.place.app.clone(),
                workload: route.target.clone(),
                host: HostPattern::parse(route.host.as_deref()).ok()?,
                path: route.path.clone(),
                methods: Vec::new(),
                auth: route.auth.into(),
                strip_prefix: route.strip,
                claimed: route.claimed,
                target: self.workload(&route.target)?,
            })
        })
    }
}

impl Place {
    /// The identity of a service.
    pub(crate) fn service(&self, name: &WorkloadName) -> WorkloadId {
        self.workload(name.as_str(), WorkloadKind::Service)
    }

    /// The identity of a function, whose name is Lambda's.
    pub(crate) fn function(&self, function_name: &str) -> WorkloadId {
        self.workload(function_name, WorkloadKind::Function)
    }

    fn workload(&self, name: &str, kind: WorkloadKind) -> WorkloadId {
        let (account, region, app) = (self.account, self.region.clone(), Some(self.app.clone()));
        WorkloadId { account, region, app, name: Arc::from(name), kind }
    }

    /// The log group of a service.
    pub(crate) fn log_group(&self, name: &WorkloadName) -> String {
        format!("/weft/{}/{name}", self.app)
    }
}

/// The id of a service's revision: `r3-k2j4h5g6x7`.
pub(crate) fn revision_id(service: &ServiceRecord, revision: &RevisionRecord) -> String {
    format!("r{}-{}", revision.number, service.uid)
}

/// A revision of a service, as the runtime runs it, its code being in `code`.
pub(crate) fn revision(
    place: &Place,
    name: &WorkloadName,
    service: &ServiceRecord,
    record: &RevisionRecord,
    code: PathBuf,
) -> Revision {
    let settings = &record.settings;
    let seconds = |seconds| Duration::from_secs(u64::from(seconds));
    Revision {
        id: format!(
            "{}/{}/{}/{name}/{}",
            place.account,
            place.region,
            place.app,
            revision_id(service, record)
        )
        .into(),
        workload: place.service(name),
        contract: Contract::Http(HttpContract {
            command: settings.command.clone(),
            health_path: settings.health_path.clone(),
            start_timeout: seconds(settings.start_timeout_seconds),
            request_timeout: seconds(settings.timeout_seconds),
            grace: seconds(settings.grace_seconds),
        }),
        code,
        mounts: Vec::new(),
        interpreter: settings.interpreter.clone(),
        environment: settings.environment.clone(),
        role: settings.role.clone(),
        scale: settings.scale.into(),
        limits: WorkerLimits {
            memory_mib: settings.memory_mib,
            processes: settings.processes,
            cpu_millis: settings.cpu_millis,
            tmp_mib: settings.tmp_mib,
        },
        log_group: place.log_group(name),
    }
}

impl App {
    /// The builds that the app's services could run, kept revisions included, and its functions were made from.
    pub(crate) fn builds(&self) -> impl Iterator<Item = String> {
        let services = self.services.values().flat_map(|service| service.record.newest_first());
        let functions = self.functions.values().filter_map(|function| function.build.clone());
        services.map(|revision| revision.build.clone()).chain(functions)
    }
}
