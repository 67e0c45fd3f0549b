"""IAM and STS through boto3 and the `aws` CLI: whole lives, paginators, waiters, simulations, sessions."""

import json

import pytest
from botocore.exceptions import ClientError
from conftest import packed

ACCOUNT = "000000000000"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions, resource="*", **more):
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def code(call, *args, **settings):
    """The code of the error that a call must end with."""
    with pytest.raises(ClientError) as error:
        call(*args, **settings)
    return error.value.response["Error"]["Code"]


def user(weft, name, *statements):
    """A user with these statements, and keys for it."""
    iam = weft.client("iam")
    iam.create_user(UserName=name)
    iam.get_waiter("user_exists").wait(UserName=name)
    if statements:
        iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=policy(*statements))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def keys_of(answer):
    found = answer["Credentials"]
    return found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]


def role(weft, name, *statements, **conditions):
    """A role that the account may assume under these conditions."""
    statement = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]}
    if conditions:
        statement["Condition"] = conditions
    return weft.role(name, *statements, trust={"Version": "2012-10-17", "Statement": [statement]})


def test_a_users_life_with_groups_and_policies(best):
    iam = best.client("iam")
    keys = user(best, "ada")
    mine = best.client("iam", keys)
    assert code(mine.list_roles) == "AccessDenied"
    iam.create_group(GroupName="readers", Path="/teams/")
    made = iam.create_policy(PolicyName="reader", PolicyDocument=policy(allow("iam:List*")), Tags=[{"Key": "team", "Value": "red"}])["Policy"]
    iam.get_waiter("policy_exists").wait(PolicyArn=made["Arn"])
    iam.attach_group_policy(GroupName="readers", PolicyArn=made["Arn"])
    iam.add_user_to_group(GroupName="readers", UserName="ada")
    mine.list_roles()
    assert [u["UserName"] for u in iam.get_group(GroupName="readers")["Users"]] == ["ada"]
    assert [g["Arn"] for g in iam.list_groups_for_user(UserName="ada")["Groups"]] == [f"arn:aws:iam::{ACCOUNT}:group/teams/readers"]
    entities = iam.list_entities_for_policy(PolicyArn=made["Arn"])
    assert [g["GroupName"] for g in entities["PolicyGroups"]] == ["readers"] and entities["PolicyUsers"] == []
    iam.put_user_permissions_boundary(UserName="ada", PermissionsBoundary="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    assert iam.get_user(UserName="ada")["User"]["PermissionsBoundary"]["PermissionsBoundaryType"] == "Policy"
    assert code(mine.list_roles) == "AccessDenied"
    iam.delete_user_permissions_boundary(UserName="ada")
    mine.list_roles()
    assert code(iam.delete_group, GroupName="readers") == "DeleteConflict"
    assert code(iam.delete_policy, PolicyArn=made["Arn"]) == "DeleteConflict"
    iam.remove_user_from_group(GroupName="readers", UserName="ada")
    assert code(mine.list_roles) == "AccessDenied"
    iam.detach_group_policy(GroupName="readers", PolicyArn=made["Arn"])
    iam.delete_group(GroupName="readers")
    iam.delete_policy(PolicyArn=made["Arn"])
    iam.delete_access_key(UserName="ada", AccessKeyId=keys[0])
    iam.delete_user(UserName="ada")
    assert code(iam.get_user, UserName="ada") == "NoSuchEntity"


def test_waiters_wait_for_roles_and_instance_profiles(best):
    iam = best.client("iam")
    best.role("machine", trust={"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
    iam.get_waiter("role_exists").wait(RoleName="machine")
    iam.create_instance_profile(InstanceProfileName="machine")
    iam.get_waiter("instance_profile_exists").wait(InstanceProfileName="machine")
    iam.add_role_to_instance_profile(InstanceProfileName="machine", RoleName="machine")
    [found] = iam.list_instance_profiles_for_role(RoleName="machine")["InstanceProfiles"]
    assert found["Roles"][0]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "ec2.amazonaws.com"}
    assert code(iam.delete_role, RoleName="machine") == "DeleteConflict"
    iam.remove_role_from_instance_profile(InstanceProfileName="machine", RoleName="machine")
    iam.delete_instance_profile(InstanceProfileName="machine")
    iam.delete_role(RoleName="machine")


def test_the_policies_of_aws_are_there(best):
    iam = best.client("iam")
    pages = list(iam.get_paginator("list_policies").paginate(Scope="AWS"))
    found = {p["PolicyName"]: p for page in pages for p in page["Policies"]}
    assert len(pages) > 10 and len(found) > 1500
    assert {"ReadOnlyAccess", "PowerUserAccess", "AWSLambdaBasicExecutionRole", "AmazonS3FullAccess"} <= found.keys()
    arn = found["AWSLambdaBasicExecutionRole"]["Arn"]
    assert arn == "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    shown = iam.get_policy(PolicyArn=arn)["Policy"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=shown["DefaultVersionId"])["PolicyVersion"]["Document"]
    assert "logs:PutLogEvents" in document["Statement"][0]["Action"]
    assert code(iam.delete_policy, PolicyArn=arn) == "AccessDenied"
    attached = [p["Arn"] for page in iam.get_paginator("list_policies").paginate(OnlyAttached=True) for p in page["Policies"]]
    assert ADMIN in attached and arn not in attached


def test_the_accounts_details_come_in_pages(best):
    iam = best.client("iam")
    for number in range(7):
        iam.create_group(GroupName=f"page-{number}")
    whole = iam.get_account_authorization_details()
    pages = list(iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 3}))
    for kind, name in (("UserDetailList", "UserName"), ("GroupDetailList", "GroupName"), ("RoleDetailList", "RoleName"), ("Policies", "PolicyName")):
        assert [d[name] for page in pages for d in page[kind]] == [d[name] for d in whole[kind]]
    assert len(pages) >= 3 and {f"page-{number}" for number in range(7)} <= {g["GroupName"] for g in whole["GroupDetailList"]}
    [admin] = [p for p in whole["Policies"] if p["PolicyName"] == "AdministratorAccess"]
    assert admin["PolicyVersionList"][0]["Document"]["Statement"][0]["Action"] == "*"
    only = iam.get_account_authorization_details(Filter=["Group"])
    assert only["UserDetailList"] == [] and only["GroupDetailList"] == whole["GroupDetailList"]


