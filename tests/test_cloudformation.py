"""CloudFormation with boto3 and the `aws` CLI: stacks come complete or not at all, whatever fails and whenever the server dies."""

import json
import os
import random
import time

import pytest
from botocore.exceptions import ClientError
from conftest import TRUST, serving, wait_for

LINES = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 7}}


def template(resources, **sections):
    return json.dumps({"Resources": resources, **sections})


def stack(cf, name):
    """A stack once it is settled; none where there is none. The answer is held open while it changes."""
    def settled():
        try:
            found = cf.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            assert "does not exist" in error.response["Error"]["Message"]
            return {"StackStatus": "GONE"}
        return found if not found["StackStatus"].endswith("IN_PROGRESS") else None
    return wait_for(f"the stack {name}", settled)


def groups(weft, prefix):
    found = weft.client("logs").describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]
    return {group["logGroupName"]: group.get("retentionInDays") for group in found}


def failures(cf, name):
    events = cf.describe_stack_events(StackName=name)["StackEvents"]
    return {event["LogicalResourceId"]: event.get("ResourceStatusReason", "") for event in events if event["ResourceStatus"].endswith("_FAILED")}


def refusal(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_a_stack_is_made_changed_and_deleted(best):
    cf = best.client("cloudformation")
    body = template({"A": LINES, "B": {"Type": "AWS::Logs::LogGroup", "DependsOn": "A", "Properties": {"LogGroupName": "chg-b"}}},
                    Outputs={"Arn": {"Value": {"Fn::GetAtt": ["A", "Arn"]}, "Export": {"Name": "chg-arn"}}})
    cf.create_stack(StackName="chg", TemplateBody=body, Tags=[{"Key": "team", "Value": "red"}])
    made = stack(cf, "chg")
    assert made["StackStatus"] == "CREATE_COMPLETE"
    name = next(iter(groups(best, "chg-A-")))
    assert made["Outputs"][0]["OutputValue"].endswith(f":log-group:{name}:*")
    tags = best.client("logs").list_tags_for_resource(resourceArn=made["Outputs"][0]["OutputValue"].removesuffix(":*"))["tags"]
    assert tags["team"] == "red"
    assert refusal(cf.update_stack, StackName="chg", TemplateBody=body) == ("ValidationError", "No updates are to be performed.")
    changed = template({"A": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 14}},
                        "B": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "chg-c"}}})
    cf.update_stack(StackName="chg", TemplateBody=changed)
    assert stack(cf, "chg")["StackStatus"] == "UPDATE_COMPLETE"
    assert groups(best, "chg-") == {name: 14, "chg-c": None}
    cf.delete_stack(StackName="chg")
    assert stack(cf, "chg")["StackStatus"] == "GONE"
    assert stack(cf, made["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    assert groups(best, "chg-") == {}


def test_what_fails_goes_back_and_says_why(best):
    cf = best.client("cloudformation")
    best.client("logs").create_log_group(logGroupName="back-taken")
    taken = {"Type": "AWS::Logs::LogGroup", "DependsOn": "A", "Properties": {"LogGroupName": "back-taken"}}
    cf.create_stack(StackName="back", TemplateBody=template({"A": LINES, "X": taken}))
    assert stack(cf, "back")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "already exists" in failures(cf, "back")["X"]
    assert groups(best, "back-") == {"back-taken": None}
    cf.delete_stack(StackName="back")
    assert stack(cf, "back")["StackStatus"] == "GONE"

    cf.create_stack(StackName="back", TemplateBody=template({"A": LINES}))
    assert stack(cf, "back")["StackStatus"] == "CREATE_COMPLETE"
    before = groups(best, "back-")
    longer = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 30}}
    cf.update_stack(StackName="back", TemplateBody=template({"A": longer, "N": LINES, "X": taken | {"DependsOn": ["A", "N"]}}))
    assert stack(cf, "back")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert groups(best, "back-") == before
    cf.delete_stack(StackName="back")
    assert stack(cf, "back")["StackStatus"] == "GONE"


