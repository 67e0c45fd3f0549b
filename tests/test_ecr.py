"""Container images: the API through boto3, pushed and pulled with an ordinary client of registries, and the protocol's own rules."""

import base64
import hashlib
import json
import os
import uuid

import pytest
from dxf import DXF


def digest(data):
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def code(call, **arguments):
    with pytest.raises(Exception) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


@pytest.fixture
def ecr(best):
    return best.client("ecr")


@pytest.fixture
def repository(ecr):
    name = f"team/{uuid.uuid4().hex}"
    uri = ecr.create_repository(repositoryName=name)["repository"]["repositoryUri"]
    yield name, uri
    ecr.delete_repository(repositoryName=name, force=True)


def password(ecr):
    data = ecr.get_authorization_token()["authorizationData"][0]
    user, secret = base64.b64decode(data["authorizationToken"]).decode().split(":", 1)
    assert user == "AWS"
    return secret, data["proxyEndpoint"].removeprefix("http://")


def docker(ecr, name):
    """A registry client for one repository, logged in as the caller of `ecr`. It would send a password over https only, but for its header."""
    host, header = password(ecr)[1], basic(ecr)
    return DXF(host, name, auth=lambda dxf, response: setattr(dxf, "_headers", header), insecure=True)


def basic(ecr):
    return {"Authorization": "Basic " + base64.b64encode(f"AWS:{password(ecr)[0]}".encode()).decode()}


def push(client, tmp_path, tag, layer):
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [digest(layer)]}}).encode()
    for name, data in [("layer", layer), ("config", config)]:
        (tmp_path / name).write_bytes(data)
        assert client.push_blob(str(tmp_path / name)) == digest(data)
    descriptor = lambda kind, data: {"mediaType": f"application/vnd.oci.image.{kind}", "digest": digest(data), "size": len(data)}
    manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                           "config": descriptor("config.v1+json", config), "layers": [descriptor("layer.v1.tar+gzip", layer)]})
    client.set_manifest(tag, manifest)
    return manifest


def test_an_image_is_pushed_and_pulled(best, ecr, repository, tmp_path):
    name, uri = repository
    assert uri == best.url.removeprefix("http://") + "/" + name
    layer = os.urandom(20 << 20)
    client = docker(ecr, name)
    manifest = push(client, tmp_path, "v1", layer)
    assert client.list_aliases() == ["v1"]
    assert client.get_manifest("v1") == manifest
    blobs = {d: b"".join(client.pull_blob(d)) for d in (digest(layer),)}
    assert blobs[digest(layer)] == layer
    image = ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "v1"}])["imageDetails"][0]
    assert (image["imageDigest"], image["imageTags"]) == (digest(manifest.encode()), ["v1"])
    assert image["imageSizeInBytes"] > len(layer)
    assert code(ecr.describe_images, repositoryName=name, imageIds=[{"imageTag": "none"}]) == "ImageNotFoundException"
    url = ecr.get_download_url_for_layer(repositoryName=name, layerDigest=digest(layer))["downloadUrl"]
    status, _, body = best.get(url.removeprefix(best.url), headers={"Range": "bytes=5-14"})
    assert (status, body) == (206, layer[5:15])
    assert best.get(url.removeprefix(best.url)[:-1])[0] == 401
    gone = ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "v1"}])["imageIds"]
    assert gone == [{"imageDigest": digest(manifest.encode()), "imageTag": "v1"}]


def test_the_protocol_refuses_in_its_own_words(best, ecr, repository):
    name, _ = repository
    status, headers, body = best.get("/v2/")
    assert status == 401 and headers["WWW-Authenticate"].startswith("Basic ")
    assert json.loads(body)["errors"][0]["code"] == "UNAUTHORIZED"
    auth = basic(ecr)
    assert best.get("/v2/", headers=auth)[0] == 200
    for method, path, data, status, expected in [
        ("GET", "/v2/none-such/manifests/v1", None, 404, "NAME_UNKNOWN"),
        ("GET", f"/v2/{name}/manifests/v1", None, 404, "MANIFEST_UNKNOWN"),
        ("GET", f"/v2/{name}/blobs/{digest(b'none')}", None, 404, "BLOB_UNKNOWN"),
        ("PUT", f"/v2/{name}/manifests/v1", b"{}", 400, "MANIFEST_INVALID"),
        ("POST", f"/v2/{name}/blobs/uploads/?digest={digest(b'x')}", b"y", 400, "DIGEST_INVALID"),
        ("DELETE", f"/v2/{name}/blobs/{digest(b'none')}", None, 405, "UNSUPPORTED"),
    ]:
        found, _, body = best.get(path, headers=auth, data=data, method=method)
        assert (found, json.loads(body)["errors"][0]["code"]) == (status, expected), path


def test_a_layer_in_pieces_and_mounted(best, ecr, repository):
    name, _ = repository
    auth = basic(ecr)
    _, headers, _ = best.get(f"/v2/{name}/blobs/uploads/", headers=auth, data=b"", method="POST")
    place = headers["Location"]
    first = best.get(place, headers=auth | {"Content-Range": "0-2"}, data=b"abc", method="PATCH")
    assert (first[0], first[1]["Range"]) == (202, "0-2")
    assert best.get(place, headers=auth | {"Content-Range": "9-11"}, data=b"xyz", method="PATCH")[0] == 416
    assert best.get(f"{place}?digest={digest(b'abcdef')}", headers=auth, data=b"def", method="PUT")[0] == 201
    assert best.get(f"/v2/{name}/blobs/{digest(b'abcdef')}", headers=auth)[2] == b"abcdef"
    other = f"other-{uuid.uuid4().hex}"
    ecr.create_repository(repositoryName=other)
    mounted = best.get(f"/v2/{other}/blobs/uploads/?mount={digest(b'abcdef')}&from={name}", headers=auth, data=b"", method="POST")
    assert mounted[0] == 201
    ecr.delete_repository(repositoryName=other, force=True)
    assert best.get(f"/v2/{name}/blobs/{digest(b'abcdef')}", headers=auth)[2] == b"abcdef"


def test_who_may_not_push_cannot(best, ecr, repository, tmp_path):
    name, _ = repository
    push(docker(ecr, name), tmp_path, "v1", b"layer")
    user = f"u{uuid.uuid4().hex}"
    iam = best.client("iam")
    iam.create_user(UserName=user)
    actions = ["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}}
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    auth = basic(best.client("ecr", keys=(key["AccessKeyId"], key["SecretAccessKey"])))
    assert best.get(f"/v2/{name}/manifests/v1", headers=auth)[0] == 200
    for method, path in [("POST", f"/v2/{name}/blobs/uploads/"), ("PUT", f"/v2/{name}/manifests/v2"), ("GET", f"/v2/{name}/tags/list")]:
        status, _, body = best.get(path, headers=auth, data=b"" if method != "GET" else None, method=method)
        assert (status, json.loads(body)["errors"][0]["code"]) == (403, "DENIED"), path
    iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
    assert best.get("/v2/", headers=auth)[0] == 401