def test_a_newcomer_simulates_a_policy_with_the_cli(best):
    user(best, "sim", allow("s3:GetObject", resource="arn:aws:s3:::shop/*"))
    arn = f"arn:aws:iam::{ACCOUNT}:user/sim"

    def simulate(*args):
        return json.loads(best.aws("iam", "simulate-principal-policy", "--policy-source-arn", arn, *args).stdout)["EvaluationResults"]

    [get, put] = simulate("--action-names", "s3:GetObject", "s3:PutObject", "--resource-arns", "arn:aws:s3:::shop/a.txt")
    assert (get["EvalDecision"], put["EvalDecision"]) == ("allowed", "implicitDeny")
    assert get["MatchedStatements"][0]["SourcePolicyId"] == "user_sim_inline" and "StartPosition" in get["MatchedStatements"][0]
    assert get["ResourceSpecificResults"][0]["EvalResourceDecision"] == "allowed"
    wants = policy(allow("sqs:*", Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}))
    [missing] = simulate("--action-names", "sqs:SendMessage", "--policy-input-list", wants)
    assert (missing["EvalDecision"], missing["MissingContextValues"]) == ("implicitDeny", ["aws:RequestedRegion"])
    entry = "ContextKeyName=aws:RequestedRegion,ContextKeyValues=eu-west-1,ContextKeyType=string"
    [given] = simulate("--action-names", "sqs:SendMessage", "--policy-input-list", wants, "--context-entries", entry)
    assert given["EvalDecision"] == "allowed"
    keys = json.loads(best.aws("iam", "get-context-keys-for-custom-policy", "--policy-input-list", wants).stdout)
    assert keys["ContextKeyNames"] == ["aws:RequestedRegion"]
    pages = best.client("iam").get_paginator("simulate_principal_policy").paginate(PolicySourceArn=arn, ActionNames=[f"s3:Get{n}" for n in range(9)], PaginationConfig={"PageSize": 4})
    assert [r["EvalActionName"] for page in pages for r in page["EvaluationResults"]] == [f"s3:Get{n}" for n in range(9)]


def test_sessions_narrow_and_carry_what_was_passed(best):
    sts = best.client("sts")
    arn = role(best, "shared", allow("iam:List*", "iam:GetRole"), StringEquals={"sts:ExternalId": "x-1"})
    assert code(sts.assume_role, RoleArn=arn, RoleSessionName="s1") == "AccessDenied"
    made = sts.assume_role(RoleArn=arn, RoleSessionName="s1", ExternalId="x-1", Policy=policy(allow("iam:ListUsers")), DurationSeconds=900)
    assert made["PackedPolicySize"] > 0
    session = keys_of(made)
    assert best.client("sts", session).get_caller_identity()["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/shared/s1"
    iam = best.client("iam", session)
    iam.list_users()
    assert code(iam.list_roles) == "AccessDenied"
    assert code(sts.assume_role, RoleArn=arn, RoleSessionName="s1", ExternalId="x-1", DurationSeconds=7200) == "ValidationError"
    wrong = (session[0], session[1], session[2][:-4] + "AAAA")
    assert code(best.client("sts", wrong).get_caller_identity) == "InvalidClientTokenId"


def test_session_tags_decide(best):
    sts = best.client("sts")
    arn = role(best, "tagged", allow("iam:ListUsers", Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}}))
    for team, allowed in (("red", True), ("blue", False)):
        made = sts.assume_role(RoleArn=arn, RoleSessionName="s1", Tags=[{"Key": "team", "Value": team}], SourceIdentity="ada")
        assert made["SourceIdentity"] == "ada"
        iam = best.client("iam", keys_of(made))
        if allowed:
            iam.list_users()
        else:
            assert code(iam.list_users) == "AccessDenied"


