"""`weft up`, as a newcomer uses it."""

import json
import os
import signal
import socket
import subprocess
import threading

import pytest
from conftest import SYSTEM_PYTHON, Weft, modes, serving, wait_for

HELLO = """from flask import Flask
app = Flask(__name__)

@app.route('/')
def hello():
    return 'Hello, World!'

if __name__ == '__main__':
    app.run()
"""


def test_a_lone_flask_file_is_served_also_when_port_5000_is_taken(weft):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind(("127.0.0.1", 5000))
            other.listen()
        except OSError:
            pass  # somebody else holds it: just as well
        path = weft.folder / "hello.py"
        path.write_text(HELLO)
        shown = json.loads(weft.cli("up", str(path), "--detach", "--json").stdout)
        urls = [url for workload in shown["workloads"] for url in workload["urls"]]
        assert urls
        status, _, body = weft.get("/")
        assert (status, body) == (200, b"Hello, World!")
        for url in urls:
            if url.startswith(weft.url):
                assert weft.get(url.removeprefix(weft.url))[2] == b"Hello, World!", url
        assert weft.get("/", host="hello.weft.localhost")[2] == b"Hello, World!"


def test_the_example_answers_calls_by_name_and_a_second_up_changes_nothing(weft):
    source = os.path.join(os.path.dirname(__file__), "../examples/hello")
    folder = weft.folder / "example"
    subprocess.run(["cp", "-r", source, str(folder)], check=True)
    subprocess.run(["chmod", "-R", "a+rX", str(folder)], check=True)
    weft.cli("up", str(folder), "--detach")
    host = "greeter.weft.localhost"
    web = json.loads(weft.cli("ps", "--json").stdout)
    assert {w["name"] for w in web["workloads"] if w["app"] == "greeter"} >= {"web", "greet", "time"}
    assert weft.get("/_weft/greeter/web/?name=Ada")[2] == b"Hello, Ada!\n"
    assert "time" in json.loads(weft.get("/time", host=host)[2])
    again = weft.cli("up", str(folder), "--detach", "--json")
    assert json.loads(again.stdout)["changes"] == []
    (folder / "greet" / "greet.py").write_text("def handler(event, context):\n    return {'statusCode': 200, 'body': 'changed'}\n")
    changes = json.loads(weft.cli("up", str(folder), "--detach", "--json").stdout)["changes"]
    assert len(changes) == 1 and "greet" in json.dumps(changes)
    assert weft.get("/_weft/greeter/web/")[2] == b"changed"
    weft.cli("rm", "greeter")
    assert weft.get("/_weft/greeter/web/")[0] == 404
    assert not [w for w in json.loads(weft.cli("ps", "--json").stdout)["workloads"] if w["app"] == "greeter"]


def test_the_callee_learns_who_called_and_nobody_can_forge_it(best):
    folder = best.folder / "names"
    for name in ("front", "back"):
        (folder / name).mkdir(parents=True)
    (folder / "weft.toml").write_text('app = "names"\n[service.front]\npath = "front"\nruntime = "python"\ncommand = "python app.py"\n[service.back]\npath = "back"\nruntime = "node"\ncommand = "node app.js"\n')
    (folder / "front/app.py").write_text(
        "import http.server, json, os, urllib.request\n"
        "class H(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        asked = urllib.request.Request('http://back/x?y=1', headers={'X-Weft-Caller': 'admin'})\n"
        "        body = urllib.request.urlopen(asked).read()\n"
        "        self.send_response(200); self.end_headers(); self.wfile.write(body)\n"
        "http.server.ThreadingHTTPServer(('0.0.0.0', int(os.environ['PORT'])), H).serve_forever()\n"
    )
    (folder / "back/app.js").write_text(
        "require('http').createServer((q, a) => a.end(JSON.stringify({caller: q.headers['x-weft-caller'], url: q.url, host: q.headers.host}))).listen(process.env.PORT)\n"
    )
    best.cli("up", str(folder), "--detach")
    inside = json.loads(best.get("/_weft/names/front/")[2])
    assert inside["caller"] == "names/front" and inside["url"] == "/x?y=1"
    outside = json.loads(best.get("/_weft/names/back/", headers={"X-Weft-Caller": "names/front"})[2])
    assert outside["caller"] != "names/front"


