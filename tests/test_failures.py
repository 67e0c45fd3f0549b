"""What goes wrong in a function: the caller sees what Lambda documents, the log has its lines, and the next invoke works.

Each case is a handler, what an event tells it to do, and what is seen. After each, the same function answers again.
"""

import base64
import json
import re

import pytest
from botocore.exceptions import ClientError
from conftest import packed, wait_for
from test_api import messages

GOOD = {"do": "well"}
ANSWER = "well done"

PYTHON = """
import ctypes, os, subprocess, sys, time

class Own(Exception): pass

def handler(event, context):
    what = event['do']
    if what == 'raise': raise Own('with a reason')
    if what == 'raise-bare': raise KeyError('k')
    if what == 'raise-base': raise BaseException('of all')
    if what == 'exit': sys.exit(3)
    if what == 'exit-0': sys.exit(0)
    if what == 'os-exit': os._exit(7)
    if what == 'abort': os.abort()
    if what == 'segfault': ctypes.string_at(0)
    if what == 'memory': return len([bytes(bytearray(1 << 20)) for _ in range(4096)])
    if what == 'sleep': time.sleep(60)
    if what == 'spin':
        while True: pass
    if what == 'big': return 'x' * (7 << 20)
    if what == 'set': return {1, 2}
    if what == 'endless-line':
        print('y' * 1_000_000)
    if what == 'binary':
        os.write(1, bytes(range(256)) + b'\\n')
    if what == 'child':
        child = subprocess.Popen(['/bin/sleep', '1000'])
        open('/tmp/child', 'w').write(str(child.pid))
    if what == 'child-alive':
        try:
            return os.path.exists('/proc/' + open('/tmp/child').read())
        except OSError:
            return False
    if what == 'flood':
        for n in range(20000): print('line', n)
    return 'well done'
"""

NODE = """
exports.handler = async (event) => {
  const what = event.do;
  if (what === 'throw') throw new TypeError('with a reason');
  if (what === 'reject') return Promise.reject(new Error('no'));
  if (what === 'string') throw 'just text';
  if (what === 'exit') process.exit(3);
  if (what === 'uncaught') { setTimeout(() => { throw new Error('later'); }, 1); await new Promise(() => setTimeout(() => {}, 5000)); }
  if (what === 'circular') { const a = {}; a.a = a; return a; }
  if (what === 'big') return 'x'.repeat(7 << 20);
  if (what === 'sleep') await new Promise((done) => setTimeout(done, 60000));
  return 'well done';
};
"""


@pytest.fixture(scope="module")
def python(best):
    best.function("fails", PYTHON, Timeout=2, MemorySize=128)
    return "fails"


@pytest.fixture(scope="module")
def node(best):
    best.function("fails-node", {"app.js": NODE}, runtime="nodejs22.x", Timeout=3)
    return "fails-node"


def failed(best, name, event, error_type, message):
    """Invokes; checks the error that the caller sees, the log's lines, and that the next invoke works. Gives the tail."""
    answer, response = best.invoke(name, event, LogType="Tail")
    assert response["StatusCode"] == 200 and response["FunctionError"] == "Unhandled", (event, answer)
    request_id = response["ResponseMetadata"]["RequestId"]
    found = answer.get("errorType"), answer.get("errorMessage", "")
    assert found[0] == error_type, answer
    assert re.search(message.replace("<id>", request_id), found[1]), answer
    tail = base64.b64decode(response["LogResult"]).decode()
    for line in ("END RequestId: ", "REPORT RequestId: "):
        assert line + request_id in tail, tail
    wait_for("the log", lambda: any(f"START RequestId: {request_id} Version: $LATEST" in m for m in messages(best, f"/aws/lambda/{name}")))
    assert best.invoke(name, GOOD)[0] == ANSWER
    return tail


EXITED = "RequestId: <id> Error: Runtime exited "


