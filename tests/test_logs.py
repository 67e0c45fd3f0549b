"""CloudWatch Logs as its real clients use it: boto3's paginators and event stream, `aws logs tail`, patterns, subscriptions, and what survives."""

import base64
import gzip
import json
import subprocess
import threading
import time
import uuid

import botocore.exceptions
import pytest
from conftest import BROUGHT, SYSTEM_PYTHON, TOOLS, wait_for


def now():
    return int(time.time() * 1000)


@pytest.fixture
def logs(best):
    return best.client("logs")


@pytest.fixture
def group(logs):
    name = f"/test/{uuid.uuid4().hex}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    yield name
    logs.delete_log_group(logGroupName=name)


def put(logs, group, messages, stream="s", at=None):
    start = at if at is not None else now()
    events = [{"timestamp": start + n, "message": message} for n, message in enumerate(messages)]
    return logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def filtered(logs, group, pattern="", **more):
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, filterPattern=pattern, **more)
    return [event["message"] for page in pages for event in page["events"]]


def test_paginators_see_everything_once(logs, group):
    for n in range(12):
        logs.create_log_stream(logGroupName=group, logStreamName=f"t{n:02}")
    put(logs, group, [f"line {n}" for n in range(25)], at=now() - 1000)
    expected = [f"line {n}" for n in range(25)]
    assert filtered(logs, group, PaginationConfig={"PageSize": 4}) == expected
    pages = logs.get_paginator("describe_log_streams").paginate(logGroupName=group, PaginationConfig={"PageSize": 5})
    assert sorted(stream["logStreamName"] for page in pages for stream in page["logStreams"]) == ["s", *(f"t{n:02}" for n in range(12))]
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=group, PaginationConfig={"PageSize": 1})
    assert [found["logGroupName"] for page in pages for found in page["logGroups"]] == [group]
    seen, token = [], None
    while True:
        page = logs.get_log_events(logGroupName=group, logStreamName="s", startFromHead=True, limit=7, **({"nextToken": token} if token else {}))
        seen += [event["message"] for event in page["events"]]
        if page["nextForwardToken"] == token:
            break
        token = page["nextForwardToken"]
    assert seen == expected


def test_patterns_of_every_kind_filter(logs, group):
    lines = [
        '{"level": "ERROR", "latency": 1200, "user": {"id": 7}}',
        '{"level": "INFO", "latency": 3, "user": {"id": 8}}',
        '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534',
        "[ERROR 401] UNAUTHORIZED REQUEST",
        "all is well",
    ]
    put(logs, group, lines)
    for pattern, expected in [
        ("", [0, 1, 2, 3, 4]),
        ("ERROR", [0, 3]),
        ("?UNAUTHORIZED ?well", [3, 4]),
        ("ERROR -REQUEST", [0]),
        ('"is well"', [4]),
        ("{ $.latency > 1000 }", [0]),
        ('{ $.level = "I*" && $.user.id = 8 }', [1]),
        ("{ $.missing NOT EXISTS }", [0, 1]),
        ("[ip, dash, user, time, request = *html*, status = 4*, bytes]", [2]),
        (r"%ERROR.4\d\d%", [3]),
    ]:
        assert filtered(logs, group, pattern) == [lines[n] for n in expected], pattern
    tried = logs.test_metric_filter(filterPattern="[..., status=4*, bytes]", logEventMessages=lines)["matches"]
    assert [(match["eventNumber"], match["extractedValues"]["$status"]) for match in tried] == [(3, "404")]
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        filtered(logs, group, "{ $.level = }")
    assert refused.value.response["Error"]["Code"] == "InvalidParameterException"
    assert refused.value.response["Error"]["Message"].startswith("Invalid filter pattern")


