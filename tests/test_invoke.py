"""Invoking: weighted aliases, limits on concurrency, events that survive `kill -9`, streamed answers, function URLs."""

import base64
import concurrent.futures
import contextlib
import http.client
import json
import os
import threading
import time
from collections import Counter
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from conftest import modes, packed, serving, wait_for

EVENTS = int(os.environ.get("WEFT_TEST_EVENTS", "50000"))
SENDERS = 32
IN_FLIGHT_MAX = 64  # events that the server delivers at a time

# Signs as clients do, in the least work: also what the function below does, which has no SDK.
SIGNER = '''
import datetime, hashlib, hmac

def signed(key, secret, token, service, host, method, path, headers, body):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{now[:8]}/us-east-1/{service}/aws4_request"
    all = {**headers, "host": host, "x-amz-date": now, "x-amz-content-sha256": hashlib.sha256(body).hexdigest()}
    if token:
        all["x-amz-security-token"] = token
    names = ";".join(sorted(all))
    canonical = "\\n".join([method, path, "", *(f"{name}:{all[name]}" for name in sorted(all)), "", names, all["x-amz-content-sha256"]])
    text = "\\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    secret = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
    all["authorization"] = f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, Signature={signature}"
    return all
'''
exec(SIGNER)

# Says durably that an event ran, before it answers.
WITNESS = SIGNER + '''
import http.client, json, os, time, urllib.parse, uuid

STREAM = uuid.uuid4().hex
where = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"])
connection = http.client.HTTPConnection(where.netloc, timeout=60)

def call(action, input):
    body = json.dumps(input).encode()
    headers = {"x-amz-target": "Logs_20140328." + action, "content-type": "application/x-amz-json-1.1"}
    keys = [os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")]
    connection.request("POST", "/", body, signed(*keys, "logs", where.netloc, "POST", "/", headers, body))
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status == 200, text

call("CreateLogStream", {"logGroupName": "ran", "logStreamName": STREAM})

def handler(event, context):
    line = {"timestamp": int(time.time() * 1000), "message": str(event["n"])}
    call("PutLogEvents", {"logGroupName": "ran", "logStreamName": STREAM, "logEvents": [line]})
'''


class Caller:
    """One connection that invokes, without an SDK's work for each request."""

    def __init__(self, weft):
        self.weft = weft
        self.url = None

    def invoke(self, name, event, kind="RequestResponse"):
        if self.url != self.weft.url:
            self.url = self.weft.url
            self.host = urlsplit(self.url).netloc
            self.connection = http.client.HTTPConnection(self.host, timeout=60)
        path, body = f"/2015-03-31/functions/{quote(name, safe='')}/invocations", json.dumps(event).encode()
        headers = {"x-amz-invocation-type": kind}
        key, secret = self.weft.keys
        canonical = quote(path, safe="/")  # SigV4 encodes the path once more
        headers = signed(key, secret, None, "lambda", self.host, "POST", canonical, headers, body)
        self.connection.request("POST", path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.headers, answer.read()


def spread(weft, count, work, threads=SENDERS):
    """Runs `work(caller, n)` for each number on some threads, each with a connection of its own."""
    numbers, found = iter(range(count)), []
    lock = threading.Lock()

    def run():
        caller = Caller(weft)
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            result = work(caller, number)
            with lock:
                found.append(result)

    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(run) for _ in range(threads)]:
            done.result()
    return found


def published(weft, name):
    return weft.client("lambda").publish_version(FunctionName=name)["Version"]


def test_a_weighted_alias_shares_ten_thousand_invokes(best):
    aws = best.client("lambda")
    best.function("weighted", "def handler(event, context):\n    return context.function_version\n")
    first = published(best, "weighted")
    aws.update_function_configuration(FunctionName="weighted", Description="the second")
    second = published(best, "weighted")
    aws.create_alias(FunctionName="weighted", Name="live", FunctionVersion=first, RoutingConfig={"AdditionalVersionWeights": {second: 0.1}})

    def one(caller, _):
        status, headers, body = caller.invoke("weighted:live", {})
        assert status == 200, body
        assert json.loads(body) == headers["X-Amz-Executed-Version"]
        return headers["X-Amz-Executed-Version"]

    found = Counter(spread(best, 10_000, one, threads=8))
    print("weighted alias 90/10 over 10,000 invokes:", dict(found))
    assert found[first] + found[second] == 10_000
    # Four standard deviations: 4 * sqrt(10000 * 0.1 * 0.9) = 120.
    assert 880 <= found[second] <= 1120, found


