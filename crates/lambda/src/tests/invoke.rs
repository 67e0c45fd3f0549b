//! Invocations, and what the runtime is asked to run.

use std::sync::Arc;
use std::time::Duration;

use weft_model::lambda as model;
use weft_service::workload::{Contract, Scale, WorkError};
use weft_types::AppName;

use super::world::{World, key, refusal};
use crate::Placement;

#[tokio::test]
async fn an_event_goes_to_a_worker_and_its_answer_comes_back() {
    let world = World::new();
    world.create("hello").await;
    let input = model::InvocationRequest {
        function_name: "hello".to_owned(),
        log_type: Some("Tail".to_owned()),
        client_context: Some("eyJhIjoxfQ==".to_owned()),
        payload: Some("{\"n\":1}".into()),
        qualifier: Some("$LATEST".to_owned()),
        ..Default::default()
    };
    let answer: model::InvocationResponse = world.call("Invoke", input).await.unwrap();
    assert_eq!(answer.status_code, Some(200));
    assert_eq!(answer.payload.as_deref(), Some(&b"{\"n\":1}"[..]));
    assert_eq!(answer.executed_version.as_deref(), Some("$LATEST"));
    assert_eq!(answer.log_result.as_deref(), Some("U1RBUlQKRU5ECg=="));
    assert_eq!(answer.function_error, None);
    let invocation = world.workers.invocations.lock().unwrap()[0].clone();
    assert_eq!(invocation.client_context.as_deref(), Some("{\"a\":1}"));
    assert!(invocation.tail);
    assert!(invocation.invoked_arn.as_str().ends_with(":function:hello:$LATEST"));
    let revision = world.workers.revisions.lock().unwrap()[0].clone();
    let Contract::Lambda(contract) = &revision.contract else { panic!("no Lambda contract") };
    assert_eq!(contract.handler, "app.main");
    assert_eq!(contract.timeout, Duration::from_secs(3));
    assert_eq!(revision.interpreter.as_deref(), Some("python3.12"));
    assert_eq!(revision.log_group, "/aws/lambda/hello");
    assert_eq!((revision.scale.min, revision.scale.max, revision.scale.concurrency), (0, 1000, 1));
}

#[tokio::test]
async fn an_invocation_without_payload_gets_the_empty_object() {
    let world = World::new();
    world.create("hello").await;
    let answer = world.invoke("hello", "").await.unwrap();
    assert_eq!(answer.payload.as_deref(), Some(&b"{}"[..]));
}

#[tokio::test]
async fn a_warm_function_is_invoked_without_the_store() {
    let world = World::new();
    world.create("hello").await;
    world.invoke("hello", "1").await.unwrap();
    let tags = || model::TagResourceRequest {
        resource: "arn:aws:lambda:us-east-1:000000000000:function:hello".to_owned(),
        tags: [("a".to_owned(), "b".to_owned())].into(),
    };
    world.memory.crash_at(weft_store::Crash { at_commit: 20, kept: false });
    while world.call::<_, ()>("TagResource", tags()).await.is_ok() {}
    assert!(world.memory.has_crashed());
    assert!(world.get("hello").await.is_err(), "the store can be read");
    assert!(world.invoke("hello", "2").await.is_ok());
    let revisions = world.workers.revisions.lock().unwrap().clone();
    assert!(Arc::ptr_eq(&revisions[0], &revisions[1]));
}