def following(best, *args, program=(str(TOOLS / "aws"),), more=None):
    """A command of the `aws` CLI that goes on, and the lines that it has printed so far."""
    env = dict(best.environment(), AWS_ENDPOINT_URL=best.url, AWS_ACCESS_KEY_ID=best.keys[0], AWS_SECRET_ACCESS_KEY=best.keys[1],
               AWS_DEFAULT_REGION="us-east-1", AWS_DISABLE_HOST_PREFIX_INJECTION="true", PYTHONUNBUFFERED="1", **(more or {}))
    process = subprocess.Popen([*program, *args], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines = []
    threading.Thread(target=lambda: lines.extend(iter(process.stdout.readline, "")), daemon=True).start()
    return process, lines


def test_the_aws_cli_searches_and_follows(best, logs, group):
    arn = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["logGroupArn"]
    put(logs, group, ["the first ERROR", "all is well"])
    shown = json.loads(best.aws("logs", "filter-log-events", "--log-group-name", group, "--filter-pattern", "ERROR", "--interleaved").stdout)
    assert [event["message"] for event in shown["events"]] == ["the first ERROR"]
    follow, lines = following(best, "logs", "start-live-tail", "--log-group-identifiers", arn)
    try:
        wait_for("what came later", lambda: put(logs, group, ["what came later"]) and any("what came later" in line for line in lines))
    finally:
        follow.terminate()
        follow.wait(10)
    assert not any("all is well" in line for line in lines), lines


@pytest.fixture
def version_2(best):
    """Follows a command of version 2 of the `aws` CLI, which `cargo xtask test logs` brings where Debian's packages can be had."""
    unpacked = BROUGHT / "awscli2"
    if not (unpacked / "brought").is_file():
        pytest.skip(f"version 2 of the `aws` CLI is not in {unpacked}: `cargo xtask test logs` brings it, on Debian")
    more = {"PYTHONPATH": str(unpacked / "usr/lib/python3/dist-packages"), "PYTHONDONTWRITEBYTECODE": "1"}
    program = [SYSTEM_PYTHON, str(unpacked / "usr/bin/aws")]
    said = subprocess.run([*program, "--version"], env=dict(best.environment(), **more), capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    if not said.stdout.startswith("aws-cli/2"):
        pytest.skip(f"`aws logs tail` came with version 2, and this machine's packages have {said.stdout}")
    # Debian's, of 2022, does not read AWS_ENDPOINT_URL.
    return lambda *args: following(best, "--endpoint-url", best.url, *args, program=program, more=more)


def test_version_2_of_the_aws_cli_tails_and_follows(version_2, logs, group):
    put(logs, group, ["the first ERROR", "all is well"])
    tail, lines = version_2("logs", "tail", group, "--filter-pattern", "ERROR", "--format", "short")
    assert tail.wait(60) == 0, lines
    wait_for("the line that matches", lambda: any("the first ERROR" in line for line in lines))
    assert not any("well" in line for line in lines), lines
    follow, lines = version_2("logs", "tail", group, "--follow", "--since", "1h")
    try:
        wait_for("what was there", lambda: any("all is well" in line for line in lines))
        put(logs, group, ["what came later"])
        wait_for("what came later", lambda: any("what came later" in line for line in lines))
        assert [sum(text in line for line in lines) for text in ("the first ERROR", "all is well", "what came later")] == [1, 1, 1], lines
    finally:
        follow.terminate()
        follow.wait(10)


def test_a_live_tail_streams_events_as_boto3_reads_them(best, logs, group):
    arn = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["logGroupArn"]
    tailing = best.client("logs", inject_host_prefix=False)
    stream = tailing.start_live_tail(logGroupIdentifiers=[arn], logEventFilterPattern="%^want%")["responseStream"]
    found, begun = [], False
    try:
        for event in stream:
            if "sessionStart" in event:
                begun = True
                assert event["sessionStart"]["logGroupIdentifiers"] == [arn]
                assert event["sessionStart"]["logEventFilterPattern"] == "%^want%"
                put(logs, group, ["other", "wanted"])
            else:
                update = event["sessionUpdate"]
                assert update["sessionMetadata"] == {"sampled": False}
                found += update["sessionResults"]
            if found:
                break
    finally:
        stream.close()
    assert begun
    [event] = found
    assert (event["message"], event["logStreamName"], event["logGroupIdentifier"]) == ("wanted", "s", f"000000000000:{group}")


def test_puts_keep_to_the_documented_rules(logs, group):
    answer = put(logs, group, ["from long ago"], at=now() - 15 * 86_400_000)
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    answer = put(logs, group, ["from the future"], at=now() + 3 * 3_600_000)
    assert answer["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 0}
    logs.put_log_events(logGroupName=group, logStreamName="s", sequenceToken="any", logEvents=[{"timestamp": now(), "message": "x" * 1_000_000}])
    for events, said in [
        ([{"timestamp": 2, "message": "a"}, {"timestamp": 1, "message": "b"}], "chronological order"),
        ([{"timestamp": now(), "message": "x" * 600_000}] * 2, "Upload too large"),
        ([{"timestamp": now() - 86_400_001, "message": "a"}, {"timestamp": now(), "message": "b"}], "24 hours"),
    ]:
        with pytest.raises(botocore.exceptions.ClientError, match=said) as refused:
            logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)
        assert refused.value.response["Error"]["Code"] == "InvalidParameterException"


def test_retention_hides_what_is_over_and_refuses_what_comes_late(logs, group):
    put(logs, group, ["two days ago"], at=now() - 2 * 86_400_000)
    put(logs, group, ["today"])
    assert filtered(logs, group) == ["two days ago", "today"]
    logs.put_retention_policy(logGroupName=group, retentionInDays=1)
    assert filtered(logs, group) == ["today"]
    answer = put(logs, group, ["late"], at=now() - 2 * 86_400_000)
    assert answer["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
    logs.delete_retention_policy(logGroupName=group)
    with pytest.raises(botocore.exceptions.ClientError, match="retentionInDays"):
        logs.put_retention_policy(logGroupName=group, retentionInDays=2)


def test_groups_are_protected_tagged_listed_and_have_policies(logs, group):
    logs.put_log_group_deletion_protection(logGroupIdentifier=group, deletionProtectionEnabled=True)
    with pytest.raises(botocore.exceptions.ClientError, match="deletion protection enabled"):
        logs.delete_log_group(logGroupName=group)
    logs.put_log_group_deletion_protection(logGroupIdentifier=group, deletionProtectionEnabled=False)
    logs.tag_log_group(logGroupName=group, tags={"stage": "test"})
    assert logs.list_tags_log_group(logGroupName=group)["tags"] == {"stage": "test"}
    found = logs.list_log_groups(logGroupNamePattern="^/test", logGroupTags=[{"key": "stage", "values": ["t*"]}])["logGroups"]
    assert [entry["logGroupName"] for entry in found] == [group]
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "route53.amazonaws.com"}, "Action": "logs:PutLogEvents", "Resource": "*"}]})
    logs.put_resource_policy(policyName="dns", policyDocument=document)
    [policy] = logs.describe_resource_policies()["resourcePolicies"]
    assert (policy["policyName"], policy["policyDocument"]) == ("dns", document)
    logs.delete_resource_policy(policyName="dns")
    assert logs.describe_resource_policies()["resourcePolicies"] == []


