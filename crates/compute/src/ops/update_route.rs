//! `UpdateRoute`: leads a route to another workload, or under other rules, at once and for good.

use weft_model::weft as model;
use weft_service::{Access, Context, Error, Operation, Scope};
use weft_types::WorkloadName;

use super::{place, route_auth, shown_route, target_exists};
use crate::Compute;
use crate::errors::{route_not_found, validation};
use crate::records::{Place, ROUTES, RouteAuth};

/// A parsed `UpdateRoute` request.
pub(crate) struct UpdateRoute {
    place: Place,
    id: String,
    part: Option<String>,
    target: WorkloadName,
    auth: Option<RouteAuth>,
    strip: Option<bool>,
}

impl Operation for UpdateRoute {
    const NAME: &'static str = "UpdateRoute";
    type Service = Compute;
    type Input = model::UpdateRouteRequest;
    type Output = model::UpdateRouteResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self {
            place: place(scope, &input.app)?,
            id: input.route_id,
            part: input.part,
            target: WorkloadName::parse(&input.target).map_err(|error| validation(error.to_string()))?,
            auth: input.auth.as_deref().map(|auth| route_auth(Some(auth))).transpose()?,
            strip: input.strip,
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("weft:UpdateRoute", self.place.arn_of("route", &self.id).to_string())]
    }

    async fn run(self, compute: &Compute, _: &Context) -> Result<Self::Output, Error> {
        let (place, id) = (self.place.clone(), self.id.clone());
        let update = move |tx: &mut weft_store::WriteTx<'_>| {
            let key = self.place.name_key(&self.id);
            let missing = || route_not_found(&self.place.app, &self.id);
            let mut record = ROUTES.get(tx, &key)?.ok_or_else(missing)?;
            target_exists(tx, &self.place, &self.target)?;
            record.target = self.target.clone();
            record.auth = self.auth.unwrap_or(record.auth);
            record.strip = self.strip.unwrap_or(record.strip);
            record.part = self.part.clone().or(record.part);
            ROUTES.insert(tx, &key, &record)?;
            Ok(record)
        };
        let record = compute.change(&place, update).await?;
        Ok(model::UpdateRouteResponse { route: Some(shown_route(compute, &place, &id, &record)) })
    }
}
