//! `UpdateService`: makes a new revision, which takes traffic when a worker of it is ready; until then, and where none becomes
//! ready, the old one serves. `DescribeService` tells how far it is.

use weft_model::weft as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use super::{Named, role, shown_service};
use crate::Compute;
use crate::errors::{conflict, service_not_found};
use crate::index::revision_id;
use crate::records::{RevisionRecord, SERVICES, Settings};
use crate::settings;

/// A parsed `UpdateService` request.
pub(crate) struct UpdateService {
    named: Named,
    part: Option<String>,
    expected: Option<String>,
    code: Option<model::ServiceCode>,
    settings: Option<Settings>,
}

impl Operation for UpdateService {
    const NAME: &'static str = "UpdateService";
    type Service = Compute;
    type Input = model::UpdateServiceRequest;
    type Output = model::UpdateServiceResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self {
            named: Named::parse(scope, &input.app, &input.name)?,
            part: input.part,
            expected: input.expected_revision,
            code: input.code,
            settings: input.settings.map(settings::parse).transpose()?,
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        let own = self.named.access("weft:UpdateService", "service");
        let role = self.settings.as_ref().and_then(|settings| settings.role.as_ref());
        std::iter::once(own).chain(role.map(role::pass)).collect()
    }

    async fn run(self, compute: &Compute, cx: &Context) -> Result<Self::Output, Error> {
        let Named { place, name } = self.named.clone();
        if !compute.app(&place).is_ok_and(|app| app.services.contains_key(&name)) {
            return Err(service_not_found(&place.app, &name));
        }
        if let Some(code) = &self.code {
            compute.builds().usable(&cx.scope, &code.build_id).await?;
        }
        if let Some(arn) = self.settings.as_ref().and_then(|settings| settings.role.as_ref()) {
            role::check(arn, cx).await?;
        }
        let (now, revisions_max) = (cx.scope.now, compute.options().revisions_max);
        let (at, called) = (place.clone(), name.clone());
        let update = move |tx: &mut weft_store::WriteTx<'_>| {
            let key = at.name_key(called.as_str());
            let missing = || service_not_found(&at.app, &called);
            let mut record = SERVICES.get(tx, &key)?.ok_or_else(missing)?;
            let current = record.current().cloned().ok_or_else(missing)?;
            let id = revision_id(&record, &current);
            if self.expected.as_ref().is_some_and(|expected| *expected != id) {
                return Err(conflict(format!("The service's revision is `{id}`, not the expected one.")));
            }
            let code = self.code.clone();
            let next = RevisionRecord {
                number: 0,
                created: now,
                source: code.as_ref().map_or(current.source.clone(), |code| code.source.clone()),
                build: code.map_or(current.build.clone(), |code| code.build_id),
                settings: self.settings.clone().unwrap_or_else(|| current.settings.clone()),
            };
            record.part = self.part.clone().or(record.part);
            record.propose(next, revisions_max);
            SERVICES.insert(tx, &key, &record)?;
            Ok(record)
        };
        let record = compute.change(&place, update).await?;
        Ok(model::UpdateServiceResponse { service: Some(shown_service(&place, &name, &record)?) })
    }
}
