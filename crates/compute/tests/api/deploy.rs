//! Apps, services, functions and routes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use weft_compute::FunctionPlaces;
use weft_model::{Value, weft};
use weft_routing::Path;
use weft_service::testing::not_refused;
use weft_service::workload::{Contract, Revision, Revisions, Scale, WorkloadId, WorkloadKind};
use weft_service::{BoxFuture, Error, Tags};
use weft_types::{AccountId, AppName, Region};

use crate::harness::{ROLE, World, settings};

#[tokio::test]
async fn every_operation_of_the_model_has_code_and_needs_a_right() {
    let world = World::new().await;
    for operation in weft::SERVICE.operations {
        assert!(world.admin.dispatch.registry().has("weft", operation.name), "{}", operation.name);
    }
    let given = |operation: &str, member: &str| {
        let text = |text: &str| Some(Value::Text(text.to_owned()));
        match (operation, member) {
            (_, "digest" | "buildId" | "source") => text(&"0".repeat(64)),
            ("CreateService", "code") => Some(Value::Struct(vec![text(&"0".repeat(64)), None])),
            ("CreateService", "settings") => {
                let mut settings = vec![None; 13];
                settings[0] = Some(Value::List(vec![Value::Text("x".to_owned())]));
                Some(Value::Struct(settings))
            }
            ("CreateBuild", "kind") => text("none"),
            _ => None,
        }
    };
    assert_eq!(not_refused(&world.nobody, &weft::SERVICE, &given, &[]).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_service_lives_through_its_revisions() {
    let world = World::new().await;
    world.app("shop").await;
    let made = world.service("shop", "web").await;
    assert_eq!(made.arn, "arn:aws:weft:us-east-1:000000000000:app/shop/service/web");
    assert_eq!((made.log_group.as_str(), made.settings.memory_mib), ("/weft/shop/web", Some(256)));
    assert_eq!(world.workers.told(), ["retire web but r1", "prepare r1"]);

    let update = |settings, expected: Option<&str>| weft::UpdateServiceRequest {
        app: "shop".to_owned(),
        name: "web".to_owned(),
        settings: Some(settings),
        expected_revision: expected.map(str::to_owned),
        ..Default::default()
    };
    let mut warm = settings("./other");
    warm.scale = Some(weft::ScaleSettings { min: Some(2), ..Default::default() });
    let updated: weft::UpdateServiceResponse =
        world.call("UpdateService", update(warm.clone(), Some(&made.revision))).await.expect("updated");
    let waiting = updated.service.expect("a service");
    assert_eq!((&*waiting.revision, &*waiting.state), (&*made.revision, "Pending"), "the old one serves");
    let second = world.settled("shop", "web").await.service.expect("a service");
    assert_eq!((&second.revision, &*second.state), (&waiting.latest_revision, "Active"));
    assert_eq!(second.code, made.code, "what is not given stays");
    assert_eq!(world.workers.told(), ["prepare r2", "retire web but r2", "warm r2 2"]);

    let stale = world
        .call::<_, weft::UpdateServiceResponse>("UpdateService", update(settings("x"), Some(&made.revision)));
    assert!(
        stale.await.expect_err("refused").starts_with("ConflictException: The service's revision is `r2-")
    );
    let same: weft::UpdateServiceResponse =
        world.call("UpdateService", update(warm, None)).await.expect("updated");
    assert_eq!(same.service.expect("a service").revision, second.revision, "no change, no revision");
    assert_eq!(world.workers.told(), Vec::<String>::new());

    let back = weft::RollbackServiceRequest {
        app: "shop".to_owned(),
        name: "web".to_owned(),
        revision: made.revision.clone(),
    };
    let third: weft::RollbackServiceResponse =
        world.call("RollbackService", back).await.expect("rolled back");
    assert_eq!(third.service.expect("a service").state, "Pending");
    let third = world.settled("shop", "web").await;
    assert_eq!(third.service.expect("a service").settings, made.settings);
    assert_eq!(world.workers.told(), ["prepare r3", "retire web but r3"]);

    let world = world.restarted().await;
    let id = workload("shop", "web", WorkloadKind::Service);
    let revision = world.compute.current(&id).await.expect("an answer").expect("a revision");
    let Contract::Http(http) = &revision.contract else { panic!("not HTTP") };
    assert_eq!((http.command[0].as_str(), revision.log_group.as_str()), ("./server", "/weft/shop/web"));
    assert_eq!(std::fs::read_to_string(revision.code.join("server")).expect("code"), "one");
    let described = world.described("shop", "web").await;
    let revisions: Vec<_> =
        described.revisions.into_iter().flatten().map(|r| r.revision[..2].to_owned()).collect();
    assert_eq!(revisions, ["r3", "r2", "r1"]);
}

#[tokio::test]
async fn a_role_must_trust_the_platform() {
    let world = World::new().await;
    world.app("shop").await;
    let build_id = world.code("one").await;
    let create = |name: &str, role: &str| weft::CreateServiceRequest {
        app: "shop".to_owned(),
        name: name.to_owned(),
        code: weft::ServiceCode { build_id: build_id.clone(), source: None },
        settings: weft::ServiceSettings { role_arn: Some(role.to_owned()), ..settings("x") },
        ..Default::default()
    };
    world
        .call::<_, weft::CreateServiceResponse>("CreateService", create("web", ROLE))
        .await
        .expect("a service");
    let other = "arn:aws:iam::000000000000:role/other";
    let refused = world.call::<_, weft::CreateServiceResponse>("CreateService", create("api", other)).await;
    let refused = refused.expect_err("refused");
    assert!(
        refused.starts_with(
            "ValidationException: The role `arn:aws:iam::000000000000:role/other` cannot be assumed"
        ),
        "{refused}"
    );
}

#[tokio::test]
async fn names_are_there_once_and_what_is_used_stays() {
    let world = World::new().await;
    let fails = async |operation: &str, result: Result<(), String>, expected: &str| {
        assert_eq!(result.expect_err(operation), expected);
    };
    world.app("shop").await;
    let again = world
        .call::<_, weft::CreateAppResponse>("CreateApp", weft::CreateAppRequest { app: "shop".into() })
        .await;
    fails("CreateApp", again.map(drop), "ConflictException: There is an app `shop` already.").await;
    world.service("shop", "web").await;
    let function = weft::PutFunctionRequest {
        app: "shop".to_owned(),
        name: "web".to_owned(),
        function_name: "shop-web".to_owned(),
        ..Default::default()
    };
    let taken = world.call::<_, weft::PutFunctionResponse>("PutFunction", function).await.map(drop);
    fails("PutFunction", taken, "ConflictException: The app `shop` has a service `web` already.").await;
    let id = world.route("shop", None, "/", "web").await.expect("a route");
    fails(
        "CreateRoute",
        world.route("shop", None, "/", "web").await.map(drop),
        "ConflictException: The app `shop` has the route / already.",
    )
    .await;
    fails(
        "CreateRoute",
        world.route("shop", None, "/x", "gone").await.map(drop),
        "ValidationException: The app `shop` has no service and no function `gone`.",
    )
    .await;
    let own = world.route("shop", Some("a.shop.weft.localhost"), "/", "web").await.map(drop);
    fails("CreateRoute", own, "ValidationException: Names below `weft.localhost` are given by app and workload, and cannot be claimed.").await;

    let app = || "shop".to_owned();
    let delete_service = weft::DeleteServiceRequest { app: app(), name: "web".to_owned() };
    let delete_app = weft::DeleteAppRequest { app: app() };
    let refused =
        world.call::<_, weft::DeleteServiceResponse>("DeleteService", delete_service.clone()).await.map(drop);
    fails("DeleteService", refused, "ConflictException: The route / leads to `web`; delete it first.").await;
    let refused = world.call::<_, weft::DeleteAppResponse>("DeleteApp", delete_app.clone()).await.map(drop);
    fails("DeleteApp", refused, "ConflictException: The app `shop` still has services; delete them first.")
        .await;

    let delete_route = weft::DeleteRouteRequest { app: app(), route_id: id };
    world.call::<_, weft::DeleteRouteResponse>("DeleteRoute", delete_route).await.expect("gone");
    world.workers.told();
    world.call::<_, weft::DeleteServiceResponse>("DeleteService", delete_service).await.expect("gone");
    assert_eq!(world.workers.told(), ["retire web but none"]);
    world.call::<_, weft::DeleteAppResponse>("DeleteApp", delete_app).await.expect("gone");
    let gone = world
        .call::<_, weft::DescribeAppResponse>("DescribeApp", weft::DescribeAppRequest { app: app() })
        .await;
    fails("DescribeApp", gone.map(drop), "AppNotFoundException: There is no app `shop`.").await;
    world.app("shop").await;
}

#[tokio::test]
async fn requests_find_their_workload_by_route_and_by_name() {
    let world = World::new().await;
    for app in ["shop", "blog"] {
        world.app(app).await;
        world.service(app, "web").await;
        world.route(app, None, "/", "web").await.expect("a route");
    }
    world.route("shop", Some("shop.example"), "/", "web").await.expect("a route");
    let taken = world.route("blog", Some("shop.example"), "/", "web").await;
    assert_eq!(
        taken,
        Err("ConflictException: The route shop.example/ belongs to the app `shop`.".to_owned())
    );
    let routes = world.compute.routes();
    let found = |host: &str| {
        let path = Path::parse("/x").expect("a path");
        routes.load().find(host, "GET", &path).map(|found| found.route.app.to_string()).ok()
    };
    for (host, app) in [
        ("127.0.0.1", "shop"),
        ("blog.weft.localhost", "blog"),
        ("web.blog.weft.localhost", "blog"),
        ("shop.example", "shop"),
    ] {
        assert_eq!(found(host).as_deref(), Some(app), "{host}");
    }
    let request = weft::ListRoutesRequest { app: "blog".to_owned(), ..Default::default() };
    let listed: weft::ListRoutesResponse = world.call("ListRoutes", request).await.expect("routes");
    let listed = listed.routes.expect("routes");
    assert!(!listed[0].bare, "the older claim of `shop` answers on bare addresses");
    let request = weft::DeleteRouteRequest { app: "shop".to_owned(), route_id: listed[0].route_id.clone() };
    world.call::<_, weft::DeleteRouteResponse>("DeleteRoute", request).await.expect("gone");
    assert_eq!(found("127.0.0.1").as_deref(), Some("blog"), "ids are made of host and path");
    let caller = workload("shop", "api", WorkloadKind::Service);
    assert_eq!(world.compute.find(&caller, "web"), Some(workload("shop", "web", WorkloadKind::Service)));
    assert_eq!(world.compute.find(&caller, "nothing"), None);
}

/// Has every function, and notes what it is told of them; and the builds that functions outside of apps refer to.
#[derive(Default)]
pub(crate) struct FakeLambda(Mutex<Vec<String>>, pub(crate) Mutex<BTreeSet<String>>);

impl Revisions for FakeLambda {
    fn current<'a>(&'a self, _: &'a WorkloadId) -> BoxFuture<'a, Result<Option<Arc<Revision>>, Error>> {
        Box::pin(async { Err(Error::new("Asked", "Lambda was asked")) })
    }
}

impl FunctionPlaces for FakeLambda {
    fn place(&self, _: AccountId, _: &Region, function_name: &str, place: Option<(AppName, Scale)>) {
        let place = place.map_or("no app".to_owned(), |(app, scale)| format!("{app}, at most {}", scale.max));
        self.0.lock().expect("no panic").push(format!("{function_name}: {place}"));
    }

    fn builds(&self) -> BoxFuture<'_, Result<BTreeSet<String>, Error>> {
        Box::pin(async { Ok(self.1.lock().expect("no panic").clone()) })
    }

    fn counts(&self, _: AccountId, _: &Region, function_name: &str) -> Option<weft_service::FunctionCounts> {
        let counts = weft_service::FunctionCounts {
            invocations: 7,
            throttles: 2,
            dead_letter_errors: 3,
            destination_delivery_failures: 4,
            ..Default::default()
        };
        (function_name == "shop-greet").then_some(counts)
    }

    fn tags<'a>(
        &'a self,
        _: AccountId,
        _: &'a Region,
        function_name: &'a str,
    ) -> BoxFuture<'a, Result<Arc<Tags>, Error>> {
        let team = if function_name == "shop-red" { "red" } else { "blue" };
        let tags = Tags::from([("team".to_owned(), team.to_owned())]);
        Box::pin(async { Ok(Arc::new(tags)) })
    }
}

