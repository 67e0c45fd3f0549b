"""The CDK's own command line, unmodified, from bootstrap to destroy, with permissions enforced."""

import json
import os
import re
import shutil
import ssl
import subprocess
import urllib.request
from pathlib import Path

import pytest
from conftest import BROUGHT

ROLES = ["cfn-exec", "deploy", "file-publishing"]
CDK = BROUGHT / "cdk"
pytestmark = pytest.mark.skipif(not (CDK / "node_modules/.bin/cdk").exists(), reason="the CDK was not brought")


@pytest.fixture(scope="module")
def app(best):
    folder = best.folder / "cdk-hello"
    shutil.copytree(Path(__file__).parent.parent / "examples/cdk-hello", folder)
    return folder


def cdk(weft, folder, *args):
    paths = [CDK / "python/bin", CDK / "node_modules/.bin"]
    env = dict(weft.environment(), AWS_ENDPOINT_URL=weft.url, AWS_ACCESS_KEY_ID=weft.keys[0], AWS_SECRET_ACCESS_KEY=weft.keys[1], AWS_REGION="us-east-1",
               CI="true", PATH=os.pathsep.join([*map(str, paths), os.environ["PATH"]]))
    done = subprocess.run(["cdk", *args], cwd=folder, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def url_of(weft):
    return weft.client("cloudformation").describe_stacks(StackName="Hello")["Stacks"][0]["Outputs"][0]["OutputValue"]


def path_form(url):
    found = re.match(r"https://([^.]+)\.execute-api\.us-east-1\.localhost:\d+/([^/]+)/$", url)
    return f"/restapis/{found[1]}/{found[2]}/_user_request_/x"


def left(weft):
    """What is there: buckets, log groups, functions, APIs."""
    buckets = [bucket["Name"] for bucket in weft.client("s3").list_buckets()["Buckets"] if not bucket["Name"].startswith("cdk-")]
    lines = [group["logGroupName"] for group in weft.client("logs").describe_log_groups()["logGroups"] if not group["logGroupName"].startswith("/aws/lambda/")]
    functions = [function["FunctionName"] for function in weft.client("lambda").list_functions()["Functions"]]
    return len(buckets), len(lines), len(functions), len(weft.client("apigateway").get_rest_apis()["items"])


def test_bootstrap_deploy_diff_hotswap_and_destroy(best, app):
    cdk(best, app, "bootstrap", "aws://000000000000/us-east-1")
    cdk(best, app, "deploy", "--require-approval", "never")
    iam = best.client("iam")
    for role in ROLES:
        used = iam.get_role(RoleName=f"cdk-hnb659fds-{role}-role-000000000000-us-east-1")["Role"]["RoleLastUsed"]
        assert used, f"{role} was never assumed"
    url = url_of(best)
    assert best.get(path_form(url))[2] == b'{"hello": "/x"}'
    trusted = ssl.create_default_context(cadata=best.cli("trust", "--print").stdout)
    # The name resolves to loopback everywhere but in Python without the system's help: asked by address, with the name told.
    host = url.split("/")[2]
    request = urllib.request.Request(f"https://127.0.0.1:{host.split(':')[1]}/prod/y", headers={"Host": host})
    assert urllib.request.urlopen(request, context=trusted).read() == b'{"hello": "/y"}'
    assert "There were no differences" in cdk(best, app, "diff")
    code = app / "function/app.py"
    code.write_text(code.read_text().replace('"hello"', '"again"'))
    assert "hotswapped!" in cdk(best, app, "deploy", "--hotswap", "--require-approval", "never")
    assert best.get(path_form(url))[2] == b'{"again": "/x"}'
    code.write_text(code.read_text().replace('"again"', '"anew"'))
    cdk(best, app, "deploy", "--require-approval", "never")
    assert best.get(path_form(url_of(best)))[2] == b'{"anew": "/x"}'
    cdk(best, app, "destroy", "--force")
    assert left(best) == (1, 1, 0, 0)


def test_with_nothing_to_keep_nothing_is_left(best, app):
    before = left(best)
    roles = {role["RoleName"] for role in best.client("iam").list_roles()["Roles"]}
    cdk(best, app, "deploy", "--require-approval", "never", "-c", "keep=no")
    assert json.loads(best.get(path_form(url_of(best)))[2])
    cdk(best, app, "destroy", "--force", "-c", "keep=no")
    assert left(best) == before
    assert {role["RoleName"] for role in best.client("iam").list_roles()["Roles"]} == roles
