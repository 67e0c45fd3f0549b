"""A new revision of a service takes traffic when it is ready; one that never is leaves the old one in force."""

import json
import subprocess
import threading

import pytest
from conftest import Weft, modes, wait_for

SERVER = (
    "import http.server, os, time\n"
    "{before}\n"
    "class H(http.server.BaseHTTPRequestHandler):\n"
    "    def do_GET(self):\n"
    "        status = 503 if self.path == '/sick' else 200\n"
    "        self.send_response(status); self.end_headers(); self.wfile.write(b'{version}')\n"
    "http.server.ThreadingHTTPServer(('0.0.0.0', int(os.environ['PORT'])), H).serve_forever()\n"
)


def write(weft, app, version, before="", settings=""):
    folder = weft.folder / app
    folder.mkdir(exist_ok=True)
    (folder / "app.py").write_text(SERVER.format(version=version, before=before))
    (folder / "weft.toml").write_text(f'app = "{app}"\n[service.web]\ncommand = "python app.py"\nruntime = "python"\n{settings}\n')
    return str(folder)


def state(weft, app):
    [found] = [w["rollout"] for w in json.loads(weft.cli("ps", "--json").stdout)["workloads"] if w["app"] == app]
    return found


def serves(weft, app):
    status, _, body = weft.get(f"/_weft/{app}/web/")
    return status, body.decode()


@pytest.mark.parametrize(
    "before, settings, says",
    [
        ("raise SystemExit('the new one is broken')", "", "the new one is broken"),
        ("print('here I am', flush=True)", 'health = "/sick"\nstart_timeout = 2', "answer `/sick` with 2xx or 3xx within 2 s"),
    ],
)
def test_a_revision_that_never_becomes_ready_fails_the_deploy_and_changes_nothing(best, before, settings, says):
    app = f"bad{len(before)}"
    best.cli("up", write(best, app, "one"), "--detach")
    assert serves(best, app) == (200, "one")
    failed = best.cli("up", write(best, app, "two", before, settings), "--detach", check=False)
    assert failed.returncode == 1
    assert says in failed.stderr and "goes on serving" in failed.stderr, failed.stderr
    assert serves(best, app) == (200, "one")
    assert state(best, app)["state"] == "Failed" and says in state(best, app)["reason"]
    assert says in best.cli("ps").stdout
    assert all(worker["revision"].rsplit("/", 1)[-1] == state(best, app)["revision"] for worker in best.workers("web") if worker["app"] == app)
    # The old code again is the way back, and the mended code the way on.
    best.cli("up", write(best, app, "one"), "--detach")
    assert state(best, app)["state"] == "Active" and "did not become ready" not in best.cli("ps").stdout
    best.cli("up", write(best, app, "three"), "--detach")
    assert serves(best, app) == (200, "three")
    best.cli("rm", app)


def test_the_old_revision_serves_until_the_new_one_is_ready(best):
    best.cli("up", write(best, "slow", "one"), "--detach")
    seen, failed, stop = [], [], threading.Event()

    def ask():
        while not stop.is_set():
            status, body = serves(best, "slow")
            (seen if status == 200 else failed).append(body)

    askers = [threading.Thread(target=ask) for _ in range(3)]
    [asker.start() for asker in askers]
    best.cli("up", write(best, "slow", "two", before="time.sleep(2)"), "--detach")
    assert serves(best, "slow") == (200, "two")
    stop.set()
    [asker.join() for asker in askers]
    assert not failed and {"one"} <= set(seen) <= {"one", "two"}
    assert seen.count("one") > 10
    best.cli("rm", "slow")


def test_a_first_revision_that_does_not_start_is_reported(best):
    failed = best.cli("up", write(best, "first", "one", before="raise SystemExit('not today')"), "--detach", check=False)
    assert failed.returncode == 1 and "not today" in failed.stderr
    assert serves(best, "first")[0] == 502
    best.cli("up", write(best, "first", "one"), "--detach")
    assert serves(best, "first") == (200, "one")
    best.cli("rm", "first")


def test_a_pending_revision_comes_into_force_after_kill_9(tmp_path):
    tmp_path.chmod(0o755)
    weft = Weft(tmp_path, modes()[0]).start()
    try:
        weft.cli("up", write(weft, "again", "one"), "--detach")
        up = weft.popen(["up", write(weft, "again", "two", before="time.sleep(3)"), "--detach"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        wait_for("a pending revision", lambda: state(weft, "again")["state"] == "Pending")
        weft.kill()
        up.communicate(timeout=60)
        weft.start()
        assert serves(weft, "again") == (200, "one")
        wait_for("the new revision", lambda: state(weft, "again")["state"] == "Active")
        assert serves(weft, "again") == (200, "two")
    finally:
        weft.stop()