def test_a_functions_tags_decide_and_are_explained(best):
    for name in ("red", "blue"):
        best.function(f"of-{name}", "def handler(event, context):\n    return 1\n", Tags={"team": name})
    mine = best.client("lambda", user(best, "tagger", allow("lambda:*", Condition={"StringEquals": {"aws:ResourceTag/team": "red"}})))
    assert mine.invoke(FunctionName="of-red")["StatusCode"] == 200
    for call in (mine.invoke, mine.get_function, mine.list_aliases):
        assert code(call, FunctionName="of-blue") == "AccessDeniedException"
    with pytest.raises(ClientError) as error:
        mine.get_function(FunctionName="of-blue")
    explained = best.cli("explain", error.value.response["ResponseMetadata"]["RequestId"]).stdout
    assert "but wants StringEquals aws:ResourceTag/team red, and the request has blue" in explained
    function = mine.get_function(FunctionName="of-red")
    explained = best.cli("explain", function["ResponseMetadata"]["RequestId"]).stdout
    assert "where   StringEquals aws:ResourceTag/team red, and the request has red" in explained
    mine.untag_resource(Resource=function["Configuration"]["FunctionArn"], TagKeys=["team"])
    assert code(mine.invoke, FunctionName="of-red") == "AccessDeniedException"


def test_other_temporary_keys(best):
    keys = user(best, "fed", allow("logs:Describe*", "lambda:List*", "iam:List*", "sts:*"))
    sts = best.client("sts", keys)
    token = keys_of(sts.get_session_token(DurationSeconds=900))
    assert best.client("sts", token).get_caller_identity()["Arn"].endswith(":user/fed")
    best.client("lambda", token).list_functions()
    assert code(best.client("sts", token).get_session_token) == "AccessDenied"
    guest = keys_of(sts.get_federation_token(Name="guest", Policy=policy(allow("logs:DescribeLogGroups", "iam:*"))))
    assert best.client("sts", guest).get_caller_identity()["Arn"] == f"arn:aws:sts::{ACCOUNT}:federated-user/guest"
    best.client("logs", guest).describe_log_groups()
    assert code(best.client("lambda", guest).list_functions) == "AccessDeniedException"
    # Neither may call IAM, whatever the policies say.
    assert {code(best.client("iam", shut).list_users) for shut in (token, guest)} == {"InvalidClientTokenId"}
    assert sts.get_access_key_info(AccessKeyId=keys[0])["Account"] == ACCOUNT


def test_a_role_is_passed_only_to_the_service_that_may_have_it(best):
    made = best.role("passed")
    settings = {"Runtime": "python3.11", "Handler": "app.handler", "Role": made, "Code": {"ZipFile": packed("def handler(e, c): pass\n")}}
    for number, service in enumerate(("ec2.amazonaws.com", "lambda.amazonaws.com")):
        passes = allow("iam:PassRole", resource=made, Condition={"StringEquals": {"iam:PassedToService": service}})
        client = best.client("lambda", user(best, f"passer-{number}", allow("lambda:*"), passes))
        if service == "lambda.amazonaws.com":
            assert client.create_function(FunctionName="passed", **settings)["Role"] == made
        else:
            assert code(client.create_function, FunctionName="passed", **settings) == "AccessDeniedException"


def test_service_linked_roles(best):
    iam = best.client("iam")
    made = iam.create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com", CustomSuffix="test")["Role"]
    assert made["Path"] == "/aws-service-role/autoscaling.amazonaws.com/" and made["RoleName"] == "AWSServiceRoleForAutoScaling_test"
    assert code(iam.delete_role, RoleName=made["RoleName"]) == "UnmodifiableEntity"
    task = iam.delete_service_linked_role(RoleName=made["RoleName"])["DeletionTaskId"]
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    assert code(iam.get_role, RoleName=made["RoleName"]) == "NoSuchEntity"


def test_what_an_account_sets(best):
    iam = best.client("iam")
    iam.create_account_alias(AccountAlias="weft-shop")
    assert iam.list_account_aliases()["AccountAliases"] == ["weft-shop"]
    iam.delete_account_alias(AccountAlias="weft-shop")
    assert code(iam.get_account_password_policy) == "NoSuchEntity"
    iam.update_account_password_policy(MinimumPasswordLength=12, RequireSymbols=True)
    assert iam.get_account_password_policy()["PasswordPolicy"]["MinimumPasswordLength"] == 12
    iam.delete_account_password_policy()
    summary = iam.get_account_summary()["SummaryMap"]
    assert summary["UsersQuota"] == 5000 and summary["Users"] >= 1


def test_changes_survive_a_kill(best):
    iam = best.client("iam")
    keys = user(best, "kept")
    iam.create_group(GroupName="kept")
    iam.put_group_policy(GroupName="kept", PolicyName="p", PolicyDocument=policy(allow("iam:ListUsers")))
    iam.add_user_to_group(GroupName="kept", UserName="kept")
    arn = role(best, "kept-role", allow("iam:ListUsers"))
    session = keys_of(best.client("sts").assume_role(RoleArn=arn, RoleSessionName="s1", Tags=[{"Key": "a", "Value": "b"}]))
    best.kill()
    best.start()
    best.client("iam", keys).list_users()
    best.client("iam", session).list_users()
