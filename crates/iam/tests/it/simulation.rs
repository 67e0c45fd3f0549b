//! What simulations answer.

use weft_model::iam;

use crate::world::{World, allow, document, fails, ok, text, trusts};

type Results = Vec<iam::EvaluationResult>;

async fn custom(world: &World, request: iam::SimulateCustomPolicyRequest) -> Results {
    let found: iam::SimulatePolicyResponse = ok(&world.admin, "SimulateCustomPolicy", request).await;
    found.evaluation_results.expect("results")
}

fn policies(list: &[&str]) -> Vec<String> {
    list.iter().map(|statements| document(statements)).collect()
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|value| text(value)).collect()
}

fn entry(key: &str, values: &[&str]) -> iam::ContextEntry {
    iam::ContextEntry {
        context_key_name: Some(text(key)),
        context_key_values: Some(texts(values)),
        context_key_type: Some(text("string")),
    }
}

#[tokio::test]
async fn each_action_is_tried_on_each_resource() {
    let world = World::new().await;
    let request = iam::SimulateCustomPolicyRequest {
        policy_input_list: policies(&[
            "{'Effect':'Allow','Action':'s3:Get*','Resource':'arn:aws:s3:::a/*'},{'Effect':'Allow','Action':'s3:*','Resource':'arn:aws:s3:::*'}",
            "{'Effect':'Deny','Action':'s3:Put*','Resource':'*'}",
        ]),
        action_names: texts(&["s3:GetObject", "s3:PutObject", "iam:GetUser"]),
        resource_arns: Some(texts(&["arn:aws:s3:::a/x", "arn:aws:s3:::b/x"])),
        ..Default::default()
    };
    let results = custom(&world, request).await;
    let said: Vec<(&str, &str, &str, usize)> = results
        .iter()
        .map(|result| {
            let resource = result.eval_resource_name.as_deref().expect("a name");
            let matched = result.matched_statements.as_ref().expect("a list").len();
            (&*result.eval_action_name, resource, &*result.eval_decision, matched)
        })
        .collect();
    assert_eq!(
        said,
        [
            ("s3:GetObject", "arn:aws:s3:::a/x", "allowed", 2),
            ("s3:GetObject", "arn:aws:s3:::b/x", "allowed", 1),
            ("s3:PutObject", "arn:aws:s3:::a/x", "explicitDeny", 1),
            ("s3:PutObject", "arn:aws:s3:::b/x", "explicitDeny", 1),
            ("iam:GetUser", "arn:aws:s3:::a/x", "implicitDeny", 0),
            ("iam:GetUser", "arn:aws:s3:::b/x", "implicitDeny", 0),
        ]
    );
    let denial = results[2].matched_statements.as_ref().map(|matched| &matched[0]).expect("a statement");
    assert_eq!(denial.source_policy_id.as_deref(), Some("PolicyInputList.2"));
    assert_eq!(denial.source_policy_type.as_deref(), Some("IAM Policy"));
    let position = |line, column| Some(iam::Position { line: Some(line), column: Some(column) });
    assert_eq!(
        (denial.start_position.clone(), denial.end_position.clone()),
        (position(1, 38), position(1, 89))
    );
    let specific = &results[0].resource_specific_results.as_ref().expect("results")[0];
    assert_eq!(
        (&*specific.eval_resource_name, &*specific.eval_resource_decision),
        ("arn:aws:s3:::a/x", "allowed")
    );
}