def test_the_tags_of_a_group_keep_out_whom_a_policy_denies_them(best, logs, group):
    iam, name = best.client("iam"), f"reader-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    denied = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/stage": "prod"}}}
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}, denied]}
    iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    reader = best.client("logs", keys=(key["AccessKeyId"], key["SecretAccessKey"]))
    put(reader, group, ["a line"])
    assert filtered(reader, group) == ["a line"]
    logs.tag_log_group(logGroupName=group, tags={"stage": "prod"})
    for refused in (
        lambda: put(reader, group, ["another"]),
        lambda: filtered(reader, group),
        lambda: reader.get_log_events(logGroupName=group, logStreamName="s"),
        lambda: reader.untag_log_group(logGroupName=group, tags=["stage"]),
        lambda: reader.delete_log_group(logGroupName=group),
    ):
        with pytest.raises(botocore.exceptions.ClientError, match="explicit deny in an identity-based policy"):
            refused()
    assert filtered(logs, group) == ["a line"]


def test_a_function_gets_what_is_subscribed(best, logs, group):
    name = f"collect-{uuid.uuid4().hex[:8]}"
    arn = best.function(name, "def handler(event, context):\n    print('GOT', event['awslogs']['data'])\n")["FunctionArn"]
    source = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["arn"]
    with pytest.raises(botocore.exceptions.ClientError, match="Could not execute the lambda function"):
        logs.put_subscription_filter(logGroupName=group, filterName="f", filterPattern="ERROR", destinationArn=arn)
    best.client("lambda").add_permission(FunctionName=name, StatementId="logs", Action="lambda:InvokeFunction", Principal="logs.amazonaws.com", SourceArn=source)
    system = {"emitSystemFields": ["@aws.account", "@aws.region"], "fieldSelectionCriteria": '@aws.region IN ["us-east-1"]'}
    logs.put_subscription_filter(logGroupName=group, filterName="f", filterPattern="ERROR", destinationArn=arn, **system)
    [shown] = logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
    assert {name: shown[name] for name in system} == system
    put(logs, group, ["no match", "an ERROR"])

    def got():
        try:
            return [message.split()[1] for message in filtered(logs, f"/aws/lambda/{name}", "GOT")]
        except botocore.exceptions.ClientError:
            return []

    [data] = wait_for("the function to be called", got)
    message = json.loads(gzip.decompress(base64.b64decode(data)))
    assert (message["messageType"], message["logGroup"], message["logStream"], message["subscriptionFilters"]) == ("DATA_MESSAGE", group, "s", ["f"])
    [event] = message["logEvents"]
    assert (event["message"], event["extractedFields"]) == ("an ERROR", {"@aws.account": message["owner"], "@aws.region": "us-east-1"})
    logs.delete_subscription_filter(logGroupName=group, filterName="f")


