"""The official clients, unmodified and as the registries have them, on our Runtime API.

`awslambdaric` (Python), `aws-lambda-ric` (Node.js) and `lambda_runtime` (Rust) run as functions of `provided.al2023`, `lambda-extension` (Rust) as an
external extension of a layer. What each call of the APIs answers is in the runtime's own tests, as tables.
"""

import base64
import io
import json
import os
import subprocess
import sysconfig
import time
import zipfile
from pathlib import Path

import pytest
from conftest import BROUGHT, SYSTEM_PYTHON, wait_for
from test_api import messages

PACKAGES = Path(sysconfig.get_path("purelib"))
CLIENTS = Path(__file__).parent / "fixtures" / "clients"

APP = """
import logging, os, sys
logging.getLogger().setLevel('INFO')

def handler(event, context):
    what = event.get('do') if isinstance(event, dict) else None
    if what == 'raise': raise ValueError('as it was told to')
    if what == 'exit': sys.exit(3)
    if what == 'big': return 'x' * (7 << 20)
    if what == 'log':
        print('printed')
        logging.info('first line\\nsecond line')
    return {'event': event, 'arn': context.invoked_function_arn, 'left': context.get_remaining_time_in_millis() > 0,
            'client': context.client_context and context.client_context.custom, 'trace': os.environ.get('_X_AMZN_TRACE_ID')}
"""


def awslambdaric():
    """The client's files beside the handler, and a bootstrap that starts it."""
    files = {"app.py": APP, "bootstrap": f"#!/bin/sh\nexec {SYSTEM_PYTHON} -m awslambdaric \"$_HANDLER\"\n"}
    for name in ("awslambdaric", "simplejson", "snapshot_restore_py.py"):
        found = PACKAGES / name
        for path in [found] if found.is_file() else found.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                files[str(path.relative_to(PACKAGES))] = path.read_bytes()
    for path in PACKAGES.glob("runtime_client*.so"):
        files[path.name] = path.read_bytes()
    return files


@pytest.fixture(scope="module")
def python(best):
    version = subprocess.run([SYSTEM_PYTHON, "-c", "import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'))"], capture_output=True, text=True, check=True)
    if sysconfig.get_config_var("EXT_SUFFIX") != version.stdout.strip():
        pytest.skip("the suite's Python is not the system's, whose sandbox the client's extension is for")
    best.function("ric-python", awslambdaric(), handler="app.handler", runtime="provided.al2023", Timeout=20, MemorySize=256)
    return "ric-python"


def tail(response):
    return base64.b64decode(response["LogResult"]).decode()


def test_awslambdaric_takes_events_and_answers(best, python):
    context = base64.b64encode(json.dumps({"custom": {"k": "v"}}).encode()).decode()
    for _ in range(2):
        answer, response = best.invoke(python, {"n": 1}, ClientContext=context)
        assert "FunctionError" not in response, answer
        assert answer["event"] == {"n": 1} and answer["left"] is True and answer["client"] == {"k": "v"}
        assert answer["arn"].endswith(":function:ric-python")


def test_awslambdaric_reports_what_goes_wrong(best, python):
    answer, response = best.invoke(python, {"do": "raise"})
    assert response["FunctionError"] == "Unhandled"
    assert (answer["errorType"], answer["errorMessage"]) == ("ValueError", "as it was told to")
    answer, _ = best.invoke(python, {"do": "exit"})
    assert answer["errorType"] == "Runtime.ExitError" and answer["errorMessage"].endswith("exit status 3")
    answer, _ = best.invoke(python, {"do": "big"})
    assert answer["errorType"] == "Function.ResponseSizeTooLarge"
    assert best.invoke(python, {"n": 2})[0]["event"] == {"n": 2}, "its process ended at 413, and another took its place"


def test_awslambdaric_writes_framed_logs_that_stay_whole(best, python):
    best.invoke(python, {"do": "log"})
    found = wait_for("the log", lambda: [m for m in messages(best, f"/aws/lambda/{python}") if "first line" in m])
    assert "first line\nsecond line" in found[0] and found[0].startswith("[INFO]\t"), found
    wait_for("what was printed", lambda: [m for m in messages(best, f"/aws/lambda/{python}") if "printed" in m])


@pytest.mark.parametrize(
    "handler, error_type",
    [("app.none", "Runtime.HandlerNotFound"), ("none.handler", "Runtime.ImportModuleError"), ("handler", "Runtime.MalformedHandlerName")],
)
def test_awslambdaric_that_cannot_initialise(best, python, handler, error_type):
    name = f"ric-{handler.replace('.', '-')}"
    best.function(name, awslambdaric(), handler=handler, runtime="provided.al2023", Timeout=20, MemorySize=256)
    answer, response = best.invoke(name, {}, LogType="Tail")
    assert response["FunctionError"] == "Unhandled" and answer["errorType"] == error_type, answer
    assert f"Status: error\tError Type: {error_type}" in tail(response)


