//! `DeleteRoute`: gives a host and path back.

use weft_model::weft as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use super::place;
use crate::Compute;
use crate::errors::route_not_found;
use crate::records::{Place, ROUTE_HOSTS, ROUTES};

/// A parsed `DeleteRoute` request.
pub(crate) struct DeleteRoute {
    place: Place,
    id: String,
}

impl Operation for DeleteRoute {
    const NAME: &'static str = "DeleteRoute";
    type Service = Compute;
    type Input = model::DeleteRouteRequest;
    type Output = model::DeleteRouteResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { place: place(scope, &input.app)?, id: input.route_id })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("weft:DeleteRoute", self.place.arn_of("route", &self.id).to_string())]
    }

    async fn run(self, compute: &Compute, _: &Context) -> Result<Self::Output, Error> {
        let place = self.place.clone();
        let delete = move |tx: &mut weft_store::WriteTx<'_>| {
            let key = self.place.name_key(&self.id);
            let missing = || route_not_found(&self.place.app, &self.id);
            let record = ROUTES.get(tx, &key)?.ok_or_else(missing)?;
            if let Some(host) = record.host {
                ROUTE_HOSTS.remove(tx, &(host, record.path))?;
            }
            Ok(ROUTES.remove(tx, &key)?)
        };
        compute.change(&place, delete).await?;
        Ok(model::DeleteRouteResponse {})
    }
}