def test_everything_wrong_is_named_before_anything_is_touched(best):
    cf = best.client("cloudformation")
    wrong = {"A": LINES, "B": {"Type": "AWS::Nothing::Such"}, "C": {"Type": "AWS::Logs::LogGroup", "Properties": {"Retention": 1}},
             "D": {"Type": "AWS::Lambda::Function", "Properties": {"Handler": "h"}}}
    code, message = refusal(cf.create_stack, StackName="wrong", TemplateBody=template(wrong))
    assert code == "ValidationError"
    for part in ["AWS::Nothing::Such", "Retention", "Role", "Code"]:
        assert part in message, message
    assert groups(best, "wrong-") == {}
    assert stack(cf, "wrong")["StackStatus"] == "GONE"
    role = {"R": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}}}
    code, message = refusal(cf.create_stack, StackName="wrong", TemplateBody=template(role))
    assert (code, message) == ("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]")


def test_change_sets_show_and_do_what_changes(best):
    cf = best.client("cloudformation")
    made = cf.create_change_set(StackName="sets", ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=template({"A": LINES}))
    assert cf.describe_stacks(StackName="sets")["Stacks"][0]["StackStatus"] == "REVIEW_IN_PROGRESS"
    cf.get_waiter("change_set_create_complete").wait(ChangeSetName=made["Id"], WaiterConfig={"Delay": 1})
    shown = cf.describe_change_set(ChangeSetName="first", StackName="sets")["Changes"]
    assert [(c["ResourceChange"]["Action"], c["ResourceChange"]["LogicalResourceId"]) for c in shown] == [("Add", "A")]
    cf.execute_change_set(ChangeSetName="first", StackName="sets")
    assert stack(cf, "sets")["StackStatus"] == "CREATE_COMPLETE"
    same = cf.create_change_set(StackName="sets", ChangeSetName="same", TemplateBody=template({"A": LINES}))
    found = cf.describe_change_set(ChangeSetName=same["Id"])
    assert found["Status"] == "FAILED" and found["StatusReason"].startswith("The submitted information didn't contain changes.")
    cf.delete_change_set(ChangeSetName=same["Id"])
    assert refusal(cf.describe_change_set, ChangeSetName="same", StackName="sets")[0] == "ChangeSetNotFound"
    cf.delete_stack(StackName="sets")
    stack(cf, "sets")


def test_exports_tie_stacks_together(best):
    cf = best.client("cloudformation")
    exports = template({"A": LINES}, Outputs={"N": {"Value": {"Ref": "A"}, "Export": {"Name": "tied"}}})
    cf.create_stack(StackName="giver", TemplateBody=exports)
    assert stack(cf, "giver")["StackStatus"] == "CREATE_COMPLETE"
    named = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": {"Fn::Sub": ["${N}-more", {"N": {"Fn::ImportValue": "tied"}}]}}}
    cf.create_stack(StackName="taker", TemplateBody=template({"B": named}))
    assert stack(cf, "taker")["StackStatus"] == "CREATE_COMPLETE"
    assert cf.list_imports(ExportName="tied")["Imports"] == ["taker"]
    cf.delete_stack(StackName="giver")
    assert stack(cf, "giver")["StackStatus"] == "DELETE_FAILED"
    for name in ["taker", "giver"]:
        cf.delete_stack(StackName=name)
        assert stack(cf, name)["StackStatus"] == "GONE"


def test_a_role_deploys_with_its_own_rights_only(best):
    cf = best.client("cloudformation")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "cloudformation.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    role = best.role("deployer", {"Effect": "Allow", "Action": ["logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:TagResource"], "Resource": "*"}, trust=trust)
    cf.create_stack(StackName="narrow", TemplateBody=template({"A": LINES}), RoleARN=role)
    assert stack(cf, "narrow")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "is not authorized to perform: logs:PutRetentionPolicy" in failures(cf, "narrow")["A"]
    assert groups(best, "narrow-") == {}
    cf.delete_stack(StackName="narrow")
    stack(cf, "narrow")


