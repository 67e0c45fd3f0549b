"""What code in a worker cannot do, in every isolation mode: it does not succeed, and the platform and its neighbours go on.

`attacker` runs whatever the test sends it; `victim` keeps a secret in its memory, its environment, a file and a socket.
"""

import contextlib
import http.server
import json
import os
import shutil
import subprocess
import threading

import pytest
from conftest import wait_for

ATTACKER = """
import io, traceback

def handler(event, context):
    place = {"context": context, "event": event}
    try:
        exec(event["code"], place)
    except BaseException as error:
        return {"error": type(error).__name__, "message": str(error)}
    return {"result": place.get("result")}
"""

VICTIM = """
import http.server, os, threading

SECRET = "the-victims-" + "secret"

class Talk(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(SECRET.encode())

def handler(event, context):
    open("/tmp/secret", "w").write(SECRET)
    if event.get("serve"):
        server = http.server.HTTPServer(("0.0.0.0", 7777), Talk)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    return {"pid": os.getpid(), "alive": True}
"""


@pytest.fixture(scope="module")
def pair(weft):
    """The server with attacker and victim, the victim's worker running."""
    weft.function("victim", VICTIM, Environment={"Variables": {"WORD": "the-victims-variable"}})
    weft.function("attacker", ATTACKER, Timeout=30, MemorySize=256)
    assert weft.invoke("victim", {"serve": True})[0]["alive"]
    return weft


def attack(weft, code, **event):
    return weft.invoke("attacker", {"code": code, **event})


def still_well(weft):
    """The platform and the neighbours go on."""
    assert weft.invoke("victim", {})[0]["alive"]
    assert attack(weft, "result = 1")[0] == {"result": 1}


def walk(weft, needle):
    """What the attacker finds of a needle in every file and process that it can read."""
    answer, _ = attack(weft, """
import os
found = []
for top in ("/tmp", "/var", "/home", "/root", "/etc", "/opt", "/srv", "/run", "/dev/shm", "/mnt", "/data"):
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            try:
                if os.path.isfile(path) and os.path.getsize(path) < 1 << 20 and event["needle"].encode() in open(path, "rb").read():
                    found.append(path)
            except OSError:
                pass
for pid in filter(str.isdigit, os.listdir("/proc")):
    for part in ("environ", "cmdline", "maps"):
        try:
            if event["needle"].encode() in open(f"/proc/{pid}/{part}", "rb").read():
                found.append(f"/proc/{pid}/{part}")
        except OSError:
            pass
result = found
""", needle=needle)
    return answer["result"]


def test_anothers_files_and_environment_are_not_to_be_found(pair):
    assert walk(pair, "the-victims-secret") == []
    assert walk(pair, "the-victims-variable") == []
    still_well(pair)


def test_the_hosts_processes_are_not_to_be_seen(pair):
    answer, _ = attack(pair, "import os\nresult = sorted(int(p) for p in os.listdir('/proc') if p.isdigit())")
    assert len(answer["result"]) <= 4
    names, _ = attack(pair, "import os\nresult = [open(f'/proc/{p}/cmdline').read() for p in os.listdir('/proc') if p.isdigit()]")
    assert not any("server" in name and "listen" in name for name in names["result"])


def test_anothers_memory_cannot_be_read(pair):
    answer, _ = attack(pair, """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
tries = {}
for pid in range(1, 4000):
    if pid != os.getpid() and libc.ptrace(16, pid, 0, 0) == 0:
        tries[pid] = "attached"
result = tries
""")
    assert answer["result"] == {}
    answer, _ = attack(pair, "open('/proc/1/mem', 'rb').read(1)")
    assert "error" in answer
    still_well(pair)


def test_the_data_folder_and_the_machines_files_are_not_there(pair):
    key = pair.keys[1]
    assert walk(pair, key) == []
    answer, _ = attack(pair, "import os\nresult = os.path.exists(event['path'])", path=str(pair.data))
    assert answer["result"] is False
    answer, _ = attack(pair, "result = [line for line in open('/etc/shadow')]")
    assert answer["error"] in ("FileNotFoundError", "PermissionError")
    answer, _ = attack(pair, "open('/var/task/new', 'w')")
    assert answer["error"] in ("OSError", "PermissionError")
    answer, _ = attack(pair, "open('/usr/new', 'w')")
    assert answer["error"] in ("OSError", "PermissionError")


def connect(weft, host, port):
    return attack(weft, """
import socket
s = socket.create_connection((event["host"], event["port"]), 5)
s.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
result = s.recv(1000).decode("latin-1")
if not result:
    raise ConnectionResetError("closed without a word")
""", host=host, port=port)[0]


class Private(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"private")

    def log_message(self, *args):
        pass


def test_a_server_on_the_machines_loopback_is_out_of_reach(pair):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Private)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        port = server.server_address[1]
        for host in ("127.0.0.1", "localhost", "::1", "0.0.0.0"):
            assert "error" in connect(pair, host, port), host
        api = int(pair.url.rsplit(":", 1)[1])
        assert "error" in connect(pair, "127.0.0.1", api)
    finally:
        server.shutdown()
    still_well(pair)


def own_addresses():
    found = subprocess.run(["hostname", "-I"], capture_output=True, text=True).stdout.split()
    return [address for address in found if ":" not in address]


