//! What `CreateFunction` accepts and refuses, in AWS's words.

use std::collections::BTreeMap;

use weft_model::lambda as model;

use super::world::{World, create_request, refusal};

type Request = model::CreateFunctionRequest;

async fn check(what: &str, input: Request, expected: Result<(), (&str, u16, &str)>) {
    let found = World::new().call::<_, model::FunctionConfiguration>("CreateFunction", input).await;
    match expected {
        Ok(()) => assert!(found.is_ok(), "{what}: {found:?}"),
        Err((code, status, text)) => {
            let (found, found_status, message) = refusal(found);
            assert_eq!((found.as_str(), found_status), (code, status), "{what}: {message}");
            assert!(message.contains(text), "{what}: {message}");
        }
    }
}

fn with(change: impl FnOnce(&mut Request)) -> Request {
    let mut input = create_request("hello");
    change(&mut input);
    input
}

const BAD: &str = "InvalidParameterValueException";

#[tokio::test]
async fn a_role_must_be_one_that_lambda_may_assume() {
    check(
        "another's role",
        with(|input| input.role = "arn:aws:iam::000000000000:role/stranger".to_owned()),
        Err((BAD, 400, "The role defined for the function cannot be assumed by Lambda.")),
    )
    .await;
    check(
        "another account's role",
        with(|input| input.role = "arn:aws:iam::111111111111:role/worker".to_owned()),
        Err(("AccessDeniedException", 403, "Cross-account pass role is not allowed.")),
    )
    .await;
    check(
        "not a role",
        with(|input| input.role = "worker".to_owned()),
        Err(("ValidationException", 400, "'role' failed to satisfy constraint")),
    )
    .await;
}

#[tokio::test]
async fn variables_are_bounded_and_some_are_reserved() {
    let variables = |list: &[(&str, String)]| {
        let variables: BTreeMap<String, String> =
            list.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        with(|input| input.environment = Some(model::Environment { variables: Some(variables) }))
    };
    check("good", variables(&[("TABLE", "orders".to_owned())]), Ok(())).await;
    let reserved = variables(&[("AWS_REGION", "x".to_owned()), ("LAMBDA_TASK_ROOT", "y".to_owned())]);
    let text = "Reserved keys used in this request: AWS_REGION, LAMBDA_TASK_ROOT";
    check("reserved", reserved, Err((BAD, 400, text))).await;
    let big = variables(&[("BIG", "x".repeat(4096))]);
    check("big", big, Err((BAD, 400, "exceeded the 4KB limit"))).await;
}

#[tokio::test]
async fn what_is_missing_or_unknown_is_named() {
    let text = "Runtime and Handler are mandatory parameters for functions created with deployment packages.";
    check("no runtime", with(|input| input.runtime = None), Err((BAD, 400, text))).await;
    check("no handler", with(|input| input.handler = None), Err((BAD, 400, text))).await;
    check("a retired runtime", with(|input| input.runtime = Some("python3.6".to_owned())), Ok(())).await;
    let long = create_request(&"f".repeat(65));
    check("a long name", long, Err(("ValidationException", 400, "less than or equal to 64"))).await;
    let qualified = create_request("hello:live");
    check("a name with an alias", qualified, Err((BAD, 400, "can't have a version or an alias"))).await;
}

#[tokio::test]
async fn what_weft_has_not_is_refused_by_name() {
    let refused = |text| Err(("NotImplemented", 501, text));
    let image = with(|input| input.package_type = Some("Image".to_owned()));
    check("an image", image, refused("container images")).await;
    let isolation = Some(model::TenancyConfig { tenant_isolation_mode: "PER_TENANT".to_owned() });
    check("tenants", with(|input| input.tenancy_config = isolation), refused("TenancyConfig")).await;
    let snapshots = Some(model::SnapStart { apply_on: Some("PublishedVersions".to_owned()) });
    check("snapshots", with(|input| input.snap_start = snapshots), refused("SnapStart")).await;
    let none = Some(model::SnapStart { apply_on: Some("None".to_owned()) });
    check("no snapshots", with(|input| input.snap_start = none), Ok(())).await;
    let durable = Some(model::DurableConfig { execution_timeout: Some(1), ..Default::default() });
    check("durable", with(|input| input.durable_config = durable), refused("DurableConfig")).await;
    let instances = Some(model::CapacityProviderConfig {
        lambda_managed_instances_capacity_provider_config:
            model::LambdaManagedInstancesCapacityProviderConfig {
                capacity_provider_arn: "arn:aws:lambda:us-east-1:000000000000:capacity-provider:c".to_owned(),
                ..Default::default()
            },
    });
    let managed = with(|input| input.capacity_provider_config = instances);
    check("managed instances", managed, refused("CapacityProviderConfig")).await;
    check("publish false", with(|input| input.publish = Some(false)), Ok(())).await;
}

#[tokio::test]
async fn time_memory_and_storage_have_lambdas_limits() {
    const OUT: Result<(), (&str, u16, &str)> =
        Err(("ValidationException", 400, "failed to satisfy constraint"));
    for (timeout, expected) in [(0, OUT), (1, Ok(())), (900, Ok(())), (901, OUT)] {
        check("timeout", with(|input| input.timeout = Some(timeout)), expected).await;
    }
    for (memory, expected) in [(127, OUT), (128, Ok(())), (10_240, Ok(())), (10_241, OUT)] {
        check("memory", with(|input| input.memory_size = Some(memory)), expected).await;
    }
    for (size, expected) in [(511, OUT), (512, Ok(())), (10_240, Ok(())), (10_241, OUT)] {
        let storage = Some(model::EphemeralStorage { size });
        check("storage", with(|input| input.ephemeral_storage = storage), expected).await;
    }
    let layers = (1..7).map(|n| format!("arn:aws:lambda:us-east-1:000000000000:layer:l{n}:1")).collect();
    let many = Err((BAD, 400, "Cannot reference more than 5 layers."));
    check("layers", with(|input| input.layers = Some(layers)), many).await;
}

