"""Who may use a route: what says nothing is for loopback alone."""

import json
import urllib.error
import urllib.request

import pytest
from conftest import modes, serving

SERVER = (
    "import http.server, os\n"
    "class H(http.server.BaseHTTPRequestHandler):\n"
    "    def do_GET(self):\n"
    "        self.send_response(200); self.end_headers(); self.wfile.write(b'hello from ' + self.path.encode())\n"
    "http.server.ThreadingHTTPServer(('0.0.0.0', int(os.environ['PORT'])), H).serve_forever()\n"
)


@pytest.fixture(scope="module")
def edge():
    with serving(modes()[0], "--edge", "127.0.0.1:0") as server:
        [server.edge] = json.loads(server.cli("status", "--json").stdout)["edgeAddresses"]
        yield server


def ask(url):
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def deploy(server, routes, *args):
    folder = server.folder / "web"
    folder.mkdir(exist_ok=True)
    (folder / "app.py").write_text(SERVER)
    (folder / "weft.toml").write_text(f'app = "open"\n[service.web]\ncommand = "python app.py"\nruntime = "python"\n{routes}\n')
    return server.cli("up", str(folder), *(args or ("--detach",)))


def test_a_route_that_does_not_say_its_auth_answers_on_loopback_and_not_at_the_edge(edge):
    routes = 'routes = ["/", { path = "/public", auth = "none" }]'
    planned = deploy(edge, routes, "--plan")
    assert "note: `/` does not say its `auth`" in planned.stderr and edge.edge in planned.stderr
    deployed = deploy(edge, routes)
    assert "note: `/` does not say its `auth`" in deployed.stderr
    assert "does not say its `auth`" in edge.cli("ps").stdout
    assert edge.get("/x")[0] == 200
    status, text = ask(edge.edge + "/x")
    assert status == 403 and 'auth = "none"' in json.loads(text)["message"]
    assert ask(edge.edge + "/public") == (200, "hello from /public")
    [web] = [w for w in json.loads(edge.cli("ps", "--json").stdout)["workloads"] if w["app"] == "open"]
    assert {route["path"]: route["auth"] for route in web["routes"]} == {"/": "unsaid", "/public": "none"}

    said = deploy(edge, 'auth = "none"\nroutes = ["/", "/public"]')
    assert "does not say" not in said.stderr
    assert ask(edge.edge + "/x") == (200, "hello from /x")

    # Taken back, the route is closed again.
    deploy(edge, routes)
    assert ask(edge.edge + "/x")[0] == 403
    edge.cli("rm", "open")