@pytest.mark.parametrize(
    "what, error_type, message, status",
    [
        ("raise", "Own", "^with a reason$", None),
        ("raise-bare", "KeyError", "^'k'$", None),
        ("set", "Runtime.MarshalError", "^Unable to marshal response: Object of type set is not JSON serializable$", None),
        ("exit", "Runtime.ExitError", EXITED + "with error: exit status 3$", "Runtime.ExitError"),
        ("exit-0", "Runtime.ExitError", EXITED + "without providing a reason$", "Runtime.ExitError"),
        ("os-exit", "Runtime.ExitError", EXITED + "with error: exit status 7$", "Runtime.ExitError"),
        ("abort", "Runtime.ExitError", EXITED + "with error: signal: aborted$", "Runtime.ExitError"),
        ("segfault", "Runtime.ExitError", EXITED + "with error: signal: segmentation fault$", "Runtime.ExitError"),
        ("memory", "Runtime.OutOfMemory", EXITED + "with error: signal: killed$", "Runtime.OutOfMemory"),
        ("big", "Function.ResponseSizeTooLarge", r"^Response payload size \(7340034 bytes\) exceeded maximum allowed payload size \(6291556 bytes\)", "Function.ResponseSizeTooLarge"),
        ("sleep", None, r"^\d{4}-\d\d-\d\dT[0-9:.]+Z <id> Task timed out after 2\.00 seconds$", "timeout"),
        ("spin", None, "Task timed out after 2.00 seconds$", "timeout"),
    ],
)
def test_a_python_function_that_fails(best, python, what, error_type, message, status):
    tail = failed(best, python, {"do": what}, error_type, message)
    if status == "timeout":
        assert "Status: timeout" in tail and "Task timed out after 2.00 seconds" in tail
    elif status:
        assert f"Status: error\tError Type: {status}" in tail
    else:
        assert "[ERROR]" in tail and "Status:" not in tail
    if status == "Runtime.OutOfMemory":
        assert "Memory Size: 128 MB\tMax Memory Used: 128 MB" in tail


@pytest.mark.parametrize(
    "what, error_type, message",
    [
        ("throw", "TypeError", "^with a reason$"),
        ("reject", "Error", "^no$"),
        ("string", "string", "^just text$"),
        ("exit", "Runtime.ExitError", EXITED + "with error: exit status 3$"),
        ("uncaught", "Error", "later"),
        ("circular", "Error", "^Unable to stringify response body$"),
        ("big", "Function.ResponseSizeTooLarge", "exceeded maximum allowed payload size"),
        ("sleep", None, "Task timed out after 3.00 seconds$"),
    ],
)
def test_a_nodejs_function_that_fails(best, node, what, error_type, message):
    failed(best, node, {"do": what}, error_type, message)


def log_of(best, name, word):
    return wait_for(word, lambda: [m for m in messages(best, f"/aws/lambda/{name}") if word in m])


def test_an_endless_line_is_cut_and_nothing_is_lost(best, python):
    assert best.invoke(python, {"do": "endless-line"})[0] == ANSWER
    found = wait_for("the line", lambda: (m := [m for m in messages(best, f"/aws/lambda/{python}") if "yyyy" in m]) and sum(map(len, m)) >= 1_000_000 and m)
    assert sum(message.count("y") for message in found) == 1_000_000 and max(map(len, found)) <= 256 << 10


def test_binary_output_stays_readable(best, python):
    assert best.invoke(python, {"do": "binary"})[0] == ANSWER
    log_of(best, python, "ABCDEFGHIJ")


def every_message(best, group):
    """All messages of the newest stream, page by page."""
    logs, found, token = best.client("logs"), [], None
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        return []
    streams = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True)["logStreams"]
    while True:
        more = {"nextToken": token} if token else {}
        page = logs.get_log_events(logGroupName=group, logStreamName=streams[0]["logStreamName"], startFromHead=True, **more)
        found += [event["message"] for event in page["events"]]
        if page["nextForwardToken"] == token:
            return found
        token = page["nextForwardToken"]


def test_a_flood_of_lines_arrives_in_order(best):
    best.function("floods", PYTHON, Timeout=20)
    assert best.invoke("floods", {"do": "flood"})[0] == ANSWER
    wait_for("the report", lambda: any("REPORT RequestId" in m for m in every_message(best, "/aws/lambda/floods")))
    lines = [m.strip() for m in every_message(best, "/aws/lambda/floods") if m.startswith("line ")]
    assert lines == [f"line {n}" for n in range(20000)]


def test_child_processes_stay_until_the_worker_is_reset(best, python):
    assert best.invoke(python, {"do": "child"})[0] == ANSWER
    assert best.invoke(python, {"do": "child-alive"})[0] is True, "they stay between invokes, as in Lambda"
    failed(best, python, {"do": "os-exit"}, "Runtime.ExitError", "exit status 7")
    assert best.invoke(python, {"do": "child-alive"})[0] is False, "and go with the environment"


