//! `ListWorkers`: the workers of an account and region, by number.

use weft_model::weft as model;
use weft_service::workload::{WorkerStatus, WorkloadKind};
use weft_service::{Access, Context, Error, Operation, Scope};

use super::{Page, place};
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
        let mut workers = compute.seams().workers.status();
        workers.retain(|worker| {
            let workload = &worker.workload;
            let here = workload.account == cx.scope.account && workload.region == cx.scope.region;
            here && self.app.as_ref().is_none_or(|place| workload.app.as_ref() == Some(&place.app))
        });
        workers.sort_by_key(|worker| worker.id);
        let items = workers.into_iter().map(|worker| (format!("{:020}", worker.id), worker));
        let (workers, next_token) = self.page.take(items);
        Ok(model::ListWorkersResponse { workers: Some(workers.into_iter().map(shown).collect()), next_token })
    }
}

fn shown(worker: WorkerStatus) -> model::WorkerDescription {
    let long = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let kind = match worker.workload.kind {
        WorkloadKind::Function => "function",
        WorkloadKind::Service => "service",
    };
    model::WorkerDescription {
        id: long(worker.id),
        app: worker.workload.app.map(|app| app.to_string()),
        name: worker.workload.name.to_string(),
        kind: kind.to_owned(),
        revision: worker.revision.to_string(),
        state: worker.state.to_owned(),
        in_flight: i32::try_from(worker.in_flight).unwrap_or(i32::MAX),
        served: long(worker.served),
        memory_bytes: worker.memory_bytes.map(long),
        started: worker.started,
        pid: worker.pid.map(i64::from),
    }
}
