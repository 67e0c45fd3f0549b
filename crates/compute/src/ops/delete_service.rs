//! `DeleteService`: removes a service, which no route may lead to any more; its workers drain.

use weft_model::weft as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use super::Named;
use crate::Compute;
use crate::errors::service_not_found;
use crate::records::SERVICES;

/// A parsed `DeleteService` request.
pub(crate) struct DeleteService {
    named: Named,
}

impl Operation for DeleteService {
    const NAME: &'static str = "DeleteService";
    type Service = Compute;
    type Input = model::DeleteServiceRequest;
    type Output = model::DeleteServiceResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { named: Named::parse(scope, &input.app, &input.name)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![self.named.access("weft:DeleteService", "service")]
    }

    async fn run(self, compute: &Compute, _: &Context) -> Result<Self::Output, Error> {
        let place = self.named.place.clone();
        let delete = move |tx: &mut weft_store::WriteTx<'_>| {
            let Named { place, name } = &self.named;
            let key = place.name_key(name.as_str());
            if SERVICES.get(tx, &key)?.is_none() {
                return Err(service_not_found(&place.app, name));
            }
            super::no_route_leads_to(tx, place, name)?;
            Ok(SERVICES.remove(tx, &key)?)
        };
        compute.change(&place, delete).await?;
        Ok(model::DeleteServiceResponse {})
    }
}
