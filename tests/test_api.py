"""Unmodified clients with only `AWS_ENDPOINT_URL` and keys: a function's whole life, and AWS's errors for bad signatures."""

import base64
import datetime
import json
import unittest.mock

import pytest
from botocore.exceptions import ClientError
from conftest import packed, wait_for


def code(error):
    return error.value.response["Error"]["Code"]


def status(error):
    return error.value.response["ResponseMetadata"]["HTTPStatusCode"]


def messages(weft, group):
    logs = weft.client("logs")
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        return []
    streams = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True)["logStreams"]
    found = []
    for stream in streams:
        events = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True)["events"]
        found += [event["message"] for event in events]
    return found


def test_boto3_creates_invokes_updates_reads_logs_and_deletes(best):
    client = best.client("lambda")
    made = best.function("life", "def handler(event, context):\n    print('seen', event['n'])\n    return {'n': event['n'] + 1}\n")
    assert made["State"] in ("Pending", "Active") and made["Runtime"] == "python3.11"
    client.get_waiter("function_active_v2").wait(FunctionName="life")
    answer, response = best.invoke("life", {"n": 1}, LogType="Tail")
    assert answer == {"n": 2} and response["ExecutedVersion"] == "$LATEST" and "FunctionError" not in response
    tail = base64.b64decode(response["LogResult"]).decode()
    assert "seen 1" in tail and tail.startswith("START RequestId:") and "REPORT RequestId:" in tail
    client.update_function_code(FunctionName="life", ZipFile=packed("def handler(event, context):\n    return 'new'\n"))
    client.get_waiter("function_updated_v2").wait(FunctionName="life")
    assert best.invoke("life", {})[0] == "new"
    client.update_function_configuration(FunctionName="life", Environment={"Variables": {"WORD": "b"}}, Timeout=7)
    assert client.get_function_configuration(FunctionName="life")["Timeout"] == 7
    wait_for("the log", lambda: any("seen 1" in m for m in messages(best, "/aws/lambda/life")))
    assert "life" in [f["FunctionName"] for f in client.list_functions()["Functions"]]
    client.delete_function(FunctionName="life")
    with pytest.raises(ClientError) as error:
        client.get_function(FunctionName="life")
    assert (code(error), status(error)) == ("ResourceNotFoundException", 404)


def test_the_aws_cli_creates_invokes_updates_reads_logs_and_deletes(best):
    role = best.role("cli-role")
    (best.folder / "cli.zip").write_bytes(packed("import os\ndef handler(event, context):\n    print('from the cli')\n    return os.environ.get('WORD', 'none')\n"))
    best.aws("lambda", "create-function", "--function-name", "cli", "--runtime", "python3.11", "--handler", "app.handler", "--role", role, "--zip-file", "fileb://cli.zip")
    best.aws("lambda", "wait", "function-active-v2", "--function-name", "cli")
    best.aws("lambda", "invoke", "--function-name", "cli", "--log-type", "Tail", "out.json")
    assert json.loads((best.folder / "out.json").read_text()) == "none"
    best.aws("lambda", "update-function-configuration", "--function-name", "cli", "--environment", "Variables={WORD=hi}")
    best.aws("lambda", "invoke", "--function-name", "cli", "out.json")
    assert json.loads((best.folder / "out.json").read_text()) == "hi"
    wait_for("the log", lambda: "from the cli" in "".join(messages(best, "/aws/lambda/cli")))
    who = json.loads(best.aws("sts", "get-caller-identity").stdout)
    assert who["Arn"] == "arn:aws:iam::000000000000:user/admin"
    best.aws("lambda", "delete-function", "--function-name", "cli")
    gone = best.aws("lambda", "get-function", "--function-name", "cli", check=False)
    assert gone.returncode != 0 and "ResourceNotFoundException" in gone.stderr


