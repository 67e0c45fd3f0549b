"""From zero and back, up to the limit and never past it, and an honest refusal beyond the queue."""

import concurrent.futures
import json
import time

import pytest
from botocore.exceptions import ClientError
from conftest import wait_for

SLEEPER = "import os, time\n\ndef handler(event, context):\n    time.sleep(event.get('ms', 100) / 1000)\n    return os.environ['AWS_LAMBDA_LOG_STREAM_NAME']\n"

APP = """
app = "scale"

[function.sleeper]
runtime = "python3.11"
handler = "app.handler"
scale = {{ max = {max}, queue = {queue}, idle = "{idle}" }}
timeout = 30
"""


def deploy(weft, name, max_workers=20, queue=1000, idle="60s"):
    folder = weft.folder / name
    folder.mkdir()
    (folder / "weft.toml").write_text(APP.format(max=max_workers, queue=queue, idle=idle).replace('app = "scale"', f'app = "{name}"'))
    (folder / "app.py").write_text(SLEEPER)
    weft.cli("up", str(folder), "--detach")
    return f"{name}-sleeper"


def burst(weft, function, count, event):
    client = weft.client("lambda")

    def one(_):
        began = time.monotonic()
        try:
            answer = client.invoke(FunctionName=function, Payload=json.dumps(event))
            return json.loads(answer["Payload"].read()), time.monotonic() - began
        except ClientError as error:
            return error.response["ResponseMetadata"]["HTTPStatusCode"], time.monotonic() - began

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_an_idle_workload_has_no_process_and_wakes_for_a_request(best):
    function = deploy(best, "zero", idle="1s")
    assert best.workers() == []
    assert isinstance(best.invoke(function, {"ms": 0})[0], str)
    assert best.workers()
    wait_for("no worker", lambda: not best.workers())
    assert isinstance(best.invoke(function, {"ms": 0})[0], str)


def test_200_requests_at_once_are_answered_by_at_most_20_workers(best):
    function = deploy(best, "crowd")
    answers = [answer for answer, _ in burst(best, function, 200, {"ms": 100})]
    assert all(isinstance(answer, str) for answer in answers), answers
    assert len(set(answers)) <= 20


def test_a_flood_past_the_queue_is_refused_at_once_while_others_are_served(best):
    function = deploy(best, "flood", max_workers=2, queue=4)
    answers = burst(best, function, 60, {"ms": 1500})
    served = [a for a, _ in answers if isinstance(a, str)]
    refused = [seconds for a, seconds in answers if a in (429, 503)]
    assert len(served) + len(refused) == 60 and len(served) >= 6 and len(refused) >= 40
    assert min(refused) < 1.4
    assert isinstance(best.invoke(function, {"ms": 0})[0], str)


@pytest.mark.parametrize("kind", ["requests"])
def test_a_service_takes_many_requests_and_crashes_are_replaced(best, kind):
    folder = best.folder / "crash"
    folder.mkdir()
    (folder / "weft.toml").write_text('app = "crash"\n[service.web]\ncommand = "python server.py"\nruntime = "python"\nscale = { max = 3, concurrency = 8 }\n')
    (folder / "server.py").write_text(
        "import http.server, os\n"
        "class H(http.server.BaseHTTPRequestHandler):\n"
        "    protocol_version = 'HTTP/1.1'\n"
        "    def do_GET(self):\n"
        "        if self.path == '/die':\n            os._exit(3)\n"
        "        body = str(os.getpid()).encode()\n"
        "        self.send_response(200); self.send_header('content-length', str(len(body))); self.end_headers(); self.wfile.write(body)\n"
        "http.server.ThreadingHTTPServer(('0.0.0.0', int(os.environ['PORT'])), H).serve_forever()\n"
    )
    best.cli("up", str(folder), "--detach")
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: best.get("/_weft/crash/web/")[0], range(200)))
    assert answers == [200] * 200
    assert 1 <= len(best.workers("web")) <= 3
    assert best.get("/_weft/crash/web/die")[0] == 502
    wait_for("an answer after the crash", lambda: best.get("/_weft/crash/web/")[0] == 200)