NODE_APP = """
exports.handler = async (event, context) => {
  if (event.do === 'raise') throw new TypeError('as it was told to');
  if (event.do === 'exit') process.exit(3);
  if (event.do === 'big') return 'x'.repeat(7 << 20);
  if (event.do === 'log') console.warn('first line\\nsecond line');
  return { event, arn: context.invokedFunctionArn, left: context.getRemainingTimeInMillis() > 0,
           client: context.clientContext?.custom, id: context.awsRequestId };
};
"""


def aws_lambda_ric():
    """The client's files beside the handler, and a bootstrap that starts it with the system's Node.js."""
    package = BROUGHT / "aws-lambda-ric/node_modules/aws-lambda-ric"
    files = {"app.js": NODE_APP, "bootstrap": "#!/bin/sh\nexec /usr/bin/node ric/bin/index.mjs \"$_HANDLER\"\n"}
    for name in ("package.json", "bin/index.mjs", "dist/index.mjs", "dist/rapid-client.node"):
        files[f"ric/{name}"] = (package / name).read_bytes()
    return files


@pytest.fixture(scope="module")
def node(best):
    # It compiles curl and its extension when npm installs it: 40 to 72 s on two busy cores (34 s of processor time), once.
    if not (BROUGHT / "aws-lambda-ric/brought").is_file():
        pytest.skip("aws-lambda-ric is not here: `cargo xtask test runtime_api` brings it where cmake, g++, make, autoconf, automake and libtool are")
    if not Path("/usr/bin/node").exists():
        pytest.skip("the system has no Node.js that a function could see")
    best.function("ric-node", aws_lambda_ric(), handler="app.handler", runtime="provided.al2023", Timeout=20, MemorySize=256)
    return "ric-node"


def test_aws_lambda_ric_takes_events_and_answers(best, node):
    context = base64.b64encode(json.dumps({"custom": {"k": "v"}}).encode()).decode()
    for n in range(2):
        answer, response = best.invoke(node, {"n": n}, ClientContext=context)
        assert "FunctionError" not in response, answer
        assert answer["event"] == {"n": n} and answer["left"] is True and answer["client"] == {"k": "v"}
        assert answer["arn"].endswith(":function:ric-node") and answer["id"] == response["ResponseMetadata"]["RequestId"]


def test_aws_lambda_ric_reports_what_goes_wrong(best, node):
    answer, response = best.invoke(node, {"do": "raise"})
    assert response["FunctionError"] == "Unhandled"
    assert (answer["errorType"], answer["errorMessage"]) == ("TypeError", "as it was told to") and answer["trace"], answer
    answer, _ = best.invoke(node, {"do": "exit"})
    assert answer["errorType"] == "Runtime.ExitError" and answer["errorMessage"].endswith("exit status 3")
    answer, _ = best.invoke(node, {"do": "big"})
    assert answer["errorType"] == "Function.ResponseSizeTooLarge"
    assert best.invoke(node, {"n": 2})[0]["event"] == {"n": 2}


def test_aws_lambda_ric_writes_framed_logs_that_stay_whole(best, node):
    best.invoke(node, {"do": "log"})
    found = wait_for("the log", lambda: [m for m in messages(best, f"/aws/lambda/{node}") if "first line" in m])
    assert "first line\nsecond line" in found[0] and "\tWARN\t" in found[0], found


@pytest.mark.parametrize(
    "handler, error_type",
    [("app.none", "Runtime.HandlerNotFound"), ("none.handler", "Runtime.ImportModuleError"), ("handler", "Runtime.MalformedHandlerName")],
)
def test_aws_lambda_ric_that_cannot_initialise(best, node, handler, error_type):
    name = f"ric-node-{handler.replace('.', '-')}"
    best.function(name, aws_lambda_ric(), handler=handler, runtime="provided.al2023", Timeout=20, MemorySize=256)
    answer, response = best.invoke(name, {}, LogType="Tail")
    assert response["FunctionError"] == "Unhandled" and answer["errorType"] == error_type, answer
    assert f"Status: error\tError Type: {error_type}" in tail(response)


@pytest.fixture(scope="module")
def rust(best):
    """A program of the official Rust client: built here once, where that was not done before."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", CLIENTS.parent.parent.parent / "target")) / "clients"
    built = subprocess.run(["cargo", "build", "--quiet", "--locked", "--target-dir", str(target)], cwd=CLIENTS, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return {name: (target / "debug" / name).read_bytes() for name in ("bootstrap", "watcher")}


def test_lambda_runtime_takes_events_and_answers(best, rust):
    best.function("ric-rust", {"bootstrap": rust["bootstrap"]}, handler="whole", runtime="provided.al2023", Timeout=10)
    for number in range(2):
        answer, response = best.invoke("ric-rust", {"n": number}, LogType="Tail")
        assert answer["event"] == {"n": number} and answer["arn"].endswith(":function:ric-rust")
        assert f"the Rust function has {response['ResponseMetadata']['RequestId']}" in tail(response)
    for what, error_type in (("fail", None), ("panic", None), ("exit", "Runtime.ExitError"), ("big", "Function.ResponseSizeTooLarge")):
        answer, response = best.invoke("ric-rust", {"do": what})
        assert response["FunctionError"] == "Unhandled" and error_type in (None, answer["errorType"]), answer
        assert "as it was told to" in answer["errorMessage"] or error_type, answer
        assert best.invoke("ric-rust", {"n": 9})[0]["event"] == {"n": 9}


def test_lambda_runtime_streams(best, rust):
    best.function("ric-stream", {"bootstrap": rust["bootstrap"]}, handler="stream", runtime="provided.al2023", Timeout=10)
    text = best.client("lambda").invoke(FunctionName="ric-stream", Payload=b"{}")["Payload"].read()
    # Its answers always begin with a prelude for HTTP and eight zero bytes.
    assert text.endswith(b"\0\0\0\0\0\0\0\0first second third"), text


def layer(best, name, program):
    """A layer with one external extension."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo(f"extensions/{name}")
        info.external_attr = 0o755 << 16
        archive.writestr(info, program)
    return best.client("lambda").publish_layer_version(LayerName=name, Content={"ZipFile": buffer.getvalue()})["LayerVersionArn"]