#[tokio::test]
async fn conditions_take_the_values_that_are_given_and_name_those_that_are_not() {
    let world = World::new().await;
    let wants = "{'Effect':'Allow','Action':'s3:*','Resource':'*','Condition':{'StringEquals':{'aws:PrincipalTag/team':'red'}}}";
    let request = |entries: Vec<iam::ContextEntry>| iam::SimulateCustomPolicyRequest {
        policy_input_list: policies(&[wants]),
        action_names: texts(&["s3:GetObject"]),
        context_entries: Some(entries),
        ..Default::default()
    };
    for (entries, decision, missing) in [
        (vec![entry("aws:principaltag/team", &["red"])], "allowed", vec![]),
        (vec![entry("aws:PrincipalTag/team", &["blue"])], "implicitDeny", vec![]),
        (vec![], "implicitDeny", texts(&["aws:PrincipalTag/team"])),
    ] {
        let [result] = &custom(&world, request(entries)).await[..] else { panic!("one result") };
        assert_eq!((&*result.eval_decision, result.eval_resource_name.as_deref()), (decision, Some("*")));
        assert_eq!(result.missing_context_values, Some(missing));
        assert_eq!(result.resource_specific_results, None);
    }
    let keys = iam::GetContextKeysForCustomPolicyRequest { policy_input_list: policies(&[wants, wants]) };
    let found: iam::GetContextKeysForPolicyResponse =
        ok(&world.admin, "GetContextKeysForCustomPolicy", keys).await;
    assert_eq!(found.context_key_names, Some(texts(&["aws:PrincipalTag/team"])));
}

