"""What the black-box suites share: a server of their own, in every isolation mode that this user can have.

A suite starts the release binary (`WEFT_BINARY`) with a fresh data folder and port 0, and talks to it only as users do:
boto3, the `aws` CLI, HTTP, and the `weft` command line.
"""

import contextlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

BINARY = Path(os.environ.get("WEFT_BINARY", Path(__file__).parent.parent / "target/release/weft")).resolve()
SYSTEM_PYTHON = "/usr/bin/python3"
ORDINARY = 54321  # a user id that owns nothing on the machine
TOOLS = Path(sys.executable).parent
BROUGHT = Path(os.environ.get("WEFT_TEST_TOOLS", Path(__file__).parent.parent / "target/tools")).resolve()  # by `cargo xtask test`
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
DEADLINE = 60  # seconds that anything may take before a test gives up


def wait_for(what, check, seconds=DEADLINE):
    """Asks until `check` gives something true; fails by name when the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = check()
        if found:
            return found
        threading.Event().wait(0.05)
    raise AssertionError(f"waited {seconds} s for {what}")


class Weft:
    """One server: started, stopped and killed as a user would."""

    def __init__(self, folder, mode):
        self.folder = Path(folder)
        self.mode = mode
        self.data = self.folder / "data"
        self.home = self.folder / "home"
        self.home.mkdir(exist_ok=True)
        self.binary = self.folder / "weft"
        shutil.copy(BINARY, self.binary)  # where an ordinary user can read it
        self.user = ORDINARY if mode == "rootless" and os.getuid() == 0 else None
        if self.user:
            for path in (self.folder, self.home):
                os.chown(path, self.user, self.user)
                path.chmod(0o755)
        self.process = None
        self.url = None
        self.keys = None
        self.errors = []

    def environment(self):
        env = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "WEFT_", "PYENV")) or k == "AWS_CA_BUNDLE"}
        env.update(HOME=str(self.home), XDG_DATA_HOME=str(self.home / ".local/share"), WEFT_DATA=str(self.data))
        if self.user:
            env["PATH"] = "/usr/local/bin:/usr/bin:/bin"
        return env

    def popen(self, args, **options):
        if self.user:
            options.update(user=self.user, group=self.user, extra_groups=[])
        return subprocess.Popen([str(self.binary), *args], cwd=str(self.folder), env=self.environment(), **options)

    def start(self, *args):
        self.process = self.popen(["server", "--listen", "127.0.0.1:0", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        threading.Thread(target=self._drain, args=(self.process.stderr,), daemon=True).start()
        line = self.process.stdout.readline()
        match = re.match(r"weft ready on (http://[^\s,]+)", line)
        assert match, f"not ready: {line!r}; stderr: {''.join(self.errors[-30:])}"
        self.url = match.group(1)
        threading.Thread(target=self._drain, args=(self.process.stdout,), daemon=True).start()
        env = json.loads(self.cli("env", "--json").stdout)
        self.keys = (env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"])
        return self

    def _drain(self, stream):
        for line in stream:
            self.errors.append(line)
            del self.errors[:-500]

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(DEADLINE)
        return self.process.returncode if self.process else None

    def kill(self):
        self.process.kill()
        self.process.wait(DEADLINE)

    def cli(self, *args, check=True, **options):
        process = self.popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, **options)
        out, err = process.communicate(timeout=300)
        done = subprocess.CompletedProcess(args, process.returncode, out, err)
        if check:
            assert done.returncode == 0, f"weft {' '.join(args)}: {done.returncode}\n{out}\n{err}"
        return done

    def client(self, service, keys=None, **options):
        key, secret, *token = keys or self.keys
        config = Config(retries={"max_attempts": 0}, read_timeout=120, max_pool_connections=256, **options)
        return boto3.client(service, endpoint_url=self.url, region_name="us-east-1", aws_access_key_id=key,
                            aws_secret_access_key=secret, aws_session_token=token[0] if token else None, config=config)

    def aws(self, *args, check=True, env=None):
        variables = dict(self.environment(), AWS_ENDPOINT_URL=self.url, AWS_ACCESS_KEY_ID=self.keys[0], AWS_SECRET_ACCESS_KEY=self.keys[1],
                         AWS_DEFAULT_REGION="us-east-1", PATH=os.environ["PATH"], **(env or {}))
        done = subprocess.run([str(TOOLS / "aws"), *args], env=variables, cwd=str(self.folder), capture_output=True, text=True, timeout=120)
        if check:
            assert done.returncode == 0, done.stderr
        return done

    def get(self, path="/", host=None, data=None, headers=None, timeout=DEADLINE, method=None):
        """Status, headers and body of an HTTP answer; a status of 400 and more is an answer as well."""
        request = urllib.request.Request(self.url + path, data=data, headers=dict(headers or {}), method=method)
        if host:
            request.add_header("Host", host)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def role(self, name, *statements, trust=TRUST):
        """Makes a role with these statements, and gives its ARN."""
        iam = self.client("iam")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))
        return arn

    def function(self, name, files, handler="app.handler", runtime="python3.11", **settings):
        """Makes a function from files (a text is one `app.py`), with a role that may do nothing unless one is given."""
        if "Role" not in settings:
            settings["Role"] = self.role(f"{name}-role")
        return self.client("lambda").create_function(FunctionName=name, Runtime=runtime, Handler=handler, Code={"ZipFile": packed(files)}, **settings)

    def invoke(self, name, event=None, **settings):
        """The function's answer as a value, and the whole response."""
        answer = self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event if event is not None else {}), **settings)
        text = answer["Payload"].read()
        return (json.loads(text) if text else None), answer

    def workers(self, name=None):
        """The workers that `weft ps` shows."""
        found = json.loads(self.cli("ps", "--json").stdout)["workers"]
        return [w for w in found if name is None or w["workload"] == name]

    def alive(self):
        """The pids of processes on the machine that run this server's binary, by its executable."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if os.readlink(entry / "exe").removesuffix(" (deleted)") == str(self.binary):
                        found.append(int(entry.name))
        return found


def packed(files):
    """A zip of files: name → text or bytes."""
    if isinstance(files, str):
        files = {"app.py": files}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o755 if name == "bootstrap" else 0o644) << 16
            archive.writestr(info, content)
    return buffer.getvalue()


def modes():
    """The isolation modes that this user can have."""
    return ["full", "rootless"] if os.getuid() == 0 else ["rootless"]


@contextlib.contextmanager
def serving(mode, *args):
    """A server in a folder of its own, gone afterwards."""
    folder = tempfile.mkdtemp(prefix="weft-test-")
    os.chmod(folder, 0o755)
    weft = Weft(folder, mode)
    try:
        yield weft.start(*args)
    finally:
        if weft.process and weft.process.poll() is None:
            weft.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module", params=modes())
def weft(request):
    """One server for a file's tests, per mode."""
    with serving(request.param) as server:
        yield server


@pytest.fixture(scope="module")
def best():
    """One server for a file's tests, in the best mode of this user."""
    with serving(modes()[0]) as server:
        yield server