def test_lambda_extension_is_told_of_invocations_and_telemetry(best, rust):
    arn = layer(best, "watcher", rust["watcher"])
    best.function("watched", "def handler(event, context):\n    print('said by the function')\n    return event\n", Layers=[arn], Timeout=10)
    ids = [best.invoke("watched", {"n": n})[1]["ResponseMetadata"]["RequestId"] for n in range(2)]

    def log():
        return "\n".join(messages(best, "/aws/lambda/watched"))

    for text in [f"watcher: invoke {ids[0]}", f"watcher: invoke {ids[1]}", f"watcher: report {ids[0]}", "watcher: init start", "watcher: function said said by the function"]:
        wait_for(text, lambda text=text: text in log())
    assert "EXTENSION\tName: watcher\tState: Ready\tEvents: [INVOKE, SHUTDOWN]" in log()
    best.client("lambda").delete_function(FunctionName="watched")
    wait_for("the end", lambda: "watcher: shutdown spindown" in log())


STREAMS = """
exports.handler = awslambda.streamifyResponse(async (event, out) => {
  out.setContentType('text/plain');
  out.write('first ');
  await new Promise((done) => setTimeout(done, 1000));
  if (event.fail) throw new Error('in the middle');
  out.end('last');
});
"""


def streamed(best, payload):
    """The events of a streamed answer, as they come."""
    return best.client("lambda").invoke_with_response_stream(FunctionName="streams", Payload=payload, LogType="Tail")["EventStream"]


def test_a_stream_arrives_as_the_function_makes_it(best):
    best.function("streams", {"app.js": STREAMS}, runtime="nodejs22.x", Timeout=10)
    whole = best.client("lambda").invoke(FunctionName="streams", Payload=b"{}")
    assert whole["Payload"].read() == b"first last", "a whole invoke collects it"
    began, first, text = time.monotonic(), None, b""
    for event in streamed(best, b"{}"):
        if "PayloadChunk" in event:
            first = first or time.monotonic() - began
            text += event["PayloadChunk"]["Payload"]
        else:
            complete = event["InvokeComplete"]
    assert text == b"first last" and "ErrorCode" not in complete
    assert first < 0.9 < time.monotonic() - began, "the first piece did not wait for the last"
    assert b"REPORT RequestId: " in base64.b64decode(complete["LogResult"])


def test_an_error_in_the_middle_of_a_stream_comes_with_its_end(best):
    events = list(streamed(best, b'{"fail": true}'))
    assert b"".join(e["PayloadChunk"]["Payload"] for e in events[:-1]) == b"first "
    complete = events[-1]["InvokeComplete"]
    assert complete["ErrorCode"] and json.loads(complete["ErrorDetails"])["errorMessage"] == "in the middle", complete


@pytest.mark.parametrize(
    "level, there, not_there",
    [
        ("DEBUG", ["platform.initStart", "platform.initRuntimeDone", "platform.initReport", "platform.start", "platform.runtimeDone", "platform.report"], []),
        ("INFO", ["platform.initStart", "platform.start", "platform.report"], ["platform.runtimeDone", "platform.initReport"]),
        ("WARN", [], ["platform.start", "platform.report"]),
    ],
)
def test_json_logs_hold_the_platforms_events_by_level(best, level, there, not_there):
    name = f"json-{level.lower()}"
    code = "import logging\nlog = logging.getLogger()\ndef handler(event, context):\n    log.error('said so')\n    return 1\n"
    best.function(name, code, LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": level})
    _, response = best.invoke(name, {})
    request_id = response["ResponseMetadata"]["RequestId"]
    wait_for("the line", lambda: "said so" in "".join(messages(best, f"/aws/lambda/{name}")))
    if there:
        wait_for("the report", lambda: "platform.report" in "".join(messages(best, f"/aws/lambda/{name}")))
    lines = [json.loads(message) for message in messages(best, f"/aws/lambda/{name}")]
    kinds = [line["type"] for line in lines if "type" in line]
    assert [kind for kind in there if kind not in kinds] == [] and [kind for kind in not_there if kind in kinds] == [], kinds
    assert any(line.get("message") == "said so" and line.get("requestId") == request_id for line in lines)