#[tokio::test]
async fn a_function_is_described_with_what_lambda_counts_of_it() {
    let world = World::new().await;
    let lambda = Arc::new(FakeLambda::default());
    world.compute.connect_functions(Arc::clone(&lambda) as Arc<_>, Arc::clone(&lambda) as Arc<_>);
    world.app("shop").await;
    let put = weft::PutFunctionRequest {
        app: "shop".to_owned(),
        name: "greet".to_owned(),
        function_name: "shop-greet".to_owned(),
        ..Default::default()
    };
    world.call::<_, weft::PutFunctionResponse>("PutFunction", put).await.expect("put");
    let ask = weft::DescribeFunctionRequest { app: "shop".to_owned(), name: "greet".to_owned() };
    let answer: weft::DescribeFunctionResponse =
        world.call("DescribeFunction", ask).await.expect("described");
    let metrics = answer.function.and_then(|function| function.metrics).expect("counted");
    assert_eq!((metrics.invocations, metrics.throttles, metrics.errors), (7, 2, 0));
    assert_eq!((metrics.dead_letter_errors, metrics.destination_delivery_failures), (3, 4));
}

#[tokio::test]
async fn lambda_is_told_how_functions_belong_to_apps() {
    let world = World::new().await;
    let lambda = Arc::new(FakeLambda::default());
    world.compute.connect_functions(Arc::clone(&lambda) as Arc<_>, Arc::clone(&lambda) as Arc<_>);
    world.app("shop").await;
    let put = |max: i32| weft::PutFunctionRequest {
        app: "shop".to_owned(),
        name: "greet".to_owned(),
        function_name: "shop-greet".to_owned(),
        scale: Some(weft::ScaleSettings { max: Some(max), ..Default::default() }),
        ..Default::default()
    };
    for max in [20, 30] {
        world.call::<_, weft::PutFunctionResponse>("PutFunction", put(max)).await.expect("put");
    }
    let id = workload("shop", "shop-greet", WorkloadKind::Function);
    assert_eq!(
        world.compute.find(&workload("shop", "web", WorkloadKind::Service), "greet"),
        Some(id.clone())
    );
    assert_eq!(world.compute.current(&id).await.expect_err("Lambda's answer").code(), "Asked");
    let lone = WorkloadId { app: None, ..id };
    assert!(world.compute.find(&lone, "greet").is_some(), "a function knows its app by its entry");
    let second = weft::PutFunctionRequest { name: "again".to_owned(), ..put(1) };
    let taken = world.call::<_, weft::PutFunctionResponse>("PutFunction", second).await.expect_err("refused");
    assert_eq!(taken, "ConflictException: The function `shop-greet` is shop/greet already.");
    let scale = Some(weft::ScaleSettings { concurrency: Some(2), ..Default::default() });
    let many = weft::PutFunctionRequest { scale, ..put(1) };
    let refused = world.call::<_, weft::PutFunctionResponse>("PutFunction", many).await.expect_err("refused");
    assert!(refused.starts_with("ValidationException: `scale.concurrency` of a function is 1"), "{refused}");
    let delete = weft::DeleteFunctionRequest { app: "shop".to_owned(), name: "greet".to_owned() };
    world.call::<_, weft::DeleteFunctionResponse>("DeleteFunction", delete).await.expect("gone");
    let told = lambda.0.lock().expect("no panic").clone();
    assert_eq!(told, ["shop-greet: shop, at most 20", "shop-greet: shop, at most 30", "shop-greet: no app"]);
}