def test_two_hundred_resources_are_one_stack(best):
    cf = best.client("cloudformation")
    body = template({f"G{number}": {"Type": "AWS::Logs::LogGroup"} for number in range(200)})
    cf.create_stack(StackName="many", TemplateBody=body)
    assert stack(cf, "many")["StackStatus"] == "CREATE_COMPLETE"
    pages = cf.get_paginator("list_stack_resources").paginate(StackName="many")
    assert len([r for page in pages for r in page["StackResourceSummaries"]]) == 200
    cf.delete_stack(StackName="many")
    assert stack(cf, "many")["StackStatus"] == "GONE"


def test_the_aws_cli_deploys_and_finds_no_change(best):
    (best.folder / "cli.json").write_text(template({"A": LINES}))
    deploy = ["cloudformation", "deploy", "--stack-name", "cli", "--template-file", "cli.json"]
    best.aws(*deploy)
    assert "No changes to deploy" in best.aws(*deploy, "--no-fail-on-empty-changeset").stdout
    best.aws("cloudformation", "delete-stack", "--stack-name", "cli")
    best.aws("cloudformation", "wait", "stack-delete-complete", "--stack-name", "cli")


def whole(number, width, fails):
    """A stack of log groups, roles, functions and versions."""
    made = {}
    for i in range(width):
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": {"Fn::GetAtt": [f"G{i}", "Arn"]}}]}
        made[f"G{i}"] = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": [7, 14, 30][number % 3]}}
        made[f"R{i}"] = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST, "Policies": [{"PolicyName": "p", "PolicyDocument": policy}]}}
        made[f"F{i}"] = {"Type": "AWS::Lambda::Function", "Properties": {
            "Runtime": "python3.11", "Handler": "index.handler", "Role": {"Fn::GetAtt": [f"R{i}", "Arn"]}, "Code": {"ZipFile": f"def handler(e, c):\n    return {number}\n"}}}
        made[f"V{i}x{number}"] = {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": f"F{i}"}}}
    if fails:
        made["X"] = {"Type": "AWS::Logs::LogGroup", "DependsOn": f"F{width - 1}", "Properties": {"LogGroupName": "taken"}}
    return template(made)


def inventory(weft):
    """What there is, by kind."""
    functions = {f["FunctionName"] for page in weft.client("lambda").get_paginator("list_functions").paginate() for f in page["Functions"]}
    versions = {v["FunctionArn"] for f in functions for v in weft.client("lambda").list_versions_by_function(FunctionName=f)["Versions"] if v["Version"] != "$LATEST"}
    return {"AWS::Logs::LogGroup": set(groups(weft, "killed")), "AWS::Lambda::Function": functions, "AWS::Lambda::Version": versions,
            "AWS::IAM::Role": {role["RoleName"] for role in weft.client("iam").list_roles()["Roles"]}}


def recorded(cf, names):
    """What the stacks say that there is, by kind."""
    found = {}
    for name in names:
        for resource in cf.list_stack_resources(StackName=name)["StackResourceSummaries"]:
            if resource.get("PhysicalResourceId") and not resource["ResourceStatus"].startswith("DELETE_"):
                found.setdefault(resource["ResourceType"], set()).add(resource["PhysicalResourceId"])
    return found


def test_whenever_the_server_dies_stacks_end_whole_and_nothing_leaks():
    chance = random.Random(7)
    with serving("full" if os.getuid() == 0 else "rootless") as weft:
        weft.client("logs").create_log_group(logGroupName="taken")
        for number in range(20):
            cf, name = weft.client("cloudformation"), f"killed{number % 3}"
            status = stack(cf, name)["StackStatus"]
            act = chance.choice(["make", "make", "fail", "delete"])
            body = {"StackName": name, "TemplateBody": whole(number, chance.choice([1, 2, 3]), act == "fail"), "Capabilities": ["CAPABILITY_IAM"]}
            if status == "GONE":
                cf.create_stack(**body)
            elif act == "delete" or status == "ROLLBACK_COMPLETE":
                cf.delete_stack(StackName=name)
            else:
                cf.update_stack(**body)
            # The moment of the kill is the point of the test: anywhere in the operation.
            time.sleep(chance.random() * 0.25)
            weft.kill()
            weft.start()
            cf = weft.client("cloudformation")
            names = [found["StackName"] for found in cf.describe_stacks()["Stacks"]]
            for name in names:
                assert not stack(cf, name)["StackStatus"].endswith("FAILED"), failures(cf, name)
            names = [found["StackName"] for found in cf.describe_stacks()["Stacks"]]
            there, said = inventory(weft), recorded(cf, names)
            assert there == {kind: said.get(kind, set()) for kind in there}, number


PYTHON = """import cfnresponse
def handler(event, context):
    if event["ResourceProperties"].get("Fail") == "true":
        return cfnresponse.send(event, context, cfnresponse.FAILED, {}, reason="it was told to")
    cfnresponse.send(event, context, cfnresponse.SUCCESS, {"Answer": event["RequestType"] + event["ResourceProperties"]["N"]}, "one")
"""
# As the CDK's own do: scheme and port of the address are dropped.
NODE = """const https = require("https");
exports.handler = async (event) => {
  const body = JSON.stringify({Status: "SUCCESS", PhysicalResourceId: "two", StackId: event.StackId, RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId, Data: {Answer: event.RequestType + event.ResourceProperties.N}});
  const to = new URL(event.ResponseURL);
  await new Promise((done, failed) => {
    const headers = {"content-type": "", "content-length": body.length};
    const request = https.request({hostname: to.hostname, path: to.pathname + to.search, method: "PUT", headers}, (answer) => { answer.resume(); done(); });
    request.on("error", failed);
    request.end(body);
  });
};
"""


def custom(number, fails=False):
    basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    made = {"Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST, "ManagedPolicyArns": [basic]}}}
    for name, runtime, code in [("Py", "python3.11", PYTHON), ("Js", "nodejs20.x", NODE)]:
        made[name] = {"Type": "AWS::Lambda::Function", "Properties": {
            "Runtime": runtime, "Handler": "index.handler", "Timeout": 20, "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Code": {"ZipFile": code}}}
        properties = {"ServiceToken": {"Fn::GetAtt": [name, "Arn"]}, "N": number, **({"Fail": True} if fails and name == "Py" else {})}
        made[f"C{name}"] = {"Type": f"Custom::{name}", "Properties": properties}
    return template(made, Outputs={name: {"Value": {"Fn::GetAtt": [f"C{name}", "Answer"]}} for name in ["Py", "Js"]})


def test_custom_resources_answer_over_https(weft):
    cf = weft.client("cloudformation")

    def outputs():
        found = stack(cf, "custom")
        return found["StackStatus"], {o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", [])}

    cf.create_stack(StackName="custom", TemplateBody=custom(7), Capabilities=["CAPABILITY_IAM"])
    assert outputs() == ("CREATE_COMPLETE", {"Py": "Create7", "Js": "Create7"})
    cf.update_stack(StackName="custom", TemplateBody=custom(8), Capabilities=["CAPABILITY_IAM"])
    assert outputs() == ("UPDATE_COMPLETE", {"Py": "Update8", "Js": "Update8"})
    cf.update_stack(StackName="custom", TemplateBody=custom(9, fails=True), Capabilities=["CAPABILITY_IAM"])
    assert outputs() == ("UPDATE_ROLLBACK_COMPLETE", {"Py": "Update8", "Js": "Update8"})
    assert "it was told to" in failures(cf, "custom")["CPy"]
    cf.delete_stack(StackName="custom")
    assert outputs()[0] == "GONE"
