"""TLS: the server's port, and AWS's own names inside workers, with certificates that are verified."""

import json
import os
import ssl
import stat
import urllib.error
import urllib.request
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

RESPONSES = "https://cloudformation-custom-resource-response-us-east-1.s3.localhost/some/answer?x=1"

PYTHON = """
import json, os, ssl, urllib.error, urllib.request

def fetched(url, data=None):
    request = urllib.request.Request(url, data=data, method="PUT" if data else "GET")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers)

def handler(event, context):
    if event["do"] == "identity":
        os.environ.pop("AWS_ENDPOINT_URL")
        import boto3
        return boto3.client("sts").get_caller_identity()["Arn"]
    if event["do"] == "files":
        return {place: os.path.exists(place) and open(place).read().endswith(open(os.environ["SSL_CERT_FILE"]).read())
                for place in event["places"]}
    if event["do"] == "environment":
        return {name: os.environ.get(name) for name in event["names"]}
    try:
        status, headers = fetched(event["url"], b"{}" if event.get("put") else None)
    except urllib.error.URLError as error:
        return {"error": str(error.reason)}
    return {"status": status, "id": any(name.lower() in ("x-amzn-requestid", "x-amz-request-id") for name in headers)}
"""

NODE = """
const https = require("https");
exports.handler = (event) => new Promise((resolve) => {
  const request = https.request(event.url, { method: event.put ? "PUT" : "GET" }, (answer) => {
    const authorized = answer.socket.authorized;
    answer.resume();
    answer.on("end", () => resolve({
      status: answer.statusCode, authorized,
      id: "x-amzn-requestid" in answer.headers || "x-amz-request-id" in answer.headers }));
  });
  request.on("error", (error) => resolve({ error: error.message }));
  request.end(event.put ? "{}" : undefined);
});
"""


def sdk():
    """boto3 as it is installed here, with what it knows of one service only."""
    packages = Path(boto3.__file__).parent.parent
    files = {"six.py": (packages / "six.py").read_bytes()}
    for package in ("boto3", "botocore", "s3transfer", "urllib3", "jmespath", "dateutil"):
        for path in (packages / package).rglob("*"):
            place = path.relative_to(packages)
            of_service = place.parts[:2] == ("botocore", "data") and len(place.parts) > 3
            if path.is_file() and path.suffix != ".pyc" and (not of_service or place.parts[2] == "sts"):
                files[str(place)] = path.read_bytes()
    return files


def authority(weft):
    return json.loads(weft.cli("trust", "--json").stdout)["certificate"]


def https(weft, path="/", host="127.0.0.1", context=None):
    context = context or ssl.create_default_context(cafile=authority(weft))
    url = weft.url.replace("http://127.0.0.1", f"https://{host}") + path
    try:
        with urllib.request.urlopen(url, context=context, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_plain_and_tls_are_served_on_one_port(weft):
    plain = weft.get("/")[0]
    assert https(weft) == https(weft, host="localhost") == plain
    assert weft.get("/")[0] == plain


def test_who_does_not_know_the_authority_does_not_trust_the_server(weft):
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        https(weft, context=ssl.create_default_context())


def test_boto3_talks_https(weft):
    variables = json.loads(weft.cli("env", "--https", "--json").stdout)
    assert variables["AWS_ENDPOINT_URL"].startswith("https://")
    client = boto3.client("sts", endpoint_url=variables["AWS_ENDPOINT_URL"], region_name="us-east-1", verify=variables["AWS_CA_BUNDLE"],
                          aws_access_key_id=weft.keys[0], aws_secret_access_key=weft.keys[1], config=Config(retries={"max_attempts": 0}))
    assert client.get_caller_identity()["Arn"].endswith("user/admin")


def test_the_authority_is_private_shown_and_survives_a_restart(weft):
    before = weft.cli("trust", "--print").stdout
    assert before.startswith("-----BEGIN CERTIFICATE-----")
    key = weft.data / "tls/authority.json"
    assert stat.S_IMODE(os.stat(key).st_mode) == 0o600
    status = json.loads(weft.cli("status", "--json").stdout)
    assert status["certificateAuthority"] == authority(weft) and status["certificateAuthorityUntil"]
    weft.kill()
    weft.start()
    assert weft.cli("trust", "--print").stdout == before
    assert https(weft) == weft.get("/")[0]


def test_python_in_a_worker_trusts_awss_names(weft):
    weft.function("tls-python", PYTHON, Timeout=60, MemorySize=512)
    for url, put in [(RESPONSES, True), ("https://sts.us-east-1.amazonaws.com/", False), ("https://abc.execute-api.us-east-1.localhost/", False)]:
        answer, _ = weft.invoke("tls-python", {"do": "fetch", "url": url, "put": put})
        assert "status" in answer and (answer["id"] or "amazonaws" not in url), (url, answer)
    plain, _ = weft.invoke("tls-python", {"do": "fetch", "url": RESPONSES.replace("https:", "http:"), "put": True})
    secure, _ = weft.invoke("tls-python", {"do": "fetch", "url": RESPONSES, "put": True})
    assert plain == secure, "the same handler"


def test_a_name_that_is_not_ours_is_not_vouched_for(weft):
    weft.function("tls-stranger", PYTHON, Timeout=60, MemorySize=512)
    answer, _ = weft.invoke("tls-stranger", {"do": "fetch", "url": "https://100.64.0.2:443/"})
    assert "error" in answer, answer


def test_boto3_in_a_worker_needs_no_endpoint(weft):
    weft.function("tls-boto3", dict(sdk(), **{"app.py": PYTHON}), Timeout=60, MemorySize=512)
    answer, whole = weft.invoke("tls-boto3", {"do": "identity"})
    assert "FunctionError" not in whole and ":assumed-role/tls-boto3-role/" in answer, answer


def test_the_bundle_is_where_programs_look_and_the_users_choice_wins(weft):
    names = ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"]
    weft.function("tls-places", PYTHON, Environment={"Variables": {"AWS_CA_BUNDLE": "/var/task/mine.pem"}})
    places = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"]
    found, _ = weft.invoke("tls-places", {"do": "files", "places": places})
    assert found == dict.fromkeys(places, True)
    found, _ = weft.invoke("tls-places", {"do": "environment", "names": names})
    bundle = "/etc/weft/ca-bundle.pem"
    assert found == dict(zip(names, [bundle, bundle, "/var/task/mine.pem", bundle]))


def test_node_in_a_worker_trusts_awss_names(weft):
    weft.function("tls-node", {"index.js": NODE}, handler="index.handler", runtime="nodejs20.x", Timeout=60, MemorySize=512)
    for url, put in [(RESPONSES, True), ("https://sts.us-east-1.amazonaws.com/", False)]:
        answer, _ = weft.invoke("tls-node", {"url": url, "put": put})
        assert answer.get("authorized") and (answer["id"] or "amazonaws" not in url), (url, answer)