#[tokio::test]
async fn lists_come_in_pages() {
    let world = World::new().await;
    for app in ["a", "b", "c"] {
        world.app(app).await;
    }
    let (mut names, mut next_token, mut pages) = (Vec::new(), None, 0);
    loop {
        let request = weft::ListAppsRequest { max_results: Some(2), next_token };
        let page: weft::ListAppsResponse = world.call("ListApps", request).await.expect("a page");
        names.extend(page.apps.into_iter().flatten().map(|app| app.app));
        pages += 1;
        next_token = page.next_token;
        if next_token.is_none() {
            break;
        }
    }
    assert_eq!((names.join(""), pages), ("abc".to_owned(), 2));
    let request = weft::ListAppsRequest { next_token: Some("x".to_owned()), ..Default::default() };
    let refused = world.call::<_, weft::ListAppsResponse>("ListApps", request).await.expect_err("refused");
    assert_eq!(refused, "ValidationException: `nextToken` is not one that this operation gave.");
}

#[tokio::test]
async fn the_platform_describes_itself() {
    let world = World::new().await;
    world.clock.set(weft_types::Timestamp::from_seconds(crate::harness::NOW.as_seconds() + 5));
    let request = weft::DescribePlatformRequest {};
    let platform: weft::DescribePlatformResponse =
        world.call("DescribePlatform", request).await.expect("facts");
    assert_eq!(platform.uptime_seconds, Some(5));
    assert_eq!(platform.principal_arn.as_deref(), Some("arn:aws:iam::000000000000:user/admin"));
}

