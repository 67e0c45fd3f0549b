//! `CreateRoute`: claims a path, on one host or on all hosts of the app, for a workload.

use std::fmt::Write as _;

use sha2::Digest as _;
use weft_model::weft as model;
use weft_routing::{HostPattern, Path};
use weft_service::{Access, Context, Error, Operation, Scope};
use weft_types::WorkloadName;

use super::{place, route_auth, shown_route, target_exists};
use crate::Compute;
use crate::errors::{app_not_found, conflict, limit, validation};
use crate::records::{
    APPS, COUNTERS, CounterRecord, OwnerRecord, Place, ROUTE_HOSTS, ROUTES, RouteAuth, RouteRecord,
};

/// A parsed `CreateRoute` request.
pub(crate) struct CreateRoute {
    place: Place,
    part: Option<String>,
    host: Option<String>,
    path: String,
    target: WorkloadName,
    auth: RouteAuth,
    strip: bool,
}

impl Operation for CreateRoute {
    const NAME: &'static str = "CreateRoute";
    type Service = Compute;
    type Input = model::CreateRouteRequest;
    type Output = model::CreateRouteResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let host = input.host.map(|host| host.to_ascii_lowercase());
        let pattern = HostPattern::parse(host.as_deref()).map_err(|error| validation(error.to_string()))?;
        if pattern.is_own() {
            let message =
                "Names below `weft.localhost` are given by app and workload, and cannot be claimed.";
            return Err(validation(message));
        }
        if let Err(error) = Path::parse(&input.path) {
            return Err(validation(format!("`path` cannot be matched: {error}.")));
        }
        Ok(Self {
            place: place(scope, &input.app)?,
            part: input.part,
            host,
            path: input.path,
            target: WorkloadName::parse(&input.target).map_err(|error| validation(error.to_string()))?,
            auth: route_auth(input.auth.as_deref())?,
            strip: input.strip.unwrap_or(false),
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("weft:CreateRoute", self.place.arn_of("route", &self.id()).to_string())]
    }

    async fn run(self, compute: &Compute, cx: &Context) -> Result<Self::Output, Error> {
        let (now, routes_max) = (cx.scope.now, compute.options().routes_max);
        let (place, id) = (self.place.clone(), self.id());
        let create = move |tx: &mut weft_store::WriteTx<'_>| self.create(tx, now, routes_max);
        let record = compute.change(&place, create).await?;
        Ok(model::CreateRouteResponse { route: Some(shown_route(compute, &place, &id, &record)) })
    }
}

impl CreateRoute {
    /// Host and path make the id, so that an app has them once.
    fn id(&self) -> String {
        let text = format!("{}{}", self.host.as_deref().unwrap_or(""), self.path);
        let digest = sha2::Sha256::digest(text);
        digest[..8].iter().fold(String::new(), |mut id, byte| {
            let _ = write!(id, "{byte:02x}");
            id
        })
    }

    fn create(
        &self,
        tx: &mut weft_store::WriteTx<'_>,
        now: weft_types::Timestamp,
        routes_max: usize,
    ) -> Result<RouteRecord, Error> {
        let place = &self.place;
        let key = place.name_key(&self.id());
        let shown = format!("{}{}", self.host.as_deref().unwrap_or(""), self.path);
        if APPS.get(tx, &place.key())?.is_none() {
            return Err(app_not_found(&place.app));
        }
        if ROUTES.get(tx, &key)?.is_some() {
            return Err(conflict(format!("The app `{}` has the route {shown} already.", place.app)));
        }
        target_exists(tx, place, &self.target)?;
        if ROUTES.query(&place.key()).limit(routes_max).rows(tx)?.len() == routes_max {
            return Err(limit(format!("An app may have {routes_max} routes.")));
        }
        if let Some(host) = &self.host {
            let claim = (host.clone(), self.path.clone());
            if let Some(owner) = ROUTE_HOSTS.get(tx, &claim)? {
                return Err(conflict(format!("The route {shown} belongs to the app `{}`.", owner.app)));
            }
            ROUTE_HOSTS.insert(tx, &claim, &OwnerRecord::from(place))?;
        }
        let counter = ("claims".to_owned(),);
        let claimed = COUNTERS.get(tx, &counter)?.map_or(1, |counter| counter.value + 1);
        COUNTERS.insert(tx, &counter, &CounterRecord { value: claimed })?;
        let record = RouteRecord {
            part: self.part.clone(),
            created: now,
            host: self.host.clone(),
            path: self.path.clone(),
            target: self.target.clone(),
            auth: self.auth,
            strip: self.strip,
            claimed,
        };
        ROUTES.insert(tx, &key, &record)?;
        Ok(record)
    }
}
