"""`kill -9` under load: everything acknowledged is there again, no process of before is left, and the first request is answered."""

import concurrent.futures
import contextlib
import json
import threading
import time
from pathlib import Path

from conftest import wait_for


def processes_below(pids):
    """Every process that descends from these."""
    children = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found, rest = set(), list(pids)
    while rest:
        pid = rest.pop()
        if pid not in found:
            found.add(pid)
            rest += children.get(pid, [])
    return found


def runs(pid):
    """Whether this process is there and no zombie; it may go while it is looked at."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_everything_acknowledged_survives_kill_9_under_load(weft):
    folder = weft.folder / "app"
    folder.mkdir()
    (folder / "weft.toml").write_text('app = "live"\n[service.web]\ncommand = "python server.py"\nruntime = "python"\nroute = "/live"\n[function.f]\nruntime = "python3.11"\nhandler = "app.handler"\n')
    (folder / "app.py").write_text("def handler(event, context):\n    return event\n")
    (folder / "server.py").write_text(
        "import http.server, os\n"
        "class H(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n        self.send_response(200); self.end_headers(); self.wfile.write(b'live')\n"
        "http.server.ThreadingHTTPServer(('0.0.0.0', int(os.environ['PORT'])), H).serve_forever()\n"
    )
    weft.cli("up", str(folder), "--detach")
    assert weft.get("/live")[2] == b"live"
    logs = weft.client("logs")
    logs.create_log_group(logGroupName="durable")
    acknowledged, made, stop = [], [], threading.Event()

    def write(number):
        stream = f"s{number}"
        logs.create_log_stream(logGroupName="durable", logStreamName=stream)
        count = 0
        with contextlib.suppress(Exception):
            while not stop.is_set():
                logs.put_log_events(logGroupName="durable", logStreamName=stream, logEvents=[{"timestamp": int(time.time() * 1000), "message": f"{number}-{count}"}])
                acknowledged.append((stream, f"{number}-{count}"))
                count += 1

    def make():
        count = 0
        with contextlib.suppress(Exception):
            while not stop.is_set():
                weft.client("iam").create_user(UserName=f"user{count}")
                made.append(f"user{count}")
                count += 1

    def ask():
        with contextlib.suppress(Exception):
            while not stop.is_set():
                weft.invoke("live-f", {"n": 1})
                weft.get("/live")

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        work = [pool.submit(write, n) for n in range(3)] + [pool.submit(make), pool.submit(ask), pool.submit(ask)]
        wait_for("load", lambda: len(acknowledged) > 200 and len(made) > 20)
        before = processes_below(weft.alive())
        assert len(before) > 2
        weft.kill()
        stop.set()
        concurrent.futures.wait(work)
    wait_for("no process of before", lambda: not [pid for pid in before if runs(pid)])
    weft.start()
    assert weft.get("/live")[:1] == (200,)
    assert weft.invoke("live-f", {"n": 2})[0] == {"n": 2}
    users = {user["UserName"] for page in weft.client("iam").get_paginator("list_users").paginate() for user in page["Users"]}
    assert set(made) <= users
    logs = weft.client("logs")
    for stream in {stream for stream, _ in acknowledged}:
        found, token = set(), None
        while True:
            page = logs.get_log_events(logGroupName="durable", logStreamName=stream, startFromHead=True, **({"nextToken": token} if token else {}))
            found |= {event["message"] for event in page["events"]}
            if page["nextForwardToken"] == token:
                break
            token = page["nextForwardToken"]
        assert {message for where, message in acknowledged if where == stream} <= found
    shown = json.loads(weft.cli("ps", "--json").stdout)
    assert {w["name"] for w in shown["workloads"] if w["app"] == "live"} == {"web", "f"}