fn workload(app: &str, name: &str, kind: WorkloadKind) -> WorkloadId {
    WorkloadId {
        account: AccountId::DEFAULT,
        region: Region::parse("us-east-1").expect("a region"),
        app: Some(AppName::parse(app).expect("an app")),
        name: Arc::from(name),
        kind,
    }
}

#[tokio::test]
async fn a_refusal_is_explained_by_the_id_of_its_request() {
    let world = World::new().await;
    let ask = world.nobody.request(
        &weft::SERVICE,
        "ListApps",
        &weft_model::Shape::into_value(weft::ListAppsRequest::default()),
    );
    let answer = world.nobody.send(ask).await;
    assert_eq!(answer.status(), 403);
    let id =
        answer.headers().get("x-amzn-requestid").and_then(|id| id.to_str().ok()).expect("an id").to_owned();
    let request = weft::DescribeDecisionRequest { request_id: id.clone() };
    let found: weft::DescribeDecisionResponse = world.call("DescribeDecision", request).await.expect("known");
    let [decision] = found.decisions.as_deref().expect("decisions") else { panic!("{found:?}") };
    assert_eq!(
        (decision.principal.as_str(), decision.action.as_str(), decision.outcome.as_str()),
        ("arn:aws:iam::000000000000:user/nobody", "weft:ListApps", "IMPLICIT_DENY")
    );
    assert_eq!((decision.policy_type.as_deref(), &decision.nearest), (Some("IDENTITY"), &None));
    let unknown = weft::DescribeDecisionRequest { request_id: "0-0".to_owned() };
    let refused = world.call::<_, weft::DescribeDecisionResponse>("DescribeDecision", unknown).await;
    assert!(refused.expect_err("unknown").contains("No decision is known for the request 0-0"));
    // Its own decision is one as well: it was allowed, and by which statement.
    let own = world.admin.request(
        &weft::SERVICE,
        "ListApps",
        &weft_model::Shape::into_value(weft::ListAppsRequest::default()),
    );
    let answer = world.admin.send(own).await;
    let id =
        answer.headers().get("x-amzn-requestid").and_then(|id| id.to_str().ok()).expect("an id").to_owned();
    let request = weft::DescribeDecisionRequest { request_id: id };
    let found: weft::DescribeDecisionResponse = world.call("DescribeDecision", request).await.expect("known");
    let decision = &found.decisions.expect("decisions")[0];
    let statement = &decision.statements.as_ref().expect("statements")[0];
    assert_eq!(
        (decision.outcome.as_str(), statement.policy.as_deref(), statement.statement),
        ("ALLOWED", Some("all"), 0)
    );
}