#[tokio::test]
async fn a_users_groups_and_boundary_count() {
    let world = World::new().await;
    let admin = &world.admin;
    world.user("ada", &allow("s3:GetObject")).await;
    let group = iam::CreateGroupRequest { group_name: text("g"), path: None };
    ok::<_, iam::CreateGroupResponse>(admin, "CreateGroup", group).await;
    let put = iam::PutGroupPolicyRequest {
        group_name: text("g"),
        policy_name: text("p"),
        policy_document: document(&allow("iam:GetUser")),
    };
    ok::<_, ()>(admin, "PutGroupPolicy", put).await;
    let add = iam::AddUserToGroupRequest { group_name: text("g"), user_name: text("ada") };
    ok::<_, ()>(admin, "AddUserToGroup", add).await;
    let bound = iam::PutUserPermissionsBoundaryRequest {
        user_name: text("ada"),
        permissions_boundary: text("arn:aws:iam::aws:policy/AmazonS3FullAccess"),
    };
    ok::<_, ()>(admin, "PutUserPermissionsBoundary", bound).await;
    let request = iam::SimulatePrincipalPolicyRequest {
        policy_source_arn: text("arn:aws:iam::000000000000:user/ada"),
        action_names: texts(&["s3:GetObject", "iam:GetUser", "sqs:SendMessage", "s3:PutObject"]),
        policy_input_list: Some(policies(&[&allow("s3:PutObject")])),
        ..Default::default()
    };
    let found: iam::SimulatePolicyResponse = ok(admin, "SimulatePrincipalPolicy", request.clone()).await;
    let said: Vec<_> = found
        .evaluation_results
        .expect("results")
        .into_iter()
        .map(|result| {
            let bound = result.permissions_boundary_decision_detail.expect("a boundary");
            let source = result.matched_statements.and_then(|mut list| list.pop()?.source_policy_id);
            (result.eval_decision, bound.allowed_by_permissions_boundary == Some(true), source)
        })
        .collect();
    assert_eq!(
        said,
        [
            (text("allowed"), true, Some(text("user_ada_inline"))),
            (text("implicitDeny"), false, None),
            (text("implicitDeny"), false, None),
            (text("allowed"), true, Some(text("PolicyInputList.1"))),
        ]
    );
    let group = iam::SimulatePrincipalPolicyRequest {
        policy_source_arn: text("arn:aws:iam::000000000000:group/g"),
        action_names: texts(&["iam:GetUser"]),
        ..Default::default()
    };
    let found: iam::SimulatePolicyResponse = ok(admin, "SimulatePrincipalPolicy", group).await;
    let result = found.evaluation_results.expect("results").remove(0);
    assert_eq!(result.eval_decision, "allowed");
    assert_eq!(
        result.matched_statements.expect("statements")[0].source_policy_id.as_deref(),
        Some("group_g_p")
    );
    // In pages, each in its place.
    let (mut seen, mut marker) = (Vec::new(), None);
    loop {
        let page = iam::SimulatePrincipalPolicyRequest { max_items: Some(3), marker, ..request.clone() };
        let found: iam::SimulatePolicyResponse = ok(admin, "SimulatePrincipalPolicy", page).await;
        seen.extend(
            found.evaluation_results.expect("results").into_iter().map(|result| result.eval_action_name),
        );
        marker = found.marker;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(seen, request.action_names);
}

#[tokio::test]
async fn a_simulation_says_what_the_request_is_then_answered() {
    let world = World::new().await;
    let statements = "{'Effect':'Allow','Action':'iam:Get*','Resource':'arn:aws:iam::000000000000:user/${aws:username}'},\
                      {'Effect':'Deny','Action':'iam:GetUser','Resource':'*','Condition':{'StringEquals':{'aws:PrincipalTag/shut':'yes'}}}";
    let ada = world.user("ada", statements).await;
    let tag = |value: &str| iam::TagUserRequest {
        user_name: text("ada"),
        tags: vec![iam::Tag { key: text("shut"), value: text(value) }],
    };
    for (shut, user, decision) in
        [("no", "ada", "allowed"), ("no", "admin", "implicitDeny"), ("yes", "ada", "explicitDeny")]
    {
        ok::<_, ()>(&world.admin, "TagUser", tag(shut)).await;
        let request = iam::SimulatePrincipalPolicyRequest {
            policy_source_arn: text("arn:aws:iam::000000000000:user/ada"),
            action_names: texts(&["iam:GetUser"]),
            resource_arns: Some(vec![format!("arn:aws:iam::000000000000:user/{user}")]),
            ..Default::default()
        };
        let found: iam::SimulatePolicyResponse = ok(&world.admin, "SimulatePrincipalPolicy", request).await;
        assert_eq!(found.evaluation_results.expect("results")[0].eval_decision, decision, "{shut} {user}");
        let get = iam::GetUserRequest { user_name: Some(text(user)) };
        let got = ada.call::<_, iam::GetUserResponse>(&iam::SERVICE, "GetUser", get).await;
        assert_eq!(got.is_ok(), decision == "allowed", "{shut} {user}: {got:?}");
    }
}

#[tokio::test]
async fn a_resources_policy_needs_a_caller() {
    let world = World::new().await;
    let resource = "{'Effect':'Allow','Principal':{'AWS':'arn:aws:iam::000000000000:user/ada'},'Action':'s3:*','Resource':'*'}";
    world.role("r", &trusts("{'Service':'lambda.amazonaws.com'}"), "").await;
    let request = |caller: Option<&str>| iam::SimulatePrincipalPolicyRequest {
        policy_source_arn: text("arn:aws:iam::000000000000:role/r"),
        action_names: texts(&["s3:GetObject"]),
        resource_arns: Some(texts(&["arn:aws:s3:::a/x"])),
        resource_policy: Some(document(resource)),
        caller_arn: caller.map(text),
        ..Default::default()
    };
    assert!(
        fails(&world.admin, "SimulatePrincipalPolicy", request(None)).await.starts_with("400 InvalidInput")
    );
    for (caller, decision) in [
        ("arn:aws:iam::000000000000:user/ada", "allowed"),
        ("arn:aws:iam::000000000000:user/bob", "implicitDeny"),
    ] {
        let found: iam::SimulatePolicyResponse =
            ok(&world.admin, "SimulatePrincipalPolicy", request(Some(caller))).await;
        assert_eq!(found.evaluation_results.expect("results")[0].eval_decision, decision, "{caller}");
    }
}

#[tokio::test]
async fn what_cannot_be_simulated_is_refused() {
    let world = World::new().await;
    let base = || iam::SimulateCustomPolicyRequest {
        policy_input_list: policies(&[&allow("*")]),
        action_names: texts(&["s3:GetObject"]),
        ..Default::default()
    };
    let action = iam::SimulateCustomPolicyRequest { action_names: texts(&["GetObject"]), ..base() };
    assert_eq!(
        fails(&world.admin, "SimulateCustomPolicy", action).await,
        "400 InvalidInput: Invalid Action Name: GetObject"
    );
    let policy = iam::SimulateCustomPolicyRequest { policy_input_list: texts(&["{}"]), ..base() };
    assert!(
        fails(&world.admin, "SimulateCustomPolicy", policy)
            .await
            .starts_with("400 InvalidInput: Invalid policy")
    );
    let nobody = |arn: &str| iam::SimulatePrincipalPolicyRequest {
        policy_source_arn: text(arn),
        action_names: texts(&["s3:GetObject"]),
        ..Default::default()
    };
    assert_eq!(
        fails(&world.admin, "SimulatePrincipalPolicy", nobody("arn:aws:iam::000000000000:user/eve")).await,
        "404 NoSuchEntity: The user with name eve cannot be found."
    );
    assert!(
        fails(&world.admin, "SimulatePrincipalPolicy", nobody("arn:aws:iam::000000000000:policy/p"))
            .await
            .starts_with("400 InvalidInput: Invalid Entity Arn")
    );
}

#[tokio::test]
async fn policies_of_one_request_have_a_bound_together() {
    let world = World::new().await;
    // Each is as long as AWS lets one policy be; the second fits, the third does not.
    let long = |count: usize| {
        let empty = document(&allow("s3:GetObject"));
        vec![format!("{empty}{}", " ".repeat(131_072 - empty.len())); count]
    };
    let request = |count: usize| iam::SimulateCustomPolicyRequest {
        policy_input_list: long(count),
        action_names: texts(&["s3:GetObject"]),
        ..Default::default()
    };
    assert_eq!(custom(&world, request(2)).await[0].eval_decision, "allowed");
    let too_long = "400 InvalidInput: The policies have 393216 bytes together, and may have 262144.";
    assert_eq!(fails(&world.admin, "SimulateCustomPolicy", request(3)).await, too_long);
    let boundary = iam::SimulateCustomPolicyRequest {
        permissions_boundary_policy_input_list: Some(long(1)),
        ..request(2)
    };
    assert_eq!(fails(&world.admin, "SimulateCustomPolicy", boundary).await, too_long);
    world.user("ada", "").await;
    let arn = text("arn:aws:iam::000000000000:user/ada");
    let principal = iam::SimulatePrincipalPolicyRequest {
        policy_source_arn: arn.clone(),
        policy_input_list: Some(long(2)),
        resource_policy: Some(long(1).remove(0)),
        action_names: texts(&["s3:GetObject"]),
        ..Default::default()
    };
    assert_eq!(fails(&world.admin, "SimulatePrincipalPolicy", principal).await, too_long);
    let keys = iam::GetContextKeysForCustomPolicyRequest { policy_input_list: long(3) };
    assert_eq!(fails(&world.admin, "GetContextKeysForCustomPolicy", keys).await, too_long);
    let keys = iam::GetContextKeysForPrincipalPolicyRequest {
        policy_source_arn: arn,
        policy_input_list: Some(long(3)),
    };
    assert_eq!(fails(&world.admin, "GetContextKeysForPrincipalPolicy", keys).await, too_long);
    let entries = iam::SimulateCustomPolicyRequest {
        context_entries: Some(vec![entry("aws:username", &[&"x".repeat(16 * 1024)])]),
        ..request(1)
    };
    assert_eq!(
        fails(&world.admin, "SimulateCustomPolicy", entries).await,
        "400 InvalidInput: The context entries have 16396 bytes together, and may have 16384."
    );
}

#[tokio::test]
async fn a_page_of_long_policies_ends_early_and_the_next_goes_on() {
    let world = World::new().await;
    let actions: Vec<String> = (0..150).map(|number| format!("s3:Action{number}")).collect();
    let short = document(&allow("s3:Action*"));
    let first = iam::SimulateCustomPolicyRequest {
        policy_input_list: vec![format!("{short}{}", " ".repeat(131_072 - short.len())); 2],
        action_names: actions.clone(),
        max_items: Some(1000),
        ..Default::default()
    };
    let (mut seen, mut lengths, mut marker) = (Vec::new(), Vec::new(), None);
    loop {
        let request = iam::SimulateCustomPolicyRequest { marker, ..first.clone() };
        let found: iam::SimulatePolicyResponse = ok(&world.admin, "SimulateCustomPolicy", request).await;
        let results = found.evaluation_results.expect("results");
        lengths.push(results.len());
        seen.extend(results.into_iter().map(|result| result.eval_action_name));
        assert_eq!(found.is_truncated, Some(found.marker.is_some()));
        marker = found.marker;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(lengths, [64, 64, 22]);
    assert_eq!(seen, actions);
}

#[tokio::test]
async fn only_a_user_is_a_caller() {
    let world = World::new().await;
    let request = |caller: Option<&str>| iam::SimulateCustomPolicyRequest {
        policy_input_list: policies(&[&allow("s3:*")]),
        action_names: texts(&["s3:GetObject"]),
        resource_policy: Some(document(
            "{'Effect':'Deny','Principal':{'AWS':'arn:aws:iam::000000000000:user/x/ada'},'Action':'s3:*','Resource':'*'}",
        )),
        caller_arn: caller.map(text),
        ..Default::default()
    };
    assert_eq!(
        fails(&world.admin, "SimulateCustomPolicy", request(None)).await,
        "400 InvalidInput: CallerArn is required with a ResourcePolicy unless the policies of a user are simulated."
    );
    for other in [
        "arn:aws:iam::000000000000:role/ada",
        "arn:aws:sts::000000000000:assumed-role/r/ada",
        "arn:aws:sts::000000000000:federated-user/ada",
        "arn:aws:iam::000000000000:user/",
        "arn:aws:iam::aws:user/ada",
        "lambda.amazonaws.com",
    ] {
        let expected = format!(
            "400 InvalidInput: Invalid CallerArn: {other} is not the ARN of a user, who alone can be simulated."
        );
        assert_eq!(fails(&world.admin, "SimulateCustomPolicy", request(Some(other))).await, expected);
    }
    for (caller, decision) in [("x/ada", "explicitDeny"), ("ada", "allowed")] {
        let caller = format!("arn:aws:iam::000000000000:user/{caller}");
        assert_eq!(custom(&world, request(Some(&caller))).await[0].eval_decision, decision, "{caller}");
    }
}

#[tokio::test]
async fn a_resource_with_a_policy_is_in_the_account_that_its_arn_names() {
    let world = World::new().await;
    let request = |resource: &str, owner: Option<&str>, may: &str| iam::SimulateCustomPolicyRequest {
        policy_input_list: policies(&[&allow(may)]),
        action_names: texts(&["sqs:SendMessage"]),
        resource_arns: Some(texts(&[resource])),
        resource_policy: Some(document(
            "{'Effect':'Allow','Principal':{'AWS':'arn:aws:iam::000000000000:user/ada'},'Action':'*','Resource':'*'}",
        )),
        resource_owner: owner.map(text),
        caller_arn: Some(text("arn:aws:iam::000000000000:user/ada")),
        ..Default::default()
    };
    let (own, theirs) = ("arn:aws:sqs:us-east-1:000000000000:q", "arn:aws:sqs:us-east-1:111122223333:q");
    let nobodys = "arn:aws:s3:::bucket";
    let root = Some("arn:aws:iam::111122223333:root");
    // Within the account the resource's policy is enough, across accounts both must allow.
    for (resource, owner, may, decision, silent) in [
        (own, None, "ec2:*", "allowed", false),
        (own, root, "ec2:*", "allowed", false),
        (theirs, None, "ec2:*", "implicitDeny", true),
        (theirs, None, "sqs:*", "allowed", true),
        (nobodys, None, "ec2:*", "allowed", false),
        (nobodys, root, "ec2:*", "implicitDeny", true),
        (nobodys, root, "sqs:*", "allowed", true),
        ("*", None, "sqs:*", "allowed", true),
    ] {
        let result = &custom(&world, request(resource, owner, may)).await[0];
        assert_eq!(result.eval_decision, decision, "{resource} {owner:?} {may}");
        let details = result.eval_decision_details.as_ref().map(std::collections::BTreeMap::len);
        assert_eq!(details, (!silent).then_some(0), "{resource} {owner:?}");
    }
}
