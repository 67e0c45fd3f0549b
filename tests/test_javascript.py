"""The JavaScript SDK (version 3), unmodified and as npm has it: its waiters, paginators and event streams.

`fixtures/javascript/client.js` calls it, one part for each test; what it saw is judged here. `cargo xtask test javascript`
brings the packages that `fixtures/javascript/package.json` names.
"""

import base64
import json
import os
import shutil
import subprocess
import time
import uuid
from pathlib import Path

import pytest
from conftest import BROUGHT, packed
from test_runtime_api import STREAMS

SCRIPT = Path(__file__).parent / "fixtures" / "javascript" / "client.js"
PACKAGES = BROUGHT / "javascript" / "node_modules"


@pytest.fixture(scope="module")
def sdk(best):
    """Runs a part of the script with its arguments, and gives what it printed."""
    if not shutil.which("node"):
        pytest.skip("there is no Node.js on this machine")
    if not PACKAGES.is_dir():
        pytest.skip(f"the SDK is not in {PACKAGES}: `cargo xtask test javascript` brings it")
    env = dict(best.environment(), AWS_ENDPOINT_URL=best.url, AWS_ACCESS_KEY_ID=best.keys[0], AWS_SECRET_ACCESS_KEY=best.keys[1],
               AWS_REGION="us-east-1", NODE_PATH=str(PACKAGES), PATH=os.environ["PATH"])

    def run(part, **arguments):
        done = subprocess.run(["node", str(SCRIPT), part], env=env, input=json.dumps(arguments), capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture
def group(best):
    logs, name = best.client("logs"), f"/js/{uuid.uuid4().hex}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    yield name
    logs.delete_log_group(logGroupName=name)


def zipped(text):
    return base64.b64encode(packed(text)).decode()


def flat(pages):
    return [item for page in pages for item in page]


def test_waiters_see_a_function_become_what_it_is_to_be(best, sdk):
    role = best.role("js-waits-role")
    code = "def handler(event, context):\n    return [{!r}, event['n']]\n"
    seen = sdk("waiters", name="js-waits", role=role, first=zipped(code.format("first")), second=zipped(code.format("second")))
    assert seen["active"] == ["SUCCESS", "Active"]
    assert seen["updated"] == ["SUCCESS", "Successful"]
    assert seen["published"] == ["SUCCESS", "Active", "1"]
    assert (seen["answer"], seen["executed"]) == (["second", 1], "1")
    assert seen["missing"]["name"] == "TimeoutError", seen["missing"]


def test_paginators_of_functions_and_versions_see_everything_once(best, sdk):
    client = best.client("lambda")
    for n in range(5):
        best.function(f"js-listed-{n}", f"def handler(event, context):\n    return {n}\n")
    for n in range(4):
        client.update_function_code(FunctionName="js-listed-0", ZipFile=packed(f"def handler(event, context):\n    return 'v{n}'\n"), Publish=True)
        client.get_waiter("function_updated_v2").wait(FunctionName="js-listed-0")
    seen = sdk("functions", name="js-listed-0", size=2)
    assert flat(seen["versions"]) == ["$LATEST", "1", "2", "3", "4"]
    names = flat(seen["functions"])
    assert [n for n in names if n.startswith("js-listed-")] == [f"js-listed-{n}" for n in range(5)] and len(names) == len(set(names))
    assert all(len(page) <= 2 for page in seen["functions"] + seen["versions"]) and len(seen["functions"]) >= 3


def test_the_paginator_of_log_events_sees_everything_once(best, sdk, group):
    lines = [f"{'want' if n % 2 else 'other'} {n}" for n in range(25)]
    now = int(time.time() * 1000) - 1000
    best.client("logs").put_log_events(logGroupName=group, logStreamName="s", logEvents=[{"timestamp": now + n, "message": m} for n, m in enumerate(lines)])
    for pattern, expected in [("", lines), ("want", lines[1::2]), ("missing", [])]:
        seen = sdk("events", group=group, pattern=pattern, size=4)
        assert flat(seen) == expected, pattern
        assert all(len(page) <= 4 for page in seen), pattern


def test_the_paginator_of_policies_sees_everything_once(best, sdk):
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]})
    for n in range(5):
        best.client("iam").create_policy(PolicyName=f"js-{n}", PolicyDocument=document)
    seen = sdk("policies", scope="Local", size=2)
    assert sorted(flat(seen)) == [f"js-{n}" for n in range(5)]
    assert [len(page) for page in seen] == [2, 2, 1]


def test_a_role_that_is_assumed_is_who_it_says_and_may_what_it_may(best, sdk):
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "sts:AssumeRole"}]}
    seen = sdk("identity", role=best.role("js-assumed", trust=trust))
    assert seen["mine"] == best.client("sts").get_caller_identity()["Arn"]
    assert seen["theirs"] == "arn:aws:sts::000000000000:assumed-role/js-assumed/js" and seen["expires"]
    assert (seen["denied"]["name"], seen["denied"]["status"]) == ("AccessDeniedException", 403)
    assert "js-assumed" in seen["denied"]["message"] and "lambda:ListFunctions" in seen["denied"]["message"]


def test_a_streamed_answer_arrives_as_the_function_makes_it(best, sdk):
    best.function("js-streams", {"app.js": STREAMS}, runtime="nodejs22.x", Timeout=10)
    seen = sdk("stream", name="js-streams", payload="{}")
    assert (seen["status"], "".join(piece["text"] for piece in seen["pieces"])) == (200, "first last")
    assert seen["took"] - seen["pieces"][0]["at"] > 900, "the first piece waited for the last"
    assert "ErrorCode" not in seen["complete"] and "REPORT RequestId: " in base64.b64decode(seen["complete"]["LogResult"]).decode()
    seen = sdk("stream", name="js-streams", payload='{"fail": true}')
    assert "".join(piece["text"] for piece in seen["pieces"]) == "first "
    assert seen["complete"]["ErrorCode"] and json.loads(seen["complete"]["ErrorDetails"])["errorMessage"] == "in the middle"


def test_a_live_tail_shows_what_is_put(best, sdk, group):
    arn = best.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["logGroupArn"]
    seen = sdk("tail", group=group, arn=arn, pattern="%^want%", lines=["other", "wanted"])
    assert seen["start"]["logGroupIdentifiers"] == [arn] and seen["start"]["logEventFilterPattern"] == "%^want%"
    [event] = seen["results"]
    assert (event["message"], event["logStreamName"]) == ("wanted", "s")


def test_errors_of_every_protocol_are_the_errors_that_the_sdk_knows(sdk):
    seen = sdk("errors", name="js-missing", group="/js/missing")
    for service, name, status, said in [
        ("lambda", "ResourceNotFoundException", 404, "Function not found: arn:aws:lambda:us-east-1:000000000000:function:js-missing"),
        ("logs", "ResourceNotFoundException", 400, "The specified log group does not exist."),
        ("iam", "NoSuchEntityException", 404, "The role with name js-missing cannot be found."),
    ]:
        assert seen[service] == {"name": name, "status": status, "message": said}