def test_what_cannot_be_subscribed_says_why(logs, group):
    missing = "arn:aws:lambda:us-east-1:000000000000:function:there-is-none"
    with pytest.raises(botocore.exceptions.ClientError, match="Could not execute the lambda function"):
        logs.put_subscription_filter(logGroupName=group, filterName="f", filterPattern="", destinationArn=missing)
    assert logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"] == []


def test_a_chatty_worker_is_limited_and_a_calm_one_is_not(best, logs):
    best.function("chatty", "import sys\ndef handler(event, context):\n    for n in range(400):\n        sys.stdout.write('x' * 100_000 + '\\n')\n    sys.stdout.flush()\n")
    best.function("calm", "def handler(event, context):\n    print('a calm line', event['n'])\n")
    best.invoke("calm", {"n": -1})
    talking = threading.Thread(target=lambda: best.invoke("chatty"))
    talking.start()
    for n in range(20):
        best.invoke("calm", {"n": n})
    talking.join()
    wait_for("the line that says what is missing", lambda: filtered(logs, "/aws/lambda/chatty", '"lines were dropped"'))
    wait_for("all calm lines", lambda: len(filtered(logs, "/aws/lambda/calm", '"a calm line"')) == 21)


def test_lines_of_more_than_a_second_ago_survive_kill_9(weft):
    weft.function("durable", "def handler(event, context):\n    print('durable line', event['n'])\n")
    printed = []
    end = time.monotonic() + 3
    while time.monotonic() < end:
        weft.invoke("durable", {"n": len(printed)})
        printed.append(time.monotonic())
    old = sum(at < time.monotonic() - 1 for at in printed)
    weft.kill()
    weft.start()
    assert old > 0
    found = {int(message.split()[-1]) for message in filtered(weft.client("logs"), "/aws/lambda/durable", '"durable line"')}
    assert set(range(old)) <= found