@pytest.mark.parametrize(
    "service, call, wrong_secret, unknown_key, refused",
    [
        ("lambda", "list_functions", "InvalidSignatureException", "UnrecognizedClientException", 403),
        ("logs", "describe_log_groups", "InvalidSignatureException", "UnrecognizedClientException", 400),
        ("sts", "get_caller_identity", "SignatureDoesNotMatch", "InvalidClientTokenId", 403),
        ("iam", "list_roles", "SignatureDoesNotMatch", "InvalidClientTokenId", 403),
    ],
)
def test_bad_signatures_get_the_errors_of_aws(best, service, call, wrong_secret, unknown_key, refused):
    cases = [((best.keys[0], "x" * 40), wrong_secret), (("AKIAUNKNOWNUNKNOWN00", "x" * 40), unknown_key)]
    for keys, expected in cases:
        with pytest.raises(ClientError) as error:
            getattr(best.client(service, keys=keys), call)()
        assert (code(error), status(error)) == (expected, refused)


@pytest.mark.parametrize("service, call, expected", [("lambda", "list_functions", "InvalidSignatureException"), ("sts", "get_caller_identity", "SignatureDoesNotMatch")])
def test_a_skewed_clock_is_refused(best, service, call, expected):
    past = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=20)
    with unittest.mock.patch("botocore.auth.get_current_datetime", lambda *a, **k: past.replace(tzinfo=None)):
        with pytest.raises(ClientError) as error:
            getattr(best.client(service), call)()
    assert (code(error), status(error)) == (expected, 403)
    assert "Signature expired" in error.value.response["Error"]["Message"]


def test_an_operation_without_code_is_refused_by_name(best):
    with pytest.raises(ClientError) as error:
        best.client("lambda").list_capacity_providers()
    assert status(error) == 501 and "ListCapacityProviders" in error.value.response["Error"]["Message"]


def test_a_handler_has_its_roles_credentials_and_no_more(best):
    # boto3 travels with the code, as it does where the runtime has none.
    import pathlib

    import boto3
    import botocore

    files = {"app.py": """
import boto3

def handler(event, context):
    who = boto3.client("sts").get_caller_identity()["Arn"]
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName="mine")
    try:
        boto3.client("lambda").list_functions()
    except Exception as error:
        return {"who": who, "code": error.response["Error"]["Code"], "message": error.response["Error"]["Message"]}
"""}
    site = pathlib.Path(boto3.__file__).parent.parent
    for package in ("boto3", "s3transfer", "jmespath", "dateutil", "urllib3"):
        for path in (site / package).rglob("*"):
            if path.is_file() and path.suffix in (".py", ".json"):
                files[str(path.relative_to(site))] = path.read_bytes()
    data = pathlib.Path(botocore.__file__).parent / "data"
    for path in (site / "botocore").rglob("*"):
        wanted = path.suffix in (".py", ".json", ".gz", ".pem")
        if path.is_file() and wanted and (data not in path.parents or path.parent == data or path.relative_to(data).parts[0] in ("sts", "logs", "lambda")):
            files[str(path.relative_to(site))] = path.read_bytes()
    files["six.py"] = (site / "six.py").read_bytes()
    role = best.role("poor", {"Effect": "Allow", "Action": "logs:CreateLogGroup", "Resource": "*"})
    best.function("poor", files, Role=role, Timeout=60, MemorySize=512)
    answer, response = best.invoke("poor")
    assert "FunctionError" not in response, answer
    assert answer["who"].startswith("arn:aws:sts::000000000000:assumed-role/poor/")
    assert answer["code"] == "AccessDeniedException"
    assert answer["message"] == (f"User: {answer['who']} is not authorized to perform: lambda:ListFunctions on resource: * "
                                 "because no identity-based policy allows the lambda:ListFunctions action")
    assert any(g["logGroupName"] == "mine" for g in best.client("logs").describe_log_groups()["logGroups"])


def test_a_bare_request_is_no_call_of_an_api(best):
    status_code, _, body = best.get("/2015-03-31/functions/")
    assert status_code in (403, 404), body
