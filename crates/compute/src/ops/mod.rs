//! The operations, one per file.

use std::sync::Arc;

use weft_model::weft as model;
use weft_service::{Access, Error, Scope, ServiceBuilder};
use weft_types::{AppName, WorkloadName};

use crate::Compute;
use crate::errors::{conflict, validation};
use crate::index::{App, revision_id};
use crate::records::{
    FUNCTIONS, FunctionRecord, Place, ROUTES, RevisionRecord, RouteAuth, RouteRecord, SERVICES, ServiceRecord,
};
use crate::rollout::RevisionState;
use crate::settings;

mod create_app;
mod create_build;
mod create_route;
mod create_service;
mod delete_app;
mod delete_function;
mod delete_route;
mod delete_service;
mod describe_app;
mod describe_build;
mod describe_decision;
mod describe_function;
mod describe_platform;
mod describe_service;
mod find_missing_blobs;
mod list_apps;
mod list_functions;
mod list_routes;
mod list_services;
mod list_workers;
mod put_blob;
mod put_function;
mod role;
mod rollback_service;
mod shown;
mod update_route;
mod update_service;

/// The principal that assumes services' roles.
pub(crate) const SERVICE_PRINCIPAL: &str = "compute.weft.localhost";

impl Compute {
    /// All operations, for the registry.
    pub fn operations(&self) -> ServiceBuilder {
        let compute = Arc::new(self.clone());
        ServiceBuilder::new(&model::SERVICE)
            .tags(Arc::<Compute>::clone(&compute))
            .operation::<create_app::CreateApp>(&compute)
            .operation::<create_build::CreateBuild>(&compute)
            .operation::<create_route::CreateRoute>(&compute)
            .operation::<create_service::CreateService>(&compute)
            .operation::<delete_app::DeleteApp>(&compute)
            .operation::<delete_function::DeleteFunction>(&compute)
            .operation::<delete_route::DeleteRoute>(&compute)
            .operation::<delete_service::DeleteService>(&compute)
            .operation::<describe_app::DescribeApp>(&compute)
            .operation::<describe_build::DescribeBuild>(&compute)
            .operation::<describe_decision::DescribeDecision>(&compute)
            .operation::<describe_function::DescribeFunction>(&compute)
            .operation::<describe_platform::DescribePlatform>(&compute)
            .operation::<describe_service::DescribeService>(&compute)
            .operation::<find_missing_blobs::FindMissingBlobs>(&compute)
            .operation::<list_apps::ListApps>(&compute)
            .operation::<list_functions::ListFunctions>(&compute)
            .operation::<list_routes::ListRoutes>(&compute)
            .operation::<list_services::ListServices>(&compute)
            .operation::<list_workers::ListWorkers>(&compute)
            .operation::<put_blob::PutBlob>(&compute)
            .operation::<put_function::PutFunction>(&compute)
            .operation::<rollback_service::RollbackService>(&compute)
            .operation::<update_route::UpdateRoute>(&compute)
            .operation::<update_service::UpdateService>(&compute)
    }
}

/// An app and the name of something in it.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub(crate) place: Place,
    pub(crate) name: WorkloadName,
}

impl Named {
    fn parse(scope: &Scope, app: &str, name: &str) -> Result<Self, Error> {
        let name = WorkloadName::parse(name).map_err(|error| validation(error.to_string()))?;
        Ok(Self { place: place(scope, app)?, name })
    }

    fn access(&self, action: &'static str, kind: &str) -> Access {
        Access::to(action, self.place.arn_of(kind, self.name.as_str()).to_string())
    }
}

fn place(scope: &Scope, app: &str) -> Result<Place, Error> {
    let app = AppName::parse(app).map_err(|error| validation(error.to_string()))?;
    Ok(Place::new(scope, &app))
}

/// One page of a sorted list.
#[derive(Debug)]
pub(crate) struct Page {
    size: usize,
    after: Option<String>,
}

impl Page {
    fn parse(max_results: Option<i32>, next_token: Option<String>) -> Result<Self, Error> {
        let wrong = || validation("`nextToken` is not one that this operation gave.");
        let size = max_results.and_then(|n| usize::try_from(n).ok()).unwrap_or(100).clamp(1, 1000);
        let after = next_token.map(|token| token.strip_prefix("after:").map(str::to_owned).ok_or_else(wrong));
        Ok(Self { size, after: after.transpose()? })
    }

    /// Whether it is the first.
    fn is_first(&self) -> bool {
        self.after.is_none()
    }