def overlap(intervals):
    """The most intervals that hold one moment."""
    edges = sorted([(begin, 1) for begin, _ in intervals] + [(end, -1) for _, end in intervals])
    most = now = 0
    for _, step in edges:
        now += step
        most = max(most, now)
    return most


def test_reserved_concurrency_of_five_never_runs_six(best):
    best.function("five", "import time\n\ndef handler(event, context):\n    begin = time.time()\n    time.sleep(0.1)\n    return [begin, time.time()]\n")
    aws = best.client("lambda")
    aws.put_function_concurrency(FunctionName="five", ReservedConcurrentExecutions=5)
    refused = []

    def until_it_runs(caller, _):
        while True:
            status, headers, body = caller.invoke("five", {})
            if status == 200:
                return json.loads(body)
            assert status == 429, body
            refused.append((headers, json.loads(body)))
            threading.Event().wait(0.02)

    ran = spread(best, 300, until_it_runs, threads=100)
    print(f"reserved 5, 100 callers: {len(ran)} ran, {len(refused)} throttled, {overlap(ran)} at a time")
    assert len(ran) == 300 and overlap(ran) == 5
    headers, body = refused[0]
    assert headers["x-amzn-ErrorType"].startswith("TooManyRequestsException") and headers["Retry-After"]
    assert body["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded" and body["Type"] == "User" and body["message"]
    aws.put_function_concurrency(FunctionName="five", ReservedConcurrentExecutions=0)
    assert Caller(best).invoke("five", {})[0] == 429
    aws.delete_function_concurrency(FunctionName="five")
    assert wait_for("a place", lambda: Caller(best).invoke("five", {})[0] == 200)


def test_with_three_provisioned_no_invoke_of_the_first_three_is_cold(best):
    best.function("warm", "import time\nBORN = time.time()\n\ndef handler(event, context):\n    time.sleep(0.5)\n    return BORN\n")
    version = published(best, "warm")
    aws = best.client("lambda")
    aws.put_provisioned_concurrency_config(FunctionName="warm", Qualifier=version, ProvisionedConcurrentExecutions=3)
    state = lambda: aws.get_provisioned_concurrency_config(FunctionName="warm", Qualifier=version)
    wait_for("three workers", lambda: state()["Status"] == "READY" and state()["AvailableProvisionedConcurrentExecutions"] == 3)
    asked = time.time()
    found = spread(best, 3, lambda caller, _: caller.invoke(f"warm:{version}", {}), threads=3)
    born = [json.loads(body) for status, _, body in found if status == 200]
    assert len(set(born)) == 3 and all(moment < asked for moment in born), (asked, born)


def test_an_event_is_retried_and_its_destination_told(best):
    teller = best.role("teller", {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"})
    best.function("told", "def handler(event, context):\n    print('told', event['requestContext']['condition'], event['responsePayload']['errorMessage'])\n")
    best.function("fails", "def handler(event, context):\n    raise ValueError('no such luck')\n", Role=teller)
    aws = best.client("lambda")
    told = aws.get_function_configuration(FunctionName="told")["FunctionArn"]
    aws.put_function_event_invoke_config(FunctionName="fails", MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": told}})
    assert aws.invoke(FunctionName="fails", InvocationType="Event", Payload=b"{}")["StatusCode"] == 202
    logs = best.client("logs")

    def lines():
        with contextlib.suppress(ClientError):
            return [e["message"] for e in logs.filter_log_events(logGroupName="/aws/lambda/told")["events"] if e["message"].startswith("told")]

    assert "told RetriesExhausted no such luck" in wait_for("the destination", lines)[0]


def ran(weft):
    """How often each event ran, as its function said before it answered."""
    logs, found = weft.client("logs"), Counter()
    for page in logs.get_paginator("describe_log_streams").paginate(logGroupName="ran"):
        for stream in page["logStreams"]:
            token = None
            while True:
                given = {"nextToken": token} if token else {}
                page = logs.get_log_events(logGroupName="ran", logStreamName=stream["logStreamName"], startFromHead=True, **given)
                found.update(int(event["message"]) for event in page["events"])
                if page["nextForwardToken"] == token:
                    break
                token = page["nextForwardToken"]
    return found


def test_every_event_runs_at_least_once_whatever_is_killed():
    with serving(modes()[0]) as weft:
        role = weft.role("witness", {"Effect": "Allow", "Action": "logs:*", "Resource": "*"})
        weft.client("logs").create_log_group(logGroupName="ran")
        weft.function("witness", WITNESS, Role=role, Timeout=60)
        weft.invoke("witness", {"n": -1})
        sent, again = [], []
        back = threading.Event()
        back.set()

        def send(caller, number):
            while True:
                try:
                    status, _, body = caller.invoke("witness", {"n": number}, "Event")
                except (OSError, http.client.HTTPException):
                    # Perhaps it was stored, and only the answer is lost: sent again, it may run twice.
                    again.append(number)
                    caller.url = None
                    threading.Event().wait(0.05)
                    back.wait(60)
                    continue
                if status == 202:
                    sent.append(number)
                    return
                assert status == 429, body
                threading.Event().wait(0.05)

        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            sending = pool.submit(spread, weft, EVENTS, send)
            for part in (1, 2, 3):
                wait_for("events", lambda: len(sent) >= EVENTS * part // 5, 600)
                back.clear()
                weft.kill()
                weft.start()
                back.set()
            sending.result()
        accepted = time.monotonic() - begin
        lambda_ = weft.client("lambda")
        wait_for("all events", lambda: len(ran(weft)) > EVENTS, 1200)
        took = time.monotonic() - begin
        threading.Event().wait(2)
        found = ran(weft)
        found.pop(-1)
        twice = sum(count - 1 for count in found.values())
        print(f"{EVENTS} events, killed 3 times: accepted in {accepted:.0f} s, all ran after {took:.0f} s; {twice} ran again, {len(again)} were sent again")
        assert set(found) == set(range(EVENTS)), "each runs at least once"
        # What was being delivered when the server was killed is delivered again; what was sent again may have been stored before.
        assert twice <= 3 * IN_FLIGHT_MAX + len(again)
        assert lambda_.get_function(FunctionName="witness")


def test_a_streamed_invoke_has_pieces_and_an_end(best):
    best.function("pieces", "def handler(event, context):\n    if event.get('fail'):\n        raise ValueError('broken')\n    return {'n': event['n']}\n")
    aws = best.client("lambda")
    answer = aws.invoke_with_response_stream(FunctionName="pieces", Payload=b'{"n": 7}', LogType="Tail")
    assert answer["StatusCode"] == 200 and answer["ExecutedVersion"] == "$LATEST"
    events = list(answer["EventStream"])
    body = b"".join(event["PayloadChunk"]["Payload"] for event in events if "PayloadChunk" in event)
    assert json.loads(body) == {"n": 7}
    end = events[-1]["InvokeComplete"]
    assert "ErrorCode" not in end and b"REPORT RequestId" in base64.b64decode(end["LogResult"])
    end = list(aws.invoke_with_response_stream(FunctionName="pieces", Payload=b'{"fail": 1}')["EventStream"])[-1]["InvokeComplete"]
    assert end["ErrorCode"] == "Unhandled" and "broken" in end["ErrorDetails"]


ECHO = """
import base64, json

def handler(event, context):
    path = event['rawPath']
    if path == '/bytes':
        return {'statusCode': 201, 'headers': {'Content-Type': 'image/png'}, 'body': base64.b64encode(bytes(range(256))).decode(), 'isBase64Encoded': True, 'cookies': ['a=1', 'b=2']}
    if path == '/bad':
        return {'statusCode': 'many'}
    if path == '/fail':
        raise ValueError('no')
    return event
"""


def function_url(weft, name, **settings):
    weft.function(name, ECHO)
    aws = weft.client("lambda")
    url = aws.create_function_url_config(FunctionName=name, **settings)["FunctionUrl"]
    return urlsplit(url).netloc


def test_a_function_url_for_everybody(best):
    host = function_url(best, "open", AuthType="NONE", Cors={"AllowOrigins": ["https://a.example"], "AllowMethods": ["GET"], "MaxAge": 60})
    status, _, body = best.get("/a", host=host)
    assert (status, json.loads(body)) == (403, {"Message": "Forbidden"})
    best.client("lambda").add_permission(FunctionName="open", StatementId="all", Action="lambda:InvokeFunctionUrl", Principal="*", FunctionUrlAuthType="NONE")
    assert best.get("/a", host=host)[0] == 403, "AWS wants both permissions"
    best.client("lambda").add_permission(FunctionName="open", StatementId="via-url", Action="lambda:InvokeFunction", Principal="*", InvokedViaFunctionUrl=True)
    status, headers, body = best.get("/a/b?x=1&x=2&y=%20z", host=host, data=b"text", headers={"Content-Type": "text/plain", "Cookie": "c=3"})
    event = json.loads(body)
    assert status == 200 and headers["Content-Type"] == "application/json"
    assert (event["version"], event["rawPath"], event["rawQueryString"]) == ("2.0", "/a/b", "x=1&x=2&y=%20z")
    assert event["queryStringParameters"] == {"x": "1,2", "y": " z"} and event["cookies"] == ["c=3"]
    assert (event["body"], event["isBase64Encoded"]) == ("text", False)
    context = event["requestContext"]
    assert context["domainName"] == host.split(":")[0] and context["apiId"] == host.split(".")[0]
    assert context["http"]["method"] == "POST" and "authorizer" not in context
    event = json.loads(best.get("/", host=host, data=b"\x00\xff", headers={"Content-Type": "application/octet-stream"})[2])
    assert (event["body"], event["isBase64Encoded"]) == ("AP8=", True)
    status, headers, body = best.get("/bytes", host=host)
    assert (status, headers["Content-Type"], body) == (201, "image/png", bytes(range(256)))
    assert headers.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert best.get("/bad", host=host)[0] == 502 and best.get("/fail", host=host)[0] == 502
    preflight = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    status, headers, _ = best.get("/", host=host, headers=preflight, method="OPTIONS")
    assert status == 200 and headers["Access-Control-Allow-Origin"] == "https://a.example" and headers["Access-Control-Max-Age"] == "60"
    path = f"/_weft/lambda-url/{host.split('.')[0]}/a/b?x=1"
    assert json.loads(best.get(path)[2])["rawPath"] == "/a/b"
    connection = http.client.HTTPConnection(urlsplit(best.url).netloc, timeout=60)
    connection.putrequest("POST", "/", skip_host=True)
    connection.putheader("Host", host)
    connection.putheader("Content-Length", str(6 * 1024 * 1024 + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413, "before the body was sent"


def test_a_function_url_with_iam(best):
    host = function_url(best, "closed", AuthType="AWS_IAM")
    path = f"/_weft/lambda-url/{host.split('.')[0]}/a"
    assert best.get(path)[0] == 403
    request = AWSRequest("GET", best.url + path)
    SigV4Auth(Credentials(*best.keys), "lambda", "us-east-1").add_auth(request)
    status, _, body = best.get(path, headers=dict(request.headers))
    event = json.loads(body)
    assert status == 200 and event["requestContext"]["authorizer"]["iam"]["accessKey"] == best.keys[0]
    assert "authorization" not in event["headers"]
    wrong = dict(request.headers, Authorization=request.headers["Authorization"][:-1] + "0")
    assert best.get(path, headers=wrong)[0] == 403


def test_a_function_url_that_streams_gives_what_the_function_writes(best):
    host = function_url(best, "written", AuthType="NONE", InvokeMode="RESPONSE_STREAM")
    best.client("lambda").add_permission(FunctionName="written", StatementId="all", Action="lambda:InvokeFunctionUrl", Principal="*", FunctionUrlAuthType="NONE")
    best.client("lambda").add_permission(FunctionName="written", StatementId="via-url", Action="lambda:InvokeFunction", Principal="*", InvokedViaFunctionUrl=True)
    status, headers, body = best.get("/bytes", host=host)
    assert (status, headers["Content-Type"]) == (200, "application/octet-stream")
    assert json.loads(body)["statusCode"] == 201, "the answer as it is"
    assert best.get("/fail", host=host)[0] == 502


def test_limits_on_payloads_are_aws_s(best):
    best.function("sizes", "def handler(event, context):\n    return 'x' * event['n']\n")
    aws = best.client("lambda")
    for kind, limit in (("RequestResponse", 6 * 1024 * 1024), ("Event", 1024 * 1024)):
        with pytest.raises(ClientError) as error:
            aws.invoke(FunctionName="sizes", InvocationType=kind, Payload=json.dumps("x" * limit))
        assert error.value.response["Error"]["Code"] == "RequestTooLargeException"
    answer, whole = best.invoke("sizes", {"n": 6 * 1024 * 1024 + 200})
    assert whole["FunctionError"] == "Unhandled" and answer["errorType"] == "Function.ResponseSizeTooLarge"
    assert aws.invoke(FunctionName="sizes", InvocationType="DryRun")["StatusCode"] == 204


def test_a_function_is_named_in_every_way_that_lambda_knows(best):
    aws = best.client("lambda")
    arn = best.function("named", "def handler(event, context):\n    return context.invoked_function_arn\n")["FunctionArn"]
    account = arn.split(":")[4]
    version = published(best, "named")
    aws.create_alias(FunctionName="named", Name="live", FunctionVersion=version)
    for name, qualifier, suffix, executed in [
        ("named", None, "", "$LATEST"),
        ("named", "live", ":live", version),
        ("named:live", None, ":live", version),
        (f"named:{version}", None, f":{version}", version),
        (f"{account}:function:named", None, "", "$LATEST"),
        (arn, None, "", "$LATEST"),
        (f"{arn}:live", None, ":live", version),
        (arn, "$LATEST", ":$LATEST", "$LATEST"),
    ]:
        answer, whole = best.invoke(name, {}, **({"Qualifier": qualifier} if qualifier else {}))
        assert (answer, whole["ExecutedVersion"]) == (arn + suffix, executed), (name, qualifier)


def test_each_kind_of_invoke_has_its_answer(best):
    best.function("kinds", "def handler(event, context):\n    print('x' * 5000)\n    return event\n")
    aws = best.client("lambda")
    for kind, status in (("RequestResponse", 200), ("Event", 202), ("DryRun", 204)):
        whole = aws.invoke(FunctionName="kinds", InvocationType=kind, Payload=b'{"n": 1}')
        assert (whole["StatusCode"], whole["Payload"].read()) == (status, b'{"n": 1}' if status == 200 else b""), kind
        assert ("ExecutedVersion" in whole) == (status == 200) and "FunctionError" not in whole and "LogResult" not in whole, kind
    log = base64.b64decode(aws.invoke(FunctionName="kinds", LogType="Tail")["LogResult"])
    assert len(log) == 4096 and b"REPORT RequestId: " in log


def test_a_tenant_for_a_function_without_tenancy_is_refused(best):
    best.function("tenantless", "def handler(event, context):\n    return context.tenant_id\n")
    aws = best.client("lambda")
    for invoke in (aws.invoke, aws.invoke_with_response_stream):
        with pytest.raises(ClientError) as error:
            invoke(FunctionName="tenantless", TenantId="blue")
        assert error.value.response["Error"]["Code"] == "InvalidParameterValueException"
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert best.invoke("tenantless")[0] is None


RECORDS = [
    ("python3.11", {"app.py": "import logging\ndef handler(event, context):\n    print('before', end='')\n    logging.error('first\\r\\nsecond')\n    print('after')\n"}),
    ("nodejs22.x", {"app.js": "exports.handler = async () => { process.stdout.write('before'); console.error('first\\r\\nsecond'); process.stdout.write('after\\n') }\n"}),
    ("nodejs24.x", {"app.js": "exports.handler = async () => { process.stdout.write('before'); console.error('first\\r\\nsecond'); process.stdout.write('after\\n') }\n"}),
]


@pytest.mark.parametrize("runtime, files", RECORDS)
def test_a_log_record_is_one_event_between_what_is_printed(weft, runtime, files):
    name = "records-" + runtime.split(".")[0]
    weft.function(name, files, runtime=runtime)
    _, whole = weft.invoke(name, {}, LogType="Tail")
    logs = weft.client("logs")

    def events():
        with contextlib.suppress(ClientError):
            found = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
            own = [event["message"] for event in found if event["message"].endswith(("before", "second", "after"))]
            return own if len(own) == 3 else None

    before, record, after = wait_for("three events", events)
    assert (before, after) == ("before", "after")
    assert record.endswith("first\r\nsecond") and whole["ResponseMetadata"]["RequestId"] in record and "ERROR" in record, record
    tail = base64.b64decode(whole["LogResult"]).decode()
    assert tail.index("before") < tail.index("first\r\nsecond") < tail.index("after"), tail


def test_what_is_made_shown_and_changed_answers_with_lambdas_status(best):
    aws = best.client("lambda")
    made = best.function("statuses", "def handler(event, context):\n    return 1\n")
    buffer = packed("x = 1\n")
    answers = [
        (201, made),
        (200, aws.get_function(FunctionName="statuses")),
        (200, aws.update_function_code(FunctionName="statuses", ZipFile=packed("def handler(event, context):\n    return 2\n"))),
        (200, aws.update_function_configuration(FunctionName="statuses", Description="another")),
        (201, aws.publish_version(FunctionName="statuses")),
        (201, aws.create_alias(FunctionName="statuses", Name="live", FunctionVersion="1")),
        (201, aws.create_function_url_config(FunctionName="statuses", AuthType="NONE")),
        (201, aws.publish_layer_version(LayerName="statuses", Content={"ZipFile": buffer})),
        (200, aws.put_function_concurrency(FunctionName="statuses", ReservedConcurrentExecutions=5)),
        (201, aws.add_permission(FunctionName="statuses", StatementId="s", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com")),
        (204, aws.delete_alias(FunctionName="statuses", Name="live")),
        (204, aws.delete_function_concurrency(FunctionName="statuses")),
    ]
    found = [answer["ResponseMetadata"]["HTTPStatusCode"] for _, answer in answers]
    assert found == [status for status, _ in answers]
