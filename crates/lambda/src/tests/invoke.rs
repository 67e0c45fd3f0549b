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
    let durable = model::InvocationRequest {
        function_name: "hello".to_owned(),
        durable_execution_name: Some("once".to_owned()),
        ..Default::default()
    };
    let (code, status, _) = refusal(world.call::<_, model::InvocationResponse>("Invoke", durable).await);
    assert_eq!((code.as_str(), status), ("NotImplemented", 501));
    assert_eq!(refusal(world.invoke("hello:live", "1").await).0, "ResourceNotFoundException");
}

#[tokio::test]
async fn a_tenant_is_refused_where_none_are_kept_apart() {
    let world = World::new();
    world.create("hello").await;
    let check = async |name: &str, kind: &str, tenant: &str, expected: (&str, u16)| {
        let input = model::InvocationRequest {
            function_name: name.to_owned(),
            invocation_type: Some(kind.to_owned()),
            tenant_id: Some(tenant.to_owned()),
            ..Default::default()
        };
        let (code, status, _) = refusal(world.call::<_, model::InvocationResponse>("Invoke", input).await);
        assert_eq!((code.as_str(), status), expected, "{name} {kind}");
    };
    for kind in ["RequestResponse", "Event", "DryRun"] {
        check("hello", kind, "blue", ("InvalidParameterValueException", 400)).await;
    }
    check("nobody", "RequestResponse", "blue", ("ResourceNotFoundException", 404)).await;
    check("hello", "RequestResponse", "no#tenant", ("ValidationException", 400)).await;
    let input = model::InvokeWithResponseStreamRequest {
        function_name: "hello".to_owned(),
        tenant_id: Some("blue".to_owned()),
        ..Default::default()
    };
    let streamed =
        world.call::<_, model::InvokeWithResponseStreamResponse>("InvokeWithResponseStream", input);
    assert_eq!(refusal(streamed.await).0, "InvalidParameterValueException");
    assert!(world.workers.invocations.lock().unwrap().is_empty());
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

async fn call_with_policy(world: &World, qualifier: Option<&str>, principal: &str) {
    let input = model::AddPermissionRequest {
        function_name: "hello".to_owned(),
        statement_id: "s".to_owned(),
        action: "lambda:InvokeFunction".to_owned(),
        principal: principal.to_owned(),
        qualifier: qualifier.map(str::to_owned),
        ..Default::default()
    };
    let _: model::AddPermissionResponse = world.call("AddPermission", input).await.unwrap();
}

#[tokio::test]
async fn a_function_s_own_policy_lets_in_whom_nothing_else_does() {
    let world = World::new();
    world.create("hello").await;
    let ask = || model::InvocationRequest { function_name: "hello".to_owned(), ..Default::default() };
    let ask = || world.stranger.call::<_, model::InvocationResponse>(&model::SERVICE, "Invoke", ask());
    assert_eq!(refusal(ask().await).0, "AccessDeniedException");
    call_with_policy(&world, None, "arn:aws:iam::000000000000:user/stranger").await;
    assert_eq!(ask().await.unwrap().status_code, Some(200));
    let other = model::InvocationRequest { function_name: "other".to_owned(), ..Default::default() };
    let other = world.stranger.call::<_, model::InvocationResponse>(&model::SERVICE, "Invoke", other);
    assert_eq!(refusal(other.await).0, "AccessDeniedException", "what is not there is not told");
}

#[tokio::test]
async fn a_version_s_policy_is_for_the_version_alone() {
    let world = World::new();
    world.create("hello").await;
    let publish = model::PublishVersionRequest { function_name: "hello".to_owned(), ..Default::default() };
    let _: model::FunctionConfiguration = world.call("PublishVersion", publish).await.unwrap();
    call_with_policy(&world, Some("1"), "arn:aws:iam::000000000000:user/stranger").await;
    let ask = |qualifier: Option<&str>| model::InvocationRequest {
        function_name: "hello".to_owned(),
        qualifier: qualifier.map(str::to_owned),
        ..Default::default()
    };
    let ask = |qualifier| {
        world.stranger.call::<_, model::InvocationResponse>(&model::SERVICE, "Invoke", ask(qualifier))
    };
    assert_eq!(ask(Some("1")).await.unwrap().executed_version.as_deref(), Some("1"));
    assert_eq!(refusal(ask(None).await).0, "AccessDeniedException");
}

#[tokio::test]
async fn a_function_that_invokes_itself_in_circles_is_stopped() {
    let world = World::new();
    world.create("hello").await;
    let mut trace: Option<String> = None;
    for round in 1..=17 {
        let input = model::InvocationRequest { function_name: "hello".to_owned(), ..Default::default() };
        let input = weft_model::Shape::into_value(input);
        let mut request = world.client.request(&model::SERVICE, "Invoke", &input);
        if let Some(trace) = &trace {
            request.headers_mut().insert("x-amzn-trace-id", http::HeaderValue::from_str(trace).unwrap());
        }
        let response = world.client.send(request).await;
        if round == 17 {
            assert_eq!(response.status(), 400);
            assert_eq!(response.headers()["x-amzn-errortype"], "RecursiveInvocationException");
            return;
        }
        assert_eq!(response.status(), 200, "round {round}");
        trace = world.workers.invocations.lock().unwrap().last().unwrap().trace_id.clone();
    }
}

#[tokio::test]
async fn a_streamed_answer_is_pieces_and_an_end() {
    let world = World::new();
    world.create("hello").await;
    let ask = async |payload: &str| {
        let input = model::InvokeWithResponseStreamRequest {
            function_name: "hello".to_owned(),
            payload: Some(bytes::Bytes::copy_from_slice(payload.as_bytes())),
            log_type: Some("Tail".to_owned()),
            ..Default::default()
        };
        let input = weft_model::Shape::into_value(input);
        let request = world.client.request(&model::SERVICE, "InvokeWithResponseStream", &input);
        let response = world.client.send(request).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["x-amz-executed-version"], "$LATEST");
        let mut reader = weft_wire::EventReader::default();
        reader.push(response.body());
        let mut seen = Vec::new();
        while let Some(message) = reader.next_message().unwrap() {
            let kind = message.header(":event-type").unwrap_or("-").to_owned();
            seen.push((kind, message.payload.to_vec()));
        }
        seen
    };
    let long = format!("\"{}\"", "x".repeat(600_000));
    let mut seen = ask(&long).await;
    let (last, end) = seen.pop().unwrap();
    assert_eq!(last, "InvokeComplete");
    assert_eq!(String::from_utf8(end).unwrap(), "{\"LogResult\":\"U1RBUlQKRU5ECg==\"}");
    assert!(seen.len() == 3 && seen.iter().all(|(kind, _)| kind == "PayloadChunk"));
    assert_eq!(seen.into_iter().flat_map(|(_, piece)| piece).collect::<Vec<_>>(), long.as_bytes());

    world.workers.failing.lock().unwrap().push("hello".to_owned());
    let seen = ask("1").await;
    assert_eq!(seen.len(), 1);
    let end = String::from_utf8(seen[0].1.clone()).unwrap();
    assert!(end.contains("\"ErrorCode\":\"Unhandled\"") && end.contains("errorMessage"), "{end}");
    assert_eq!(world.lambda.metrics(&key("hello")).concurrent, 0, "its place is free again");
}