@pytest.mark.parametrize(
    "name, files, handler, error_type, message",
    [
        ("no-module", {"other.py": ""}, "app.handler", "Runtime.ImportModuleError", "^Unable to import module 'app': No module named 'app'"),
        ("no-handler", {"app.py": "x = 1\n"}, "app.handler", "Runtime.HandlerNotFound", "^Handler 'handler' missing on module 'app'"),
        ("import", {"app.py": "import nothing_like_it\n"}, "app.handler", "Runtime.ImportModuleError", "nothing_like_it"),
        ("syntax", {"app.py": "def handler(:\n"}, "app.handler", "Runtime.UserCodeSyntaxError", "^Syntax error in module 'app'"),
        ("raises", {"app.py": "raise RuntimeError('at import')\n"}, "app.handler", "RuntimeError", "^at import$"),
        ("exits", {"app.py": "import sys\nsys.exit(5)\n"}, "app.handler", "Runtime.ExitError", "exit status 5$"),
        ("bad-name", {"app.py": ""}, "handler", "Runtime.MalformedHandlerName", "^Bad handler 'handler'"),
    ],
)
def test_a_function_that_cannot_be_loaded(best, name, files, handler, error_type, message):
    best.function(f"init-{name}", files, handler=handler)
    for _ in range(2):
        answer, response = best.invoke(f"init-{name}", GOOD, LogType="Tail")
        assert response["FunctionError"] == "Unhandled" and answer["errorType"] == error_type, answer
        assert re.search(message, answer["errorMessage"]), answer
        tail = base64.b64decode(response["LogResult"]).decode()
        assert "INIT_REPORT Init Duration: " in tail and "Phase: init\tStatus: error\tError Type: " in tail, tail
        request_id = response["ResponseMetadata"]["RequestId"]
        for line in ("START RequestId: ", "END RequestId: ", "REPORT RequestId: "):
            assert line + request_id in tail, tail
    best.client("lambda").update_function_code(FunctionName=f"init-{name}", ZipFile=packed({"app.py": "def handler(e, c): return 'well done'\n"}))
    best.client("lambda").get_waiter("function_updated_v2").wait(FunctionName=f"init-{name}")
    if handler == "app.handler":
        assert best.invoke(f"init-{name}", GOOD)[0] == ANSWER


def test_an_initialisation_that_takes_too_long_is_tried_once_more(best):
    best.function("init-slow", "import time\ntime.sleep(60)\ndef handler(e, c): return 1\n", Timeout=2)
    answer, response = best.invoke("init-slow", GOOD, LogType="Tail")
    assert response["FunctionError"] == "Unhandled"
    assert re.search(r"Task timed out after 2\.00 seconds$", answer["errorMessage"]), answer
    log = "\n".join(wait_for("both", lambda: (m := messages(best, "/aws/lambda/init-slow")) and sum("INIT_REPORT" in x for x in m) >= 2 and m))
    assert log.count("Phase: init\tStatus: timeout") == 2, log


def test_a_zip_that_is_none_is_refused(best):
    role = best.role("broken-zip-role")
    with pytest.raises(ClientError) as error:
        best.client("lambda").create_function(FunctionName="broken-zip", Runtime="python3.11", Handler="app.handler", Role=role, Code={"ZipFile": b"PK no zip"})
    assert error.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert "zip" in error.value.response["Error"]["Message"].lower()


def test_an_event_that_is_no_json_is_refused(best, python):
    with pytest.raises(ClientError) as error:
        best.client("lambda").invoke(FunctionName=python, Payload=b"{no json")
    assert error.value.response["Error"]["Code"] == "InvalidRequestContentException"
    assert best.invoke(python, GOOD)[0] == ANSWER


LAZY = """#!/usr/bin/python3
import http.client, json, os, time
link = http.client.HTTPConnection(os.environ['AWS_LAMBDA_RUNTIME_API'])
while True:
    link.request('GET', '/2018-06-01/runtime/invocation/next')
    event = link.getresponse()
    body = event.read()
    link.request('POST', '/2018-06-01/runtime/invocation/' + event.headers['Lambda-Runtime-Aws-Request-Id'] + '/response', body)
    link.getresponse().read()
    if json.loads(body) == 'last': time.sleep(1000)
"""


def test_a_worker_that_never_asks_for_the_next_event_makes_room(best):
    best.function("lazy", {"bootstrap": LAZY}, handler="x", runtime="provided.al2023", Timeout=2)
    assert best.invoke("lazy", "first")[0] == "first"
    assert best.invoke("lazy", "last")[0] == "last"
    assert best.invoke("lazy", "after")[0] == "after", "another worker has it"


@pytest.mark.parametrize(
    "name, bootstrap, message",
    [
        ("none", None, "bootstrap"),
        ("no-interpreter", "#!/no/such/program\n", "bootstrap"),
        ("ends", "#!/bin/sh\nexit 4\n", "exit status 4$"),
    ],
)
def test_a_custom_runtime_that_does_not_come_up(best, name, bootstrap, message):
    files = {"other": ""} if bootstrap is None else {"bootstrap": bootstrap}
    best.function(f"custom-{name}", files, handler="x", runtime="provided.al2023")
    answer, response = best.invoke(f"custom-{name}", GOOD)
    assert response["FunctionError"] == "Unhandled"
    assert answer["errorType"] in ("Runtime.InvalidEntrypoint", "Runtime.ExitError"), answer
    assert re.search(message, answer["errorMessage"]), answer
    assert json.dumps(answer)
