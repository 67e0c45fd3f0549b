//! `CreateService`: makes a service and its first revision, which is in force at once: its requests wait for it.

use weft_model::weft as model;
use weft_service::{Access, Context, Error, Operation, Scope, random_id};

use super::{Named, role, shown_service};
use crate::Compute;
use crate::errors::{app_not_found, conflict, limit};
use crate::records::{APPS, FUNCTIONS, RevisionRecord, SERVICES, ServiceRecord, Settings};
use crate::settings;

/// A parsed `CreateService` request.
pub(crate) struct CreateService {
    named: Named,
    part: Option<String>,
    code: model::ServiceCode,
    settings: Settings,
}

impl Operation for CreateService {
    const NAME: &'static str = "CreateService";
    type Service = Compute;
    type Input = model::CreateServiceRequest;
    type Output = model::CreateServiceResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let named = Named::parse(scope, &input.app, &input.name)?;
        let settings = settings::parse(input.settings)?;
        Ok(Self { named, part: input.part, code: input.code, settings })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        let own = self.named.access("weft:CreateService", "service");
        std::iter::once(own).chain(self.settings.role.as_ref().map(role::pass)).collect()
    }

    async fn run(self, compute: &Compute, cx: &Context) -> Result<Self::Output, Error> {
        compute.builds().usable(&cx.scope, &self.code.build_id).await?;
        if let Some(arn) = &self.settings.role {
            role::check(arn, cx).await?;
        }
        let workloads_max = compute.options().workloads_max;
        let first = RevisionRecord {
            number: 1,
            created: cx.scope.now,
            build: self.code.build_id,
            source: self.code.source,
            settings: self.settings,
        };
        let uid = random_id(10, b"abcdefghijklmnopqrstuvwxyz234567");
        let record = ServiceRecord::new(uid, self.part, first);
        let Named { place, name } = self.named;
        let (stored, at, called) = (record.clone(), place.clone(), name.clone());
        let create = move |tx: &mut weft_store::WriteTx<'_>| {
            let key = at.name_key(called.as_str());
            if APPS.get(tx, &at.key())?.is_none() {
                return Err(app_not_found(&at.app));
            }
            if SERVICES.get(tx, &key)?.is_some() {
                return Err(conflict(format!("The app `{}` has a service `{called}` already.", at.app)));
            }
            if FUNCTIONS.get(tx, &key)?.is_some() {
                return Err(conflict(format!("The app `{}` has a function `{called}` already.", at.app)));
            }
            if SERVICES.query(&at.key()).limit(workloads_max).rows(tx)?.len() == workloads_max {
                return Err(limit(format!("An app may have {workloads_max} services.")));
            }
            Ok(SERVICES.insert(tx, &key, &stored)?)
        };
        compute.change(&place, create).await?;
        Ok(model::CreateServiceResponse { service: Some(shown_service(&place, &name, &record)?) })
    }
}
