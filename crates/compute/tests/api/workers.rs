use std::time::Duration;

use weft_model::weft;
use weft_service::starts::{PhaseStatus, StartStatus};
use weft_service::workload::{WorkerStatus, WorkloadId, WorkloadKind};
use weft_types::{AccountId, AppName, Region};

use crate::harness::{NOW, World};

fn workload(app: Option<&str>, name: &str) -> WorkloadId {
    WorkloadId {
        account: AccountId::DEFAULT,
        region: Region::default(),
        app: app.map(|app| AppName::parse(app).expect("an app")),
        name: name.into(),
        kind: WorkloadKind::Function,
    }
}

fn worker(id: u64, app: Option<&str>, name: &str) -> WorkerStatus {
    WorkerStatus {
        id,
        workload: workload(app, name),
        revision: "r1".into(),
        state: "ready",
        in_flight: 0,
        served: 3,
        memory_bytes: Some(9 << 20),
        started: NOW,
        pid: None,
    }
}

fn starts(app: Option<&str>, name: &str) -> StartStatus {
    let took = |micros| PhaseStatus {
        count: 2,
        p50: Duration::from_micros(micros),
        max: Duration::from_micros(2 * micros),
    };
    StartStatus {
        workload: workload(app, name),
        started: 2,
        failed: 1,
        sandbox: took(1_234),
        init: took(20_000),
        first_request: PhaseStatus::default(),
    }
}

/// The workers' numbers, the names of those with starts, and the token of the next page.
async fn list(
    world: &World,
    request: weft::ListWorkersRequest,
) -> (Vec<i64>, Option<Vec<String>>, Option<String>) {
    let page: weft::ListWorkersResponse = world.call("ListWorkers", request).await.expect("a page");
    let numbers = page.workers.into_iter().flatten().map(|worker| worker.id).collect();
    let names = page.starts.map(|starts| starts.into_iter().map(|starts| starts.name).collect());
    (numbers, names, page.next_token)
}

#[tokio::test]
async fn the_first_page_of_workers_has_what_starts_took() {
    let world = World::new().await;
    world.app("shop").await;
    let workers = vec![worker(1, Some("shop"), "shop-a"), worker(2, None, "b")];
    let known = vec![starts(Some("shop"), "shop-a"), starts(None, "b")];
    *world.workers.running.lock().expect("no panic") = (workers, known);
    let names = |names: &[&str]| Some(names.iter().map(|&name| name.to_owned()).collect());

    let first = weft::ListWorkersRequest { max_results: Some(1), ..Default::default() };
    let (numbers, found, next_token) = list(&world, first).await;
    assert_eq!((numbers, found), (vec![1], names(&["shop-a", "b"])));
    let second = weft::ListWorkersRequest { next_token, ..Default::default() };
    assert_eq!(list(&world, second).await, (vec![2], None, None));
    let of_app = weft::ListWorkersRequest { app: Some("shop".to_owned()), ..Default::default() };
    assert_eq!(list(&world, of_app).await, (vec![1], names(&["shop-a"]), None));
}

#[tokio::test]
async fn starts_are_shown_in_milliseconds_and_only_where_measured() {
    let world = World::new().await;
    world.workers.running.lock().expect("no panic").1 = vec![starts(None, "b")];
    let request = weft::ListWorkersRequest::default();
    let page: weft::ListWorkersResponse = world.call("ListWorkers", request).await.expect("a page");
    let phase = |p50_millis, max_millis| Some(weft::StartPhase { count: 2, p50_millis, max_millis });
    let expected = weft::StartDescription {
        app: None,
        name: "b".to_owned(),
        kind: "function".to_owned(),
        started: 2,
        failed: 1,
        sandbox: phase(1.23, 2.47),
        init: phase(20.0, 40.0),
        first_request: None,
    };
    assert_eq!(page.starts, Some(vec![expected]));
}