def test_logs_show_what_workloads_print(best):
    folder = best.folder / "printing"
    folder.mkdir()
    (folder / "weft.toml").write_text('app = "printing"\n[function.loud]\nruntime = "python3.11"\nhandler = "app.handler"\n')
    (folder / "app.py").write_text("def handler(event, context):\n    print('a line for', event['who'])\n    return len(event['who'])\n")
    best.cli("up", str(folder), "--detach")
    first = best.cli("invoke", "loud", '{"who": "Ada"}')
    assert json.loads(first.stdout) == 3
    assert "a line for Ada" in first.stderr and ", cold (init " in first.stderr
    (folder / "event.json").write_text('{"who": "Ada"}')
    again = json.loads(best.cli("invoke", "loud", "--json", "--event-file", str(folder / "event.json")).stdout)
    assert again["payload"] == 3 and not again["report"]["cold"] and again["report"]["requestId"] == again["requestId"]
    failed = best.cli("invoke", "loud", "{}", check=False)
    assert failed.returncode == 1 and "KeyError" in failed.stdout and ", warm" in failed.stderr
    [starts] = json.loads(best.cli("ps", "printing", "--json").stdout)["starts"]
    assert starts["started"] == starts["firstRequest"]["count"] == 1 and starts["sandbox"]["maxMillis"] > 0
    assert "first request ms".upper() in best.cli("ps").stdout
    wait_for("the line", lambda: "a line for Ada" in best.cli("logs", "loud").stdout)
    follow = best.popen(["logs", "-f", "loud"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    seen = []
    reader = threading.Thread(target=lambda: seen.extend(iter(follow.stdout.readline, "")), daemon=True)
    reader.start()
    best.cli("invoke", "printing/loud", '{"who": "Grace"}')
    wait_for("the followed line", lambda: any("a line for Grace" in line for line in seen))
    follow.terminate()
    follow.wait(30)


def test_a_folder_of_plain_code_is_served_as_its_procfile_says(weft):
    folder = weft.folder / "guni"
    folder.mkdir()
    (folder / "requirements.txt").write_text("flask\ngunicorn\n")
    (folder / "Procfile").write_text("web: gunicorn app:app\n")
    (folder / "app.py").write_text("from flask import Flask\napp = Flask(__name__)\n\n@app.route('/')\ndef home():\n    return 'by gunicorn'\n")
    weft.cli("up", str(folder), "--detach")
    assert weft.get("/_weft/guni/web/")[2] == b"by gunicorn"
    assert weft.get("/_weft/guni/nobody/")[0] == 404


def test_up_starts_a_server_where_the_last_one_was_killed_and_nobody_waited_for_it(tmp_path):
    tmp_path.chmod(0o755)
    weft = Weft(tmp_path, modes()[0])
    weft.start()
    weft.process.kill()  # a zombie until the test waits for it
    path = tmp_path / "hello.py"
    path.write_text(HELLO)
    weft.cli("up", str(path), "--detach", "--listen", "127.0.0.1:0")
    server = json.loads((weft.data / "server.json").read_text())
    assert server["pid"] != weft.process.pid
    os.kill(server["pid"], signal.SIGTERM)
    weft.process.wait()
    wait_for("all processes gone", lambda: not weft.alive())


@pytest.mark.parametrize(
    "files, argument, says",
    [
        ({}, "nowhere", ["nowhere", "no such"]),
        ({"weft.toml": 'app = "x"\n[service.web]\ncomand = "python app.py"\n'}, ".", ["weft.toml:3", "comand", "command"]),
        ({"weft.toml": 'app = "x"\n[service.web\n'}, ".", ["weft.toml:2"]),
        ({"weft.toml": 'app = "BAD NAME"\n[service.web]\ncommand = "true"\n'}, ".", ["weft.toml:1", "app name"]),
        ({"app.py": "from flask import Flask\napp = Flask(__name__\n\n@app.route('/')\ndef f(): return ''\n"}, "app.py", ["app.py:2:", "never closed"]),
        ({"weft.toml": 'app = "x"\n[function.f]\nruntime = "cobol1.0"\nhandler = "a.b"\n'}, ".", ["weft.toml:3:11", "unknown runtime", "python3"]),
    ],
)
def test_a_mistake_gets_one_clear_message(best, files, argument, says):
    folder = best.folder / f"mistake-{abs(hash((argument, *files.values())))}"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    done = best.cli("up", str(folder / argument), "--detach", check=False)
    assert done.returncode == 1, done
    for word in says:
        assert word.lower() in done.stderr.lower(), done.stderr
    assert "panicked" not in done.stderr


def test_a_busy_port_is_named_with_the_next_step(tmp_path):
    tmp_path.chmod(0o755)
    with serving(modes()[0]) as first:
        second = Weft(tmp_path, first.mode)
        done = second.cli("server", "--listen", first.url.removeprefix("http://"), check=False)
        assert done.returncode == 1
        assert "in use" in done.stderr and "--listen" in done.stderr


def test_two_servers_side_by_side_do_not_disturb_each_other():
    with serving(modes()[0]) as one, serving(modes()[0]) as two:
        one.function("mine", "def handler(event, context):\n    return 1\n")
        assert two.client("lambda").list_functions()["Functions"] == []
        two.function("mine", "def handler(event, context):\n    return 2\n")
        assert (one.invoke("mine")[0], two.invoke("mine")[0]) == (1, 2)
        two.stop()
        assert one.invoke("mine")[0] == 1


def test_up_starts_a_server_streams_logs_and_drains_on_ctrl_c(tmp_path):
    tmp_path.chmod(0o755)
    weft = Weft(tmp_path, modes()[0])
    path = tmp_path / "hello.py"
    path.write_text(HELLO)
    up = weft.popen(["up", str(path), "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    threading.Thread(target=lambda: [None for _ in up.stderr], daemon=True).start()
    lines = []
    threading.Thread(target=lambda: lines.extend(iter(up.stdout.readline, "")), daemon=True).start()

    def url():
        words = [word for line in lines for word in line.split() if word.startswith("http://127.0.0.1:")]
        return words and words[0]

    weft.url = wait_for("a URL", url, 120).rstrip("/")
    assert weft.get("")[2] == b"Hello, World!"
    up.send_signal(signal.SIGINT)
    assert up.wait(60) == 0
    wait_for("all processes gone", lambda: not weft.alive())
    assert SYSTEM_PYTHON