#[tokio::test]
async fn a_dry_run_asks_for_permission_and_runs_nothing() {
    let world = World::new();
    world.create("hello").await;
    let input = |name: &str| model::InvocationRequest {
        function_name: name.to_owned(),
        invocation_type: Some("DryRun".to_owned()),
        ..Default::default()
    };
    let answer: model::InvocationResponse = world.call("Invoke", input("hello")).await.unwrap();
    assert_eq!(answer.status_code, Some(204));
    let missing = world.call::<_, model::InvocationResponse>("Invoke", input("nobody")).await;
    assert_eq!(refusal(missing).0, "ResourceNotFoundException");
    assert!(world.workers.invocations.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_cannot_be_invoked_says_why() {
    let world = World::new();
    world.create("hello").await;
    let (code, status, message) = refusal(world.invoke("hello", "{").await);
    assert_eq!((code.as_str(), status), ("InvalidRequestContentException", 400));
    assert!(message.starts_with("Could not parse request body into json: "), "{message}");
    let event = model::InvocationRequest {
        function_name: "hello".to_owned(),
        invocation_type: Some("Event".to_owned()),
        ..Default::default()
    };
    let (code, status, message) = refusal(world.call::<_, model::InvocationResponse>("Invoke", event).await);
    assert_eq!((code.as_str(), status), ("NotImplemented", 501));
    assert!(message.contains("Asynchronous invocation"), "{message}");
    assert_eq!(refusal(world.invoke("hello:live", "1").await).0, "ResourceNotFoundException");
}

#[tokio::test]
async fn failures_of_workers_have_aws_faces() {
    let world = World::new();
    world.create("hello").await;
    let fail = |error| *world.workers.error.lock().unwrap() = Some(error);
    fail(WorkError::Overloaded { max: 1000 });
    let (code, status, message) = refusal(world.invoke("hello", "1").await);
    assert_eq!(
        (code.as_str(), status, message.as_str()),
        ("TooManyRequestsException", 429, "Rate Exceeded.")
    );
    fail(WorkError::TimedOut(Duration::from_secs(3)));
    let answer = world.invoke("hello", "1").await.unwrap();
    assert_eq!((answer.status_code, answer.function_error.as_deref()), (Some(200), Some("Unhandled")));
    assert!(
        String::from_utf8(answer.payload.unwrap().to_vec()).unwrap().contains("timed out after 3.00 seconds")
    );
    fail(WorkError::StartFailed { reason: "python3.12 is not installed".to_owned() });
    assert_eq!(refusal(world.invoke("hello", "1").await).0, "InvalidRuntimeException");
}

#[tokio::test]
async fn a_throttled_answer_has_its_reason_on_the_wire() {
    let world = World::new();
    world.create("hello").await;
    *world.workers.error.lock().unwrap() = Some(WorkError::Overloaded { max: 1000 });
    let input = model::InvocationRequest { function_name: "hello".to_owned(), ..Default::default() };
    let request = world.client.request(&model::SERVICE, "Invoke", &weft_model::Shape::into_value(input));
    let response = world.client.send(request).await;
    assert_eq!(response.status(), 429);
    let body = String::from_utf8(response.body().to_vec()).unwrap();
    assert!(body.contains("\"Reason\":\"ConcurrentInvocationLimitExceeded\""), "{body}");
    assert_eq!(response.headers()["x-amzn-errortype"], "TooManyRequestsException");
    assert_eq!(response.headers()["retry-after"], "1");
}

#[tokio::test]
async fn an_app_scales_its_functions_its_own_way() {
    let world = World::new();
    world.create("hello").await;
    world.invoke("hello", "1").await.unwrap();
    let scale = Scale {
        min: 1,
        max: 20,
        concurrency: 1,
        queue_max: 500,
        queue_timeout: Duration::from_secs(30),
        idle_timeout: Duration::from_mins(1),
    };
    let app = AppName::parse("shop").unwrap();
    let placement = Placement::new(Some(app.clone()), Some(scale.clone()));
    world.lambda.place(&key("hello"), Some(placement.clone()));
    world.lambda.place(&key("hello"), Some(placement));
    assert_eq!(world.workers.retired.lock().unwrap().len(), 1);
    world.invoke("hello", "1").await.unwrap();
    let revisions = world.workers.revisions.lock().unwrap().clone();
    assert_ne!(revisions[0].id, revisions[1].id);
    assert_eq!(revisions[1].scale, scale);
    assert_eq!(revisions[1].workload.app, Some(app));
    world.lambda.place(&key("hello"), None);
    world.invoke("hello", "1").await.unwrap();
    let last = world.workers.revisions.lock().unwrap()[2].clone();
    assert_eq!((last.scale.max, last.workload.app.clone()), (1000, None));
    assert!(![&revisions[0].id, &revisions[1].id].contains(&&last.id));
}

#[tokio::test]
async fn an_update_keeps_an_apps_function_warm() {
    let world = World::new();
    world.create("hello").await;
    let scale = Scale { min: 2, ..world.lambda.scale() };
    world.lambda.place(&key("hello"), Some(Placement::new(None, Some(scale))));
    let input = model::UpdateFunctionConfigurationRequest {
        function_name: "hello".to_owned(),
        memory_size: Some(256),
        ..Default::default()
    };
    world.call::<_, model::FunctionConfiguration>("UpdateFunctionConfiguration", input).await.unwrap();
    let warm = world.workers.warm.lock().unwrap().clone();
    assert_eq!(warm.len(), 1);
    assert_eq!(warm[0].limits.memory_mib, 256);
}
