//! `RollbackService`: makes a new revision with the code and the settings of an older one. It takes traffic when it is ready.

use weft_model::weft as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use super::{Named, role, shown_service};
use crate::Compute;
use crate::errors::service_not_found;
use crate::index::revision_id;
use crate::records::{RevisionRecord, SERVICES};

/// A parsed `RollbackService` request.
pub(crate) struct RollbackService {
    named: Named,
    revision: String,
}

impl Operation for RollbackService {
    const NAME: &'static str = "RollbackService";
    type Service = Compute;
    type Input = model::RollbackServiceRequest;
    type Output = model::RollbackServiceResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { named: Named::parse(scope, &input.app, &input.name)?, revision: input.revision })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![self.named.access("weft:RollbackService", "service")]
    }

    async fn run(self, compute: &Compute, cx: &Context) -> Result<Self::Output, Error> {
        let Named { place, name } = self.named;
        let app = compute.app(&place)?;
        let service = app.services.get(&name).ok_or_else(|| service_not_found(&place.app, &name))?;
        let older =
            service.record.revisions.iter().find(|r| revision_id(&service.record, r) == self.revision);
        let Some(older) = older.cloned() else {
            let message = format!("The service `{name}` keeps no revision `{}`.", self.revision);
            return Err(Error::new("RevisionNotFoundException", message));
        };
        // The role comes back with the settings; giving it to a service needs the same right as ever.
        if let Some(arn) = &older.settings.role {
            cx.authorize(&role::pass(arn)).await?;
            role::check(arn, cx).await?;
        }
        compute.builds().usable(&cx.scope, &older.build).await?;
        let (now, revisions_max) = (cx.scope.now, compute.options().revisions_max);
        let (at, called) = (place.clone(), name.clone());
        let rollback = move |tx: &mut weft_store::WriteTx<'_>| {
            let key = at.name_key(called.as_str());
            let missing = || service_not_found(&at.app, &called);
            let mut record = SERVICES.get(tx, &key)?.ok_or_else(missing)?;
            record.propose(RevisionRecord { created: now, ..older.clone() }, revisions_max);
            SERVICES.insert(tx, &key, &record)?;
            Ok(record)
        };
        let record = compute.change(&place, rollback).await?;
        Ok(model::RollbackServiceResponse { service: Some(shown_service(&place, &name, &record)?) })
    }
}