def test_the_machines_own_addresses_are_out_of_reach(pair):
    server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Private)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        for host in [*own_addresses(), "127.0.0.2"]:
            assert "error" in connect(pair, host, server.server_address[1]), host
    finally:
        server.shutdown()


@pytest.mark.skipif(os.getuid() != 0 or not shutil.which("ip"), reason="making another network needs root and iproute2")
def test_a_server_on_another_network_of_the_machine_is_out_of_reach(pair):
    space, inside, outside = f"weft{os.getpid()}", "10.213.7.2", "10.213.7.1"
    subprocess.run(["ip", "netns", "add", space], check=True)
    process = None
    try:
        subprocess.run(["ip", "link", "add", "weftt0", "type", "veth", "peer", "name", "weftt1", "netns", space], check=True)
        subprocess.run(["ip", "addr", "add", f"{outside}/24", "dev", "weftt0"], check=True)
        subprocess.run(["ip", "link", "set", "weftt0", "up"], check=True)
        subprocess.run(["ip", "-n", space, "addr", "add", f"{inside}/24", "dev", "weftt1"], check=True)
        subprocess.run(["ip", "-n", space, "link", "set", "weftt1", "up"], check=True)
        process = subprocess.Popen(["ip", "netns", "exec", space, "/usr/bin/python3", "-m", "http.server", "8099", "--bind", inside], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def reachable():
            with contextlib.suppress(OSError):
                import urllib.request

                return urllib.request.urlopen(f"http://{inside}:8099/", timeout=2).status == 200

        wait_for("the other network's server", reachable)
        assert "error" in connect(pair, inside, 8099)
        assert "error" in connect(pair, outside, 8099)
    finally:
        if process:
            process.terminate()
            process.wait()
        subprocess.run(["ip", "link", "del", "weftt0"], check=False)
        subprocess.run(["ip", "netns", "del", space], check=False)
    still_well(pair)


def test_anothers_sockets_are_out_of_reach(pair):
    for host in ("127.0.0.1", "victim", "100.64.0.3"):
        assert "error" in connect(pair, host, 7777), host


def test_the_aws_endpoint_answers_within_the_role_only(pair):
    answer, _ = attack(pair, """
import os, urllib.request, urllib.error
request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"] + "/2015-03-31/functions/")
try:
    result = urllib.request.urlopen(request, timeout=10).status
except urllib.error.HTTPError as error:
    result = error.code
""")
    assert answer["result"] in (403, 404)


def test_a_fork_bomb_stays_in_its_sandbox(pair):
    attack(pair, """
import os, time
made = 0
try:
    while True:
        if os.fork() == 0:
            time.sleep(20)
            os._exit(0)
        made += 1
except OSError as error:
    result = made
""")
    still_well(pair)


def test_filled_memory_ends_the_worker_alone(pair):
    answer, response = attack(pair, "kept = []\nwhile True:\n    kept.append(bytearray(16 << 20))")
    assert response.get("FunctionError") == "Unhandled" or answer.get("error") == "MemoryError", answer
    still_well(pair)


def test_a_filled_tmp_ends_with_an_error(pair):
    answer, _ = attack(pair, """
try:
    with open("/tmp/big", "wb") as f:
        for _ in range(4096):
            f.write(b"x" * (1 << 20))
    result = "all written"
except OSError as error:
    result = error.errno
    import os
    os.unlink("/tmp/big")
""")
    assert answer.get("result") in (28, 27, 12) or "errorMessage" in answer, answer
    still_well(pair)


def test_what_outlives_its_invoke_ends_with_the_worker(pair):
    attack(pair, "import subprocess\nresult = subprocess.Popen(['sleep', '1234567']).pid")

    def sleepers():
        found = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
        return [line for line in found.splitlines() if line == "sleep 1234567"]

    wait_for("the child's own program", sleepers)  # its arguments are told a moment after it began
    pair.client("lambda").update_function_configuration(FunctionName="attacker", Description="a new revision")
    wait_for("no sleeper", lambda: not sleepers())
    still_well(pair)


def test_privileges_cannot_be_gained(pair):
    answer, _ = attack(pair, """
import ctypes, os, subprocess
libc = ctypes.CDLL(None, use_errno=True)
result = {
    "unshare": libc.unshare(0x10000000),
    "mount": libc.mount(b"none", b"/tmp", b"tmpfs", 0, None),
    "caps": [line.split()[1] for line in open("/proc/self/status") if line.startswith(("CapEff", "CapPrm"))],
    "no_new_privs": [line.split()[1] for line in open("/proc/self/status") if line.startswith("NoNewPrivs")],
}
""")
    assert answer["result"] == {"unshare": -1, "mount": -1, "caps": ["0" * 16] * 2, "no_new_privs": ["1"]}
    answer, _ = attack(pair, "import os\nos.setuid(0)\nopen('/etc/passwd', 'a')")
    assert "error" in answer


def test_status_names_the_mode_in_force(pair):
    shown = json.loads(pair.cli("status", "--json").stdout)
    assert shown["isolation"]["mode"] == pair.mode
    for feature in shown["isolation"]["features"]:
        assert feature["state"] == "in-force" or feature["help"] or feature["detail"]
