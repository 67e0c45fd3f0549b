//! How a new revision comes into force, and how it does not.

use std::time::Duration;

use weft_compute::Options;
use weft_model::weft;
use weft_service::workload::{Contract, Revisions, WorkloadId, WorkloadKind};
use weft_types::{AccountId, AppName, Region};

use crate::harness::World;

/// The program that requests reach now.
async fn serving(world: &World) -> String {
    let id = WorkloadId {
        account: AccountId::DEFAULT,
        region: Region::parse("us-east-1").expect("a region"),
        app: Some(AppName::parse("shop").expect("an app")),
        name: "web".into(),
        kind: WorkloadKind::Service,
    };
    let revision = world.compute.current(&id).await.expect("an answer").expect("a revision");
    let Contract::Http(http) = &revision.contract else { panic!("not HTTP") };
    http.command[0].clone()
}

/// Number and state of every revision, the newest first.
async fn states(world: &World) -> Vec<String> {
    let described = world.described("shop", "web").await;
    let revisions = described.revisions.into_iter().flatten();
    revisions.map(|r| format!("{} {}", &r.revision[..2], r.state)).collect()
}

async fn shop() -> World {
    let world = World::new().await;
    world.app("shop").await;
    world.service("shop", "web").await;
    world.workers.told();
    world
}

#[tokio::test]
async fn a_revision_that_never_becomes_ready_leaves_the_old_one_in_force() {
    let world = shop().await;
    let waiting = world.update("shop", "web", "broken").await;
    let failed = world.settled("shop", "web").await.service.expect("a service");
    assert_eq!(failed.state, "Failed");
    assert_eq!(failed.latest_revision, waiting.latest_revision);
    assert!(failed.state_reason.expect("a reason").ends_with("printed:\nno such module"));
    assert_eq!(failed.settings.command, ["./server"], "what is shown is what serves");
    assert_eq!(serving(&world).await, "./server");
    assert_eq!(states(&world).await, ["r2 Failed", "r1 Active"]);
    assert_eq!(world.workers.told(), ["prepare r2", "retire web but r1"], "its workers go");

    world.update("shop", "web", "broken").await;
    world.settled("shop", "web").await;
    assert_eq!(states(&world).await, ["r3 Failed", "r1 Active"], "what failed is tried again");

    world.update("shop", "web", "good").await;
    world.settled("shop", "web").await;
    assert_eq!(states(&world).await, ["r4 Active", "r1 Inactive"], "no number is given twice");
    assert_eq!(serving(&world).await, "good");
}

#[tokio::test]
async fn a_pending_revision_gives_way_to_a_newer_one_and_to_the_one_in_force() {
    let world = shop().await;
    world.update("shop", "web", "slow").await;
    world.update("shop", "web", "slow").await;
    assert_eq!(states(&world).await, ["r2 Pending", "r1 Active"], "the same is not tried twice");
    assert_eq!(serving(&world).await, "./server");
    world.update("shop", "web", "good").await;
    world.settled("shop", "web").await;
    assert_eq!(states(&world).await, ["r3 Active", "r1 Inactive"]);
    let told = ["prepare r2", "retire web but r1", "prepare r3", "retire web but r3"];
    assert_eq!(world.workers.told(), told);

    world.update("shop", "web", "slow").await;
    let back = world.update("shop", "web", "good").await;
    assert_eq!((&*back.state, &back.revision), ("Active", &back.latest_revision));
    assert_eq!(states(&world).await, ["r3 Active", "r1 Inactive"]);
}

#[tokio::test]
async fn a_first_revision_that_fails_says_so_and_the_next_takes_its_place_at_once() {
    let world = World::new().await;
    world.app("shop").await;
    world.service_that_runs("shop", "web", "broken").await;
    let failed = world.settled("shop", "web").await.service.expect("a service");
    assert_eq!((&*failed.state, &failed.revision), ("Failed", &failed.latest_revision));
    assert_eq!(serving(&world).await, "broken");
    let next = world.update("shop", "web", "slow").await;
    assert_eq!((&*next.state, &next.revision), ("Pending", &next.latest_revision));
    assert_eq!(serving(&world).await, "slow", "nothing that works is given up");
}

#[tokio::test]
async fn a_pending_revision_is_checked_again_after_the_end_of_the_process() {
    let world = shop().await;
    world.update("shop", "web", "slow").await;
    let world = world.restarted().await;
    assert_eq!(serving(&world).await, "./server");
    assert_eq!(world.workers.told(), Vec::<String>::new(), "not before workers can be started");
    world.compute.keep_warm();
    assert_eq!(world.workers.told(), ["prepare r2"]);
    assert_eq!(states(&world).await, ["r2 Pending", "r1 Active"]);
}

#[tokio::test]
async fn what_became_of_a_revision_is_stored_once_the_full_disk_has_room_again() {
    let check = async |command: &str, expected: &[&str], serves: &str| {
        let world = shop().await;
        world.update("shop", "web", command).await;
        world.memory.full_for(3);
        world.workers.gate.notify_one();
        let settled = tokio::time::timeout(Duration::from_secs(30), world.settled("shop", "web"));
        settled.await.expect("it is stored without a restart");
        assert_eq!(states(&world).await, expected);
        assert_eq!(serving(&world).await, serves);
    };
    check("gated", &["r2 Active", "r1 Inactive"], "gated").await;
    check("gated-broken", &["r2 Failed", "r1 Active"], "./server").await;
}

#[tokio::test]
async fn old_revisions_go() {
    let world = World::with(Options { revisions_max: 2, ..Options::default() }).await;
    world.app("shop").await;
    let made = world.service("shop", "web").await;
    for command in ["a", "b"] {
        world.update("shop", "web", command).await;
        world.settled("shop", "web").await;
    }
    let request = weft::RollbackServiceRequest {
        app: "shop".to_owned(),
        name: "web".to_owned(),
        revision: made.revision,
    };
    let refused = world.call::<_, weft::RollbackServiceResponse>("RollbackService", request).await;
    assert!(
        refused
            .expect_err("refused")
            .starts_with("RevisionNotFoundException: The service `web` keeps no revision")
    );
}
