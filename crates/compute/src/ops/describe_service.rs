//! `DescribeService`: one service, with the revisions that it keeps.

use weft_model::weft as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use super::{Named, shown_code, shown_service, shown_state};
use crate::Compute;
use crate::errors::service_not_found;
use crate::index::revision_id;
use crate::settings;

/// A parsed `DescribeService` request.
pub(crate) struct DescribeService {
    named: Named,
}

impl Operation for DescribeService {
    const NAME: &'static str = "DescribeService";
    type Service = Compute;
    type Input = model::DescribeServiceRequest;
    type Output = model::DescribeServiceResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { named: Named::parse(scope, &input.app, &input.name)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![self.named.access("weft:DescribeService", "service")]
    }

    async fn run(self, compute: &Compute, _: &Context) -> Result<Self::Output, Error> {
        let Named { place, name } = &self.named;
        let index = compute.index();
        let service = index.app(place).and_then(|app| app.services.get(name));
        let record = &service.ok_or_else(|| service_not_found(&place.app, name))?.record;
        let revisions = record.newest_first().map(|revision| model::RevisionDescription {
            revision: revision_id(record, revision),
            code: shown_code(revision),
            settings: settings::shown(&revision.settings),
            created: revision.created,
            state: shown_state(record.state(revision)).0,
            state_reason: shown_state(record.state(revision)).1,
        });
        Ok(model::DescribeServiceResponse {
            revisions: Some(revisions.collect()),
            service: Some(shown_service(place, name, record)?),
        })
    }
}
