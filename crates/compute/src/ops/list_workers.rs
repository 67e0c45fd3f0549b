//! `ListWorkers`: the workers of an account and region, by number; with the first page, what starts took.

use weft_model::weft as model;
use weft_service::workload::WorkloadId;
use weft_service::{Access, Context, Error, Operation, Scope};

use super::{Page, place, shown};
use crate::Compute;
use crate::records::Place;

/// A parsed `ListWorkers` request.
pub(crate) struct ListWorkers {
    app: Option<Place>,
    page: Page,
}

impl Operation for ListWorkers {
    const NAME: &'static str = "ListWorkers";
    type Service = Compute;
    type Input = model::ListWorkersRequest;
    type Output = model::ListWorkersResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let app = input.app.map(|app| place(scope, &app)).transpose()?;
        Ok(Self { app, page: Page::parse(input.max_results, input.next_token)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        let resource = self.app.as_ref().map_or_else(|| "*".to_owned(), |place| place.arn().to_string());
        vec![Access::to("weft:ListWorkers", resource)]
    }

    async fn run(self, compute: &Compute, cx: &Context) -> Result<Self::Output, Error> {
        let wanted = |workload: &WorkloadId| {
            let here = workload.account == cx.scope.account && workload.region == cx.scope.region;
            here && self.app.as_ref().is_none_or(|place| workload.app.as_ref() == Some(&place.app))
        };
        let runtime = &compute.seams().workers;
        let starts = self.page.is_first().then(|| {
            let starts = runtime.starts().into_iter().filter(|starts| wanted(&starts.workload));
            starts.map(shown::starts).collect()
        });
        let mut workers = runtime.look().await;
        workers.retain(|worker| wanted(&worker.workload));
        workers.sort_by_key(|worker| worker.id);
        let items = workers.into_iter().map(|worker| (format!("{:020}", worker.id), worker));
        let (workers, next_token) = self.page.take(items);
        let workers = Some(workers.into_iter().map(shown::worker).collect());
        Ok(model::ListWorkersResponse { workers, starts, next_token })
    }
}