/// Puts a Lambda function into the directory of `shop`.
fn entry(name: &str, function_name: &str) -> weft::PutFunctionRequest {
    let (app, name) = ("shop".to_owned(), name.to_owned());
    weft::PutFunctionRequest { app, name, function_name: function_name.to_owned(), ..Default::default() }
}

#[tokio::test]
async fn a_denial_by_a_functions_tag_holds_for_its_entry_in_an_app() {
    let world = World::new().await;
    let lambda = Arc::new(FakeLambda::default());
    world.compute.connect_functions(Arc::clone(&lambda) as Arc<_>, Arc::clone(&lambda) as Arc<_>);
    world.app("shop").await;
    for name in ["red", "blue"] {
        let put = entry(name, &format!("shop-{name}"));
        world.call::<_, weft::PutFunctionResponse>("PutFunction", put).await.expect("put");
    }
    let client = world.admin.as_user("AKIANOTRED");
    let ask = async |name: &str| {
        let ask = weft::DescribeFunctionRequest { app: "shop".to_owned(), name: name.to_owned() };
        let call = client.call::<_, weft::DescribeFunctionResponse>(&weft::SERVICE, "DescribeFunction", ask);
        call.await.map(drop).map_err(|fault| fault.code)
    };
    let put = async |name: &str, function_name: &str| {
        let put = entry(name, function_name);
        let call = client.call::<_, weft::PutFunctionResponse>(&weft::SERVICE, "PutFunction", put);
        call.await.map(drop).map_err(|fault| fault.code)
    };
    let delete = async |name: &str| {
        let input = weft::DeleteFunctionRequest { app: "shop".to_owned(), name: name.to_owned() };
        let call = client.call::<_, weft::DeleteFunctionResponse>(&weft::SERVICE, "DeleteFunction", input);
        call.await.map(drop).map_err(|fault| fault.code)
    };
    let denied = Err("AccessDeniedException".to_owned());
    assert_eq!((ask("red").await, ask("blue").await), (denied.clone(), Ok(())));
    assert_eq!(put("red", "shop-blue").await, denied, "the entry is of a red function");
    assert_eq!(put("blue", "shop-blue").await, Ok(()));
    assert_eq!((delete("red").await, delete("blue").await), (denied, Ok(())));
}