#[tokio::test]
async fn a_reserve_of_nothing_throttles_with_its_reason() {
    let world = World::new();
    world.create("hello").await;
    let reserve = model::PutFunctionConcurrencyRequest {
        function_name: "hello".to_owned(),
        reserved_concurrent_executions: 0,
    };
    let _: model::Concurrency = world.call("PutFunctionConcurrency", reserve).await.unwrap();
    let input = model::InvocationRequest { function_name: "hello".to_owned(), ..Default::default() };
    let request = world.client.request(&model::SERVICE, "Invoke", &weft_model::Shape::into_value(input));
    let response = world.client.send(request).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (429, &"1".parse().unwrap())
    );
    let body = String::from_utf8(response.body().to_vec()).unwrap();
    assert!(body.contains("\"Reason\":\"ReservedFunctionConcurrentInvocationLimitExceeded\""), "{body}");
    assert!(world.workers.invocations.lock().unwrap().is_empty());
    assert_eq!(world.lambda.metrics(&key("hello")).throttles, 1);
}

#[tokio::test]
async fn provisioned_workers_are_kept_as_long_as_they_are_promised() {
    let world = World::new();
    world.create("hello").await;
    let publish = model::PublishVersionRequest { function_name: "hello".to_owned(), ..Default::default() };
    let _: model::FunctionConfiguration = world.call("PublishVersion", publish).await.unwrap();
    let provision = |count| model::PutProvisionedConcurrencyConfigRequest {
        function_name: "hello".to_owned(),
        qualifier: "1".to_owned(),
        provisioned_concurrent_executions: count,
    };
    let kept =
        |world: &World| world.workers.warm.lock().unwrap().last().map(|one| (one.id.clone(), one.scale.min));
    for count in [3, 5] {
        let _: model::PutProvisionedConcurrencyConfigResponse =
            world.call("PutProvisionedConcurrencyConfig", provision(count)).await.unwrap();
        let (id, min) = kept(&world).unwrap();
        assert_eq!(i64::from(min), i64::from(count));
        assert!(id.ends_with(&format!(":p{count}")), "{id}");
        let retired = world.workers.retired.lock().unwrap().last().cloned().unwrap();
        assert_eq!((&*retired.0.name, retired.1.as_deref()), ("hello:1", Some(&*id)));
    }
    let next = world.restart();
    next.lambda.keep_all_provisioned().await.unwrap();
    assert_eq!(kept(&next).unwrap().1, 5, "after a restart too");
    let gone = model::DeleteProvisionedConcurrencyConfigRequest {
        function_name: "hello".to_owned(),
        qualifier: "1".to_owned(),
    };
    let () = next.call("DeleteProvisionedConcurrencyConfig", gone).await.unwrap();
    let retired = next.workers.retired.lock().unwrap().last().cloned().unwrap();
    assert!(retired.1.is_some_and(|keep| !keep.contains(":p")));
}