    /// The page's items, and the token of the next one where there is more. `items` come sorted by their names.
    fn take<T>(&self, items: impl Iterator<Item = (String, T)>) -> (Vec<T>, Option<String>) {
        let rest = items.skip_while(|(name, _)| self.after.as_ref().is_some_and(|after| name <= after));
        let mut taken: Vec<(String, T)> = rest.take(self.size + 1).collect();
        let more = taken.len() > self.size;
        taken.truncate(self.size);
        let next = taken.last().filter(|_| more).map(|(name, _)| format!("after:{name}"));
        (taken.into_iter().map(|(_, item)| item).collect(), next)
    }
}

fn shown_app(app: &App) -> model::AppDescription {
    model::AppDescription {
        app: app.place.app.to_string(),
        arn: app.place.arn().to_string(),
        created: app.record.created,
        host: format!("{}.{}", app.place.app, weft_routing::OWN_SUFFIX),
    }
}

fn shown_service(
    place: &Place,
    name: &WorkloadName,
    service: &ServiceRecord,
) -> Result<model::ServiceDescription, Error> {
    let none = || Error::internal("a service without a revision");
    let (current, newest) = (service.current().ok_or_else(none)?, service.newest().ok_or_else(none)?);
    let (state, state_reason) = shown_state(service.state(newest));
    Ok(model::ServiceDescription {
        app: place.app.to_string(),
        name: name.to_string(),
        arn: place.arn_of("service", name.as_str()).to_string(),
        part: service.part.clone(),
        revision: revision_id(service, current),
        code: shown_code(current),
        settings: settings::shown(&current.settings),
        log_group: place.log_group(name),
        created: service.created,
        updated: current.created,
        latest_revision: revision_id(service, newest),
        state,
        state_reason,
    })
}

/// How far a revision is, and why it did not get further.
fn shown_state(state: RevisionState<'_>) -> (String, Option<String>) {
    let (word, reason) = match state {
        RevisionState::Pending => ("Pending", None),
        RevisionState::Active => ("Active", None),
        RevisionState::Failed(reason) => ("Failed", Some(reason.to_owned())),
        RevisionState::Inactive => ("Inactive", None),
    };
    (word.to_owned(), reason)
}

fn shown_code(revision: &RevisionRecord) -> model::ServiceCode {
    model::ServiceCode { build_id: revision.build.clone(), source: revision.source.clone() }
}

fn shown_function(
    place: &Place,
    name: &WorkloadName,
    function: &FunctionRecord,
) -> model::FunctionDescription {
    model::FunctionDescription {
        app: place.app.to_string(),
        name: name.to_string(),
        arn: place.arn_of("function", name.as_str()).to_string(),
        part: function.part.clone(),
        function_name: function.function_name.clone(),
        scale: settings::shown_scale(&function.scale),
        code: Some(model::FunctionCode {
            build_id: function.build.clone(),
            source: function.source.clone(),
            code_sha256: function.code_sha256.clone(),
        }),
        created: function.created,
        updated: function.updated,
        metrics: None,
    }
}

fn shown_route(compute: &Compute, place: &Place, id: &str, route: &RouteRecord) -> model::RouteDescription {
    model::RouteDescription {
        app: place.app.to_string(),
        route_id: id.to_owned(),
        arn: place.arn_of("route", id).to_string(),
        part: route.part.clone(),
        host: route.host.clone(),
        path: route.path.clone(),
        target: route.target.to_string(),
        auth: route.auth.as_str().to_owned(),
        strip: route.strip,
        bare: route.host.is_none() && compute.index().is_oldest_claim(route),
        created: route.created,
    }
}

/// Fails while a route leads to a workload.
fn no_route_leads_to(tx: &weft_store::WriteTx<'_>, place: &Place, name: &WorkloadName) -> Result<(), Error> {
    let routes = ROUTES.query(&place.key()).rows(tx)?;
    match routes.iter().find(|(_, route)| route.target == *name) {
        None => Ok(()),
        Some((_, route)) => {
            let host = route.host.as_deref().unwrap_or("");
            Err(conflict(format!("The route {host}{} leads to `{name}`; delete it first.", route.path)))
        }
    }
}

/// Fails unless the app has a service or a function of this name.
fn target_exists(tx: &weft_store::WriteTx<'_>, place: &Place, target: &WorkloadName) -> Result<(), Error> {
    let key = place.name_key(target.as_str());
    if SERVICES.get(tx, &key)?.is_some() || FUNCTIONS.get(tx, &key)?.is_some() {
        return Ok(());
    }
    Err(validation(format!("The app `{}` has no service and no function `{target}`.", place.app)))
}

/// Who may use a route; those that are not built are refused by name.
fn route_auth(text: Option<&str>) -> Result<RouteAuth, Error> {
    match text {
        None | Some("unsaid") => Ok(RouteAuth::Unsaid),
        Some("none") => Ok(RouteAuth::None),
        Some("iam") => Ok(RouteAuth::Iam),
        Some(other) => Err(validation(format!("`auth` may be `none` or `iam`; `{other}` is not built yet."))),
    }
}