#[tokio::test]
async fn networks_keys_and_dead_letters_are_kept_and_shown() {
    let world = World::new();
    let (queue, secret) =
        ("arn:aws:sqs:us-east-1:000000000000:q", "arn:aws:kms:us-east-1:000000000000:key/a");
    let input = with(|input| {
        input.vpc_config = Some(model::VpcConfig {
            subnet_ids: Some(vec!["subnet-1".to_owned()]),
            security_group_ids: Some(vec!["sg-1".to_owned()]),
            ipv6_allowed_for_dual_stack: None,
        });
        input.dead_letter_config = Some(model::DeadLetterConfig { target_arn: Some(queue.to_owned()) });
        input.kms_key_arn = Some(secret.to_owned());
    });
    let created: model::FunctionConfiguration = world.call("CreateFunction", input).await.unwrap();
    assert_eq!(created.vpc_config.as_ref().unwrap().subnet_ids, Some(vec!["subnet-1".to_owned()]));
    assert_eq!(created.dead_letter_config.as_ref().unwrap().target_arn.as_deref(), Some(queue));
    assert_eq!(created.kms_key_arn.as_deref(), Some(secret));
    assert_eq!(world.restart().get("hello").await.unwrap(), created);
}

#[tokio::test]
async fn machine_code_for_another_machine_says_so_when_it_is_invoked() {
    let world = World::new();
    let other = if cfg!(target_arch = "aarch64") { "x86_64" } else { "arm64" };
    let input = with(|input| {
        input.runtime = Some("provided.al2023".to_owned());
        input.architectures = Some(vec![other.to_owned()]);
    });
    let created: model::FunctionConfiguration = world.call("CreateFunction", input).await.unwrap();
    assert_eq!(created.state.as_deref(), Some("Active"));
    assert!(created.state_reason.unwrap().contains(other));
    let (code, status, message) = refusal(world.invoke("hello", "1").await);
    assert_eq!((code.as_str(), status), ("InvalidRuntimeException", 502));
    assert!(message.contains("this machine is"), "{message}");
}

#[tokio::test]
async fn a_runtime_that_another_version_serves_says_so() {
    let world = World::new();
    let input = with(|input| input.runtime = Some("python3.8".to_owned()));
    let created: model::FunctionConfiguration = world.call("CreateFunction", input).await.unwrap();
    let runtime = created.runtime_version_config.unwrap();
    assert!(runtime.runtime_version_arn.unwrap().starts_with("arn:aws:lambda:us-east-1::runtime:"));
    assert_eq!(runtime.error.unwrap().message.as_deref(), Some("Python 3.11 runs it"));
    let input = model::UpdateFunctionConfigurationRequest {
        function_name: "hello".to_owned(),
        runtime: Some("python3.12".to_owned()),
        ..Default::default()
    };
    let updated: model::FunctionConfiguration =
        world.call("UpdateFunctionConfiguration", input).await.unwrap();
    assert_eq!(updated.runtime_version_config.unwrap().error, None);
}

#[tokio::test]
async fn tracing_and_logging_are_kept_and_shown() {
    let world = World::new();
    let input = with(|input| {
        input.tracing_config = Some(model::TracingConfig { mode: Some("Active".to_owned()) });
        input.logging_config = Some(model::LoggingConfig {
            log_format: Some("JSON".to_owned()),
            application_log_level: Some("DEBUG".to_owned()),
            system_log_level: None,
            log_group: Some("/my/group".to_owned()),
        });
        input.architectures = Some(vec!["arm64".to_owned()]);
        input.ephemeral_storage = Some(model::EphemeralStorage { size: 1024 });
    });
    let created: model::FunctionConfiguration = world.call("CreateFunction", input).await.unwrap();
    assert_eq!(created.tracing_config.unwrap().mode.as_deref(), Some("Active"));
    assert_eq!(created.architectures, Some(vec!["arm64".to_owned()]));
    let logging = created.logging_config.unwrap();
    assert_eq!(logging.application_log_level.as_deref(), Some("DEBUG"));
    assert_eq!(logging.system_log_level.as_deref(), Some("INFO"));
    world.invoke("hello", "1").await.unwrap();
    let revision = world.workers.revisions.lock().unwrap()[0].clone();
    assert_eq!(revision.log_group, "/my/group");
    assert_eq!(revision.limits.tmp_mib, 1024);
    let weft_service::workload::Contract::Lambda(contract) = &revision.contract else {
        panic!("no function")
    };
    let expected = weft_service::workload::LambdaLogging {
        json: true,
        application_level: Some("DEBUG".to_owned()),
        system_level: Some("INFO".to_owned()),
    };
    assert_eq!(contract.logging, expected);
    assert_eq!(revision.environment["AWS_LAMBDA_LOG_FORMAT"], "JSON");
    assert_eq!(revision.environment["AWS_LAMBDA_LOG_LEVEL"], "DEBUG");
}
