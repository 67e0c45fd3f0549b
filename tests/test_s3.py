"""S3 as its clients use it: boto3, the `aws` CLI and plain HTTP; what is written, listed, shared, refused, and what a crash leaves."""

import base64
import hashlib
import http.client
import io
import json
import os
import re
import socket
import subprocess
import threading
import zlib

import pytest
from botocore.exceptions import ClientError
from conftest import modes, serving, wait_for

MIB = 1 << 20
PART = 5 * MIB


def refused(call, **arguments):
    """The code and status with which a call is refused."""
    with pytest.raises(ClientError) as error:
        call(**arguments)
    answer = error.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def fresh(client, name, **options):
    client.create_bucket(Bucket=name, **options)
    return name


def empty(client, bucket):
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for row in page.get("Versions", []) + page.get("DeleteMarkers", []):
            client.delete_object(Bucket=bucket, Key=row["Key"], VersionId=row["VersionId"])
    client.delete_bucket(Bucket=bucket)


@pytest.fixture
def s3(weft):
    return weft.client("s3", s3={"addressing_style": "path"})


def keys_of(client, **options):
    pages = client.get_paginator("list_objects_v2").paginate(**options)
    return [row["Key"] for page in pages for row in page.get("Contents", [])]


def test_a_bucket_comes_and_goes(s3):
    assert fresh(s3, "comes") in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert s3.head_bucket(Bucket="comes")["BucketRegion"] == "us-east-1"
    assert s3.get_bucket_location(Bucket="comes")["LocationConstraint"] is None
    assert refused(s3.create_bucket, Bucket="No_Good") == ("InvalidBucketName", 400)
    s3.put_object(Bucket="comes", Key="k", Body=b"x")
    assert refused(s3.delete_bucket, Bucket="comes") == ("BucketNotEmpty", 409)
    empty(s3, "comes")
    assert refused(s3.head_bucket, Bucket="comes") == ("404", 404)
    assert refused(s3.list_objects_v2, Bucket="comes") == ("NoSuchBucket", 404)


def test_a_bucket_of_another_region_says_so(weft):
    there = weft.client("s3", s3={"addressing_style": "path"})
    options = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    fresh(there, "elsewhere", **options)
    assert there.get_bucket_location(Bucket="elsewhere")["LocationConstraint"] == "eu-west-1"
    assert refused(there.create_bucket, Bucket="elsewhere", **options) == ("BucketAlreadyOwnedByYou", 409)
    there.delete_bucket(Bucket="elsewhere")


def test_an_object_is_given_back_as_it_came(s3):
    bucket = fresh(s3, "back")
    kept = {"ContentType": "text/x", "CacheControl": "max-age=1", "ContentDisposition": "inline", "ContentEncoding": "gzip",
            "ContentLanguage": "de", "Metadata": {"owner": "ada", "note": "a b"}, "StorageClass": "STANDARD_IA"}
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"hello", Tagging="a=1&b=2", **kept)
    assert put["ETag"] == '"5d41402abc4b2a76b9719d911017c592"'
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == b"hello"
    assert {name: got[name] for name in kept} == kept
    assert got["TagCount"] == 2 and got["ETag"] == put["ETag"] and got["ServerSideEncryption"] == "AES256"
    head = s3.head_object(Bucket=bucket, Key="k")
    assert head["ContentLength"] == 5 and head["Metadata"] == kept["Metadata"]
    assert s3.get_object(Bucket=bucket, Key="k", ResponseContentType="text/y")["ContentType"] == "text/y"
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": "c", "Value": "3"}]})
    s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []
    s3.put_object(Bucket=bucket, Key="none", Body=b"")
    assert s3.get_object(Bucket=bucket, Key="none")["Body"].read() == b""
    empty(s3, bucket)


def test_keys_are_never_normalized(s3):
    bucket = fresh(s3, "keys")
    keys = ["a", "a/", "a//b", "/lead", "..", "a/../b", "./a", "%2e%2e/x", "a b+c", "é", "\U0001f600/\U0010ffff", "k" * 1024,
            "q?x=1&y#z", "tab\there", "a\\b", "~!@$^*()='\",;:[]{}<>|`"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    for key in keys:
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode(), key
    assert keys_of(s3, Bucket=bucket) == sorted(keys, key=str.encode)
    assert refused(s3.put_object, Bucket=bucket, Key="k" * 1025, Body=b"") == ("KeyTooLongError", 400)
    assert refused(s3.get_object, Bucket=bucket, Key="b") == ("NoSuchKey", 404)
    empty(s3, bucket)


def test_ranges_and_conditions(s3):
    bucket = fresh(s3, "ranges")
    body = bytes(range(256)) * 300
    tag = s3.put_object(Bucket=bucket, Key="k", Body=body)["ETag"]
    for spec, expected in [("bytes=0-9", body[:10]), ("bytes=70000-", body[70000:]), ("bytes=-5", body[-5:]), ("bytes=5-5", body[5:6])]:
        got = s3.get_object(Bucket=bucket, Key="k", Range=spec)
        assert got["Body"].read() == expected and got["ResponseMetadata"]["HTTPStatusCode"] == 206
        assert got["ContentRange"].endswith(f"/{len(body)}")
    assert refused(s3.get_object, Bucket=bucket, Key="k", Range="bytes=99999-") == ("InvalidRange", 416)
    modified = s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    assert refused(s3.get_object, Bucket=bucket, Key="k", IfNoneMatch=tag) == ("304", 304)
    assert refused(s3.get_object, Bucket=bucket, Key="k", IfModifiedSince=modified) == ("304", 304)
    assert refused(s3.get_object, Bucket=bucket, Key="k", IfMatch='"other"') == ("PreconditionFailed", 412)
    s3.get_object(Bucket=bucket, Key="k", IfMatch=tag, IfUnmodifiedSince=modified)
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"", IfNoneMatch="*") == ("PreconditionFailed", 412)
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"", IfMatch='"other"') == ("PreconditionFailed", 412)
    s3.put_object(Bucket=bucket, Key="new", Body=b"", IfNoneMatch="*")
    s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfMatch=tag)
    empty(s3, bucket)


def test_digests_are_checked(s3):
    bucket = fresh(s3, "digests")
    wrong = base64.b64encode(bytes(4)).decode()
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"abc", ChecksumCRC32=wrong) == ("BadDigest", 400)
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"abc", ContentMD5=base64.b64encode(bytes(16)).decode()) == ("BadDigest", 400)
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"abc", ContentMD5="x") == ("InvalidDigest", 400)
    assert keys_of(s3, Bucket=bucket) == []
    for name, value in [("SHA1", hashlib.sha1(b"abc").digest()), ("SHA256", hashlib.sha256(b"abc").digest()),
                        ("CRC32", zlib.crc32(b"abc").to_bytes(4, "big"))]:
        s3.put_object(Bucket=bucket, Key="k", Body=b"abc", ChecksumAlgorithm=name)
        got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
        assert got["Checksum" + name] == base64.b64encode(value).decode() and got["ChecksumType"] == "FULL_OBJECT"
    empty(s3, bucket)


def test_a_changed_body_or_signature_leaves_nothing(weft, s3):
    bucket = fresh(s3, "changed")
    sent = {}
    s3.meta.events.register("before-send.s3.PutObject", lambda request, **_: sent.update(request=request))
    s3.put_object(Bucket=bucket, Key="first", Body=b"right")
    request = sent["request"]
    headers = {name: value if isinstance(value, str) else value.decode() for name, value in request.headers.items() if name != "Expect"}
    status, _, body = weft.get("/changed/first", data=b"wrong", headers=headers, method="PUT")
    assert status == 400 and b"XAmzContentSHA256Mismatch" in body
    bad = {**headers, "Authorization": headers["Authorization"][:-4] + "0000"}
    status, _, body = weft.get("/changed/first", data=b"right", headers=bad, method="PUT")
    assert status == 403 and b"SignatureDoesNotMatch" in body
    assert s3.get_object(Bucket=bucket, Key="first")["Body"].read() == b"right"
    empty(s3, bucket)


def test_lists_page_and_roll_up(s3):
    bucket = fresh(s3, "lists")
    keys = sorted([f"d{number:02}/f{file}" for number in range(12) for file in range(3)] + ["top", "über"], key=str.encode)
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    assert keys_of(s3, Bucket=bucket, PaginationConfig={"PageSize": 5}) == keys
    assert keys_of(s3, Bucket=bucket, Prefix="d03/") == [f"d03/f{file}" for file in range(3)]
    assert keys_of(s3, Bucket=bucket, StartAfter="d11/f1") == ["d11/f2", "top", "über"]
    folders = [f"d{number:02}/" for number in range(12)]
    for name in ["list_objects_v2", "list_objects"]:
        pages = list(s3.get_paginator(name).paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 5}))
        assert [row["Prefix"] for page in pages for row in page.get("CommonPrefixes", [])] == folders
        assert [row["Key"] for page in pages for row in page.get("Contents", [])] == ["top", "über"]
        assert all(len(page.get("CommonPrefixes", [])) + len(page.get("Contents", [])) <= 5 for page in pages)
    none = s3.list_objects_v2(Bucket=bucket, Prefix="nothing")
    assert none["KeyCount"] == 0 and not none["IsTruncated"]
    assert refused(s3.list_objects_v2, Bucket=bucket, ContinuationToken="x") == ("InvalidArgument", 400)
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys] + [{"Key": "never"}]})
    assert len(answer["Deleted"]) == len(keys) + 1 and keys_of(s3, Bucket=bucket) == []
    empty(s3, bucket)


def test_versions_and_delete_markers(s3):
    bucket = fresh(s3, "versions")
    s3.put_object(Bucket=bucket, Key="k", Body=b"before")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    ids = [s3.put_object(Bucket=bucket, Key="k", Body=body)["VersionId"] for body in (b"one", b"two")]
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"two"
    assert s3.get_object(Bucket=bucket, Key="k", VersionId=ids[0])["Body"].read() == b"one"
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"before"
    marker = s3.delete_object(Bucket=bucket, Key="k")
    assert marker["DeleteMarker"] and refused(s3.get_object, Bucket=bucket, Key="k") == ("NoSuchKey", 404)
    assert refused(s3.get_object, Bucket=bucket, Key="k", VersionId=marker["VersionId"]) == ("MethodNotAllowed", 405)
    listed = s3.list_object_versions(Bucket=bucket)
    assert [row["VersionId"] for row in listed["Versions"]] == [ids[1], ids[0], "null"]
    assert [row["IsLatest"] for row in listed["Versions"]] == [False] * 3 and listed["DeleteMarkers"][0]["IsLatest"]
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": 1})
    rows = [row["VersionId"] for page in pages for row in page.get("Versions", []) + page.get("DeleteMarkers", [])]
    assert rows == [marker["VersionId"], ids[1], ids[0], "null"]
    s3.delete_object(Bucket=bucket, Key="k", VersionId=marker["VersionId"])
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"two"
    s3.delete_object(Bucket=bucket, Key="k", VersionId=ids[1])
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"one"
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"after")["VersionId"] == "null"
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"after"
    assert len(s3.list_object_versions(Bucket=bucket)["Versions"]) == 2
    assert refused(s3.get_object, Bucket=bucket, Key="k", VersionId="x") == ("InvalidArgument", 400)
    assert refused(s3.get_object, Bucket=bucket, Key="k", VersionId=ids[1]) == ("NoSuchVersion", 404)
    empty(s3, bucket)


def test_an_upload_in_parts_is_one_object(s3):
    bucket = fresh(s3, "parts")
    parts = [os.urandom(PART), os.urandom(PART), b"end"]
    begun = s3.create_multipart_upload(Bucket=bucket, Key="k", ChecksumAlgorithm="SHA256", ContentType="text/x", Metadata={"a": "b"})
    upload = {"Bucket": bucket, "Key": "k", "UploadId": begun["UploadId"]}
    told = []
    for number, part in reversed(list(enumerate(parts, 1))):
        answer = s3.upload_part(PartNumber=number, Body=part, ChecksumAlgorithm="SHA256", **upload)
        told.insert(0, {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": answer["ChecksumSHA256"]})
    assert keys_of(s3, Bucket=bucket) == []
    assert [part["Size"] for part in s3.list_parts(**upload)["Parts"]] == [PART, PART, 3]
    assert s3.list_multipart_uploads(Bucket=bucket)["Uploads"][0]["UploadId"] == begun["UploadId"]
    assert refused(s3.complete_multipart_upload, MultipartUpload={"Parts": told[::-1]}, **upload) == ("InvalidPartOrder", 400)
    wrong = [dict(told[0], ETag='"0"'), *told[1:]]
    assert refused(s3.complete_multipart_upload, MultipartUpload={"Parts": wrong}, **upload) == ("InvalidPart", 400)
    done = s3.complete_multipart_upload(MultipartUpload={"Parts": told}, **upload)
    inner = b"".join(hashlib.md5(part).digest() for part in parts)
    assert done["ETag"] == f'"{hashlib.md5(inner).hexdigest()}-3"'
    sums = b"".join(hashlib.sha256(part).digest() for part in parts)
    assert done["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(sums).digest()).decode() + "-3"
    whole = b"".join(parts)
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == whole and got["ContentType"] == "text/x" and got["Metadata"] == {"a": "b"}
    spec = f"bytes={PART - 2}-{2 * PART + 1}"
    assert s3.get_object(Bucket=bucket, Key="k", Range=spec)["Body"].read() == whole[PART - 2:2 * PART + 2]
    second = s3.get_object(Bucket=bucket, Key="k", PartNumber=2)
    assert second["Body"].read() == parts[1] and second["PartsCount"] == 3
    about = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ObjectParts", "ObjectSize", "ETag", "Checksum"])
    assert about["ObjectSize"] == len(whole) and about["ObjectParts"]["TotalPartsCount"] == 3 and len(about["ObjectParts"]["Parts"]) == 3
    copied = s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "k"})
    assert copied["CopyObjectResult"]["ETag"] == f'"{hashlib.md5(whole).hexdigest()}"'
    assert refused(s3.list_parts, **upload) == ("NoSuchUpload", 404)
    empty(s3, bucket)


def test_parts_have_rules(s3):
    bucket = fresh(s3, "rules")
    begun = s3.create_multipart_upload(Bucket=bucket, Key="k")
    upload = {"Bucket": bucket, "Key": "k", "UploadId": begun["UploadId"]}
    tags = [s3.upload_part(PartNumber=number, Body=b"small", **upload)["ETag"] for number in (1, 2)]
    told = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]
    assert refused(s3.complete_multipart_upload, MultipartUpload={"Parts": told}, **upload) == ("EntityTooSmall", 400)
    assert refused(s3.upload_part, PartNumber=10001, Body=b"", **upload) == ("InvalidArgument", 400)
    s3.put_object(Bucket=bucket, Key="source", Body=b"0123456789")
    part = s3.upload_part_copy(PartNumber=3, CopySource=f"{bucket}/source", CopySourceRange="bytes=2-4", **upload)
    done = s3.complete_multipart_upload(MultipartUpload={"Parts": [{"PartNumber": 3, "ETag": part["CopyPartResult"]["ETag"]}]}, **upload)
    assert done["ETag"].endswith('-1"') and s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"234"
    begun = s3.create_multipart_upload(Bucket=bucket, Key="gone")
    s3.abort_multipart_upload(Bucket=bucket, Key="gone", UploadId=begun["UploadId"])
    assert refused(s3.abort_multipart_upload, Bucket=bucket, Key="gone", UploadId=begun["UploadId"]) == ("NoSuchUpload", 404)
    empty(s3, bucket)


def test_copies_keep_or_replace(s3):
    bucket = fresh(s3, "copies")
    s3.put_object(Bucket=bucket, Key="a b/ü+", Body=b"x" * 100_000, Metadata={"m": "1"}, ContentType="text/x", Tagging="t=1")
    source = {"Bucket": bucket, "Key": "a b/ü+"}
    s3.copy_object(Bucket=bucket, Key="same", CopySource=source)
    same = s3.get_object(Bucket=bucket, Key="same")
    assert same["Metadata"] == {"m": "1"} and same["ContentType"] == "text/x" and same["TagCount"] == 1
    s3.copy_object(Bucket=bucket, Key="other", CopySource=source, MetadataDirective="REPLACE", Metadata={"n": "2"}, TaggingDirective="REPLACE")
    other = s3.get_object(Bucket=bucket, Key="other")
    assert other["Metadata"] == {"n": "2"} and "TagCount" not in other
    s3.delete_object(**source)
    assert same["Body"].read() == other["Body"].read() == b"x" * 100_000
    assert refused(s3.copy_object, Bucket=bucket, Key="same", CopySource={"Bucket": bucket, "Key": "same"}) == ("InvalidRequest", 400)
    assert refused(s3.copy_object, Bucket=bucket, Key="z", CopySource={"Bucket": bucket, "Key": "nothing"}) == ("NoSuchKey", 404)
    empty(s3, bucket)


def space(weft):
    """Bytes of all blobs of S3."""
    folder = weft.data / "blobs/s3"
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_space_comes_back(weft, s3):
    bucket = fresh(s3, "space")
    before = space(weft)
    body = os.urandom(2 * MIB)
    for key in ("a", "b"):
        s3.put_object(Bucket=bucket, Key=key, Body=body)
    s3.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/a")
    assert space(weft) - before == len(body), "the same bytes are there once"
    s3.delete_object(Bucket=bucket, Key="a")
    s3.put_object(Bucket=bucket, Key="b", Body=b"")
    assert s3.get_object(Bucket=bucket, Key="c")["Body"].read() == body
    s3.delete_object(Bucket=bucket, Key="c")
    wait_for("the bytes to go", lambda: space(weft) == before)
    begun = s3.create_multipart_upload(Bucket=bucket, Key="k")
    s3.upload_part(Bucket=bucket, Key="k", UploadId=begun["UploadId"], PartNumber=1, Body=os.urandom(MIB))
    assert space(weft) > before
    s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=begun["UploadId"])
    wait_for("the part to go", lambda: space(weft) == before)
    empty(s3, bucket)


def test_an_interrupted_upload_leaves_nothing(weft, s3):
    bucket = fresh(s3, "interrupted")
    before = space(weft)
    url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=60)
    host, port = weft.url[len("http://"):].split(":")
    with socket.create_connection((host, int(port))) as connection:
        head = f"PUT {url[len(weft.url):]} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {64 * MIB}\r\n\r\n"
        connection.sendall(head.encode() + os.urandom(20 * MIB))
        wait_for("some of it to arrive", lambda: space(weft) > before)
    wait_for("all of it to go", lambda: space(weft) == before)
    assert keys_of(s3, Bucket=bucket) == []
    empty(s3, bucket)


def test_an_answer_before_100_continue_ends_the_connection(weft, s3):
    """botocore takes the next answer on such a connection for the old one."""
    bucket = fresh(s3, "expecting")
    for length, expected in [(0, b"HTTP/1.1 200"), (5, b"HTTP/1.1 403")]:
        url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=60)
        path = url[len(weft.url):].replace("Signature=", "Signature=" if length == 0 else "Signature=A")
        host, port = weft.url[len("http://"):].split(":")
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            head = f"PUT {path} HTTP/1.1\r\nHost: {host}:{port}\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
            connection.sendall(head.encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b""))  # until the server ends it
        assert answer.startswith(expected) and b"connection: close" in answer.lower(), answer
    empty(s3, bucket)


def test_presigned_urls_of_both_versions(weft, s3):
    bucket = fresh(s3, "presigned")
    s3.put_object(Bucket=bucket, Key="a b", Body=b"secret")
    for version in ("s3v4", "s3"):
        client = weft.client("s3", signature_version=version, s3={"addressing_style": "path"})

        def ask(operation, expires=60, **arguments):
            url = client.generate_presigned_url(operation, Params={"Bucket": bucket, **arguments}, ExpiresIn=expires)
            return url[len(weft.url):]

        path = ask("get_object", Key="a b")
        status, headers, body = weft.get(path)
        assert (status, body) == (200, b"secret"), version
        assert weft.get(path.replace("a%20b", "a%20c"))[0] == 403
        status, _, body = weft.get(ask("get_object", expires=-10, Key="a b"))
        assert status in (400, 403), body
        assert weft.get(ask("put_object", Key=version), data=b"put", method="PUT", headers={"Content-Type": ""})[0] == 200
        assert s3.get_object(Bucket=bucket, Key=version)["Body"].read() == b"put"
    empty(s3, bucket)


def test_anonymous_requests_are_the_buckets_to_decide(weft, s3):
    bucket = fresh(s3, "public-site")
    s3.put_object(Bucket=bucket, Key="open/a", Body=b"for all")
    s3.put_object(Bucket=bucket, Key="closed", Body=b"not")
    assert weft.get("/public-site/open/a")[0] == 403
    policy = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/open/*"}]})
    assert refused(s3.put_bucket_policy, Bucket=bucket, Policy=policy) == ("AccessDenied", 403)
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == json.loads(policy)
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"]
    for path, host in [("/public-site/open/a", None), ("/open/a", "public-site.s3.localhost"), ("/open/a", "public-site.localhost"),
                       ("/open/a", "public-site.s3.us-east-1.amazonaws.com")]:
        status, headers, body = weft.get(path, host=host)
        assert (status, body) == (200, b"for all"), (path, host)
    for path in ("/public-site/closed", "/public-site/open/none", "/public-site"):
        status, _, body = weft.get(path)
        assert status == 403 and b"<Code>AccessDenied</Code>" in body, path
    assert weft.get("/public-site/open/b", data=b"x", method="PUT")[0] == 403
    s3.delete_bucket_policy(Bucket=bucket)
    assert weft.get("/public-site/open/a")[0] == 403
    assert refused(s3.get_bucket_policy, Bucket=bucket) == ("NoSuchBucketPolicy", 404)
    empty(s3, bucket)


def test_rights_decide_and_hide(weft, s3):
    bucket = fresh(s3, "rights")
    s3.put_object(Bucket=bucket, Key="mine/a", Body=b"1", Tagging="team=red")
    s3.put_object(Bucket=bucket, Key="other/a", Body=b"2")
    iam = weft.client("iam")
    iam.create_user(UserName="reader")
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    reader = weft.client("s3", keys=(key["AccessKeyId"], key["SecretAccessKey"]), s3={"addressing_style": "path"})

    def allow(*statements):
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        iam.put_user_policy(UserName="reader", PolicyName="p", PolicyDocument=json.dumps(document))

    assert refused(reader.get_object, Bucket=bucket, Key="mine/a") == ("AccessDenied", 403)
    assert refused(reader.get_object, Bucket="no-such-one", Key="k") == ("AccessDenied", 403)
    objects = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/mine/*"}
    allow(objects)
    assert reader.get_object(Bucket=bucket, Key="mine/a")["Body"].read() == b"1"
    assert refused(reader.get_object, Bucket=bucket, Key="other/a") == ("AccessDenied", 403)
    assert refused(reader.get_object, Bucket=bucket, Key="mine/none") == ("AccessDenied", 403)
    assert refused(reader.list_objects_v2, Bucket=bucket, Prefix="mine/") == ("AccessDenied", 403)
    listing = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}",
               "Condition": {"StringLike": {"s3:prefix": "mine/*"}}}
    allow(objects, listing)
    assert keys_of(reader, Bucket=bucket, Prefix="mine/") == ["mine/a"]
    assert refused(reader.list_objects_v2, Bucket=bucket) == ("AccessDenied", 403)
    allow(objects, {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}"})
    assert refused(reader.get_object, Bucket=bucket, Key="mine/none") == ("NoSuchKey", 404)
    red = {"StringEquals": {"s3:ExistingObjectTag/team": "red"}}
    allow({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": red})
    assert reader.get_object(Bucket=bucket, Key="mine/a")["Body"].read() == b"1"
    assert refused(reader.get_object, Bucket=bucket, Key="other/a") == ("AccessDenied", 403)
    allow({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    assert refused(reader.delete_object, Bucket=bucket, Key="mine/a") == ("AccessDenied", 403)
    s3.delete_bucket_policy(Bucket=bucket)
    empty(s3, bucket)
    iam.delete_user_policy(UserName="reader", PolicyName="p")
    iam.delete_access_key(UserName="reader", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="reader")


def test_the_command_line(weft, s3):
    weft.aws("s3", "mb", "s3://cli-bucket")
    folder = weft.folder / "cli"
    (folder / "sub").mkdir(parents=True, exist_ok=True)
    (folder / "a.txt").write_text("hello")
    (folder / "sub/b.bin").write_bytes(os.urandom(20 * MIB))
    weft.aws("s3", "sync", str(folder), "s3://cli-bucket/in")
    listed = weft.aws("s3", "ls", "--recursive", "s3://cli-bucket").stdout
    assert "in/a.txt" in listed and "in/sub/b.bin" in listed
    weft.aws("s3", "cp", "s3://cli-bucket/in/sub/b.bin", str(folder / "back.bin"))
    assert (folder / "back.bin").read_bytes() == (folder / "sub/b.bin").read_bytes()
    weft.aws("s3", "mv", "s3://cli-bucket/in/a.txt", "s3://cli-bucket/out.txt")
    assert weft.aws("s3", "cp", "s3://cli-bucket/out.txt", "-").stdout == "hello"
    url = weft.aws("s3", "presign", "s3://cli-bucket/out.txt").stdout.strip()
    assert weft.get(url[len(weft.url):])[2] == b"hello"
    (folder / "sub/b.bin").unlink()
    (folder / "back.bin").unlink()
    weft.aws("s3", "sync", "--delete", str(folder), "s3://cli-bucket/in")
    assert keys_of(s3, Bucket="cli-bucket") == ["in/a.txt", "out.txt"]
    weft.aws("s3", "rb", "--force", "s3://cli-bucket")
    assert refused(s3.head_bucket, Bucket="cli-bucket") == ("404", 404)


def test_chunked_bodies(weft, s3):
    """As SDKs send them over TLS: chunks without signatures, the checksum behind them."""
    bucket = fresh(s3, "chunked")
    client = weft.client("s3", s3={"addressing_style": "path"})

    def put(chunks, trailer, length):
        body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n" + (trailer and trailer + b"\r\n") + b"\r\n"
        headers = {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-decoded-content-length": str(length),
                   "x-amz-trailer": "x-amz-checksum-crc32", "content-encoding": "aws-chunked"}
        from botocore.auth import S3SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        class Auth(S3SigV4Auth):
            def payload(self, request):
                return headers["x-amz-content-sha256"]

        request = AWSRequest("PUT", f"{weft.url}/{bucket}/k", data=body, headers=dict(headers))
        Auth(Credentials(*weft.keys), "s3", "us-east-1").add_auth(request)
        return weft.get(f"/{bucket}/k", data=body, headers=dict(request.headers.items()), method="PUT")

    good = b"x-amz-checksum-crc32:" + base64.b64encode(zlib.crc32(b"hello world").to_bytes(4, "big"))
    assert put([b"hello ", b"world"], good, 11)[0] == 200
    got = client.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == b"hello world" and "ContentEncoding" not in got
    for chunks, trailer, length, code in [([b"hello"], good, 5, b"BadDigest"), ([b"hello world"], good, 12, b"IncompleteBody"),
                                          ([b"hello world"], b"", 11, b"MalformedTrailerError")]:
        status, _, body = put(chunks, trailer, length)
        assert status == 400 and code in body, body
    assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == b"hello world"
    empty(s3, bucket)


def test_buckets_are_hosts_too(weft, s3):
    bucket = fresh(s3, "my.host-bucket")
    port = weft.url.rsplit(":", 1)[1]
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    def ask(host, path, method="GET", data=None):
        request = AWSRequest(method, f"http://{host}:{port}{path}", data=data)
        S3SigV4Auth(Credentials(*weft.keys), "s3", "us-east-1").add_auth(request)
        return weft.get(path, host=f"{host}:{port}", data=data, headers=dict(request.headers.items()), method=method)

    for number, end in enumerate(["s3.localhost", "s3.us-east-1.localhost", "localhost", "s3.amazonaws.com", "s3.eu-west-1.amazonaws.com"]):
        host, path = f"{bucket}.{end}", f"/a//b/../{number}%20x"
        assert ask(host, path, "PUT", b"data")[0] == 200, host
        assert ask(host, path)[2] == b"data", host
        assert s3.get_object(Bucket=bucket, Key=f"a//b/../{number} x")["Body"].read() == b"data"
        status, _, body = ask(host, "/?list-type=2&max-keys=1")
        assert status == 200 and b"<Name>my.host-bucket</Name>" in body
    assert b"<ListAllMyBucketsResult" in ask("s3.localhost", "/")[2]
    assert ask("s3.localhost", f"/{bucket}/a//b/../0%20x")[2] == b"data"
    empty(s3, bucket)


def memory(weft):
    pids = [int(line) for line in subprocess.run(["pgrep", "-P", str(weft.process.pid)], capture_output=True, text=True).stdout.split()]
    status = [open(f"/proc/{pid}/status").read() for pid in [weft.process.pid, *pids]]
    return max(int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) for text in status) // 1024


def test_large_objects_stream_in_little_memory(weft, s3):
    bucket = fresh(s3, "large")
    piece, count = os.urandom(MIB), 512

    class Endless(io.RawIOBase):
        """A file of `count` pieces, that is never whole in memory."""
        at = 0

        def readable(self):
            return True

        def seekable(self):
            return True

        def tell(self):
            return self.at

        def seek(self, offset, whence=0):
            self.at = offset + {0: 0, 1: self.at, 2: count * MIB}[whence]
            return self.at

        def read(self, size=-1):
            size = min(size if size >= 0 else count * MIB, count * MIB - self.at, MIB)
            start = self.at % MIB
            data = (piece + piece)[start:start + size]
            self.at += len(data)
            return data

    idle, most, stop = memory(weft), [0], threading.Event()

    def watch():
        while not stop.wait(0.05):
            most[0] = max(most[0], memory(weft))

    watcher = threading.Thread(target=watch)
    watcher.start()
    client = weft.client("s3", s3={"addressing_style": "path"}, request_checksum_calculation="when_required")
    client.put_object(Bucket=bucket, Key="k", Body=Endless(), ContentLength=count * MIB)
    got = client.get_object(Bucket=bucket, Key="k")["Body"]
    digest, length = hashlib.md5(), 0
    for data in iter(lambda: got.read(MIB), b""):
        digest.update(data)
        length += len(data)
    stop.set()
    watcher.join()
    expected = hashlib.md5()
    for _ in range(count):
        expected.update(piece)
    assert length == count * MIB and digest.hexdigest() == expected.hexdigest()
    assert most[0] - idle < 100, f"{most[0]} MiB, idle {idle} MiB"
    empty(s3, bucket)


def test_what_was_answered_survives_a_crash_and_nothing_half_is_seen():
    with serving(modes()[0]) as weft:
        crash(weft)


def crash(weft):
    s3 = weft.client("s3", s3={"addressing_style": "path"})
    bucket = fresh(s3, "crash")
    answered, stop = {}, threading.Event()

    def write(worker):
        client = weft.client("s3", s3={"addressing_style": "path"})
        number = 0
        while not stop.is_set():
            key, body = f"{worker}/{number:05}", os.urandom(100 if number % 2 else 3 * MIB)
            try:
                client.put_object(Bucket=bucket, Key=key, Body=body)
            except Exception:  # the server is gone
                return
            answered[key] = hashlib.md5(body).hexdigest()
            number += 1

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    wait_for("some writes", lambda: len(answered) > 30)
    weft.kill()
    stop.set()
    for thread in threads:
        thread.join()
    weft.start()
    s3 = weft.client("s3", s3={"addressing_style": "path"})
    found = {row["Key"]: row["ETag"].strip('"') for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
             for row in page.get("Contents", [])}
    assert answered.items() <= found.items()
    for key, tag in found.items():
        assert hashlib.md5(s3.get_object(Bucket=bucket, Key=key)["Body"].read()).hexdigest() == tag, key
    empty(s3, bucket)
    wait_for("all bytes to go", lambda: space(weft) == 0)


def test_what_was_never_set_is_told_as_tools_expect(s3):
    bucket = fresh(s3, "unset")
    for call, code in [(s3.get_bucket_cors, "NoSuchCORSConfiguration"), (s3.get_bucket_website, "NoSuchWebsiteConfiguration"),
                       (s3.get_bucket_lifecycle_configuration, "NoSuchLifecycleConfiguration"), (s3.get_bucket_tagging, "NoSuchTagSet"),
                       (s3.get_bucket_replication, "ReplicationConfigurationNotFoundError"),
                       (s3.get_object_lock_configuration, "ObjectLockConfigurationNotFoundError")]:
        assert refused(call, Bucket=bucket) == (code, 404)
    rule = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=bucket)
    assert "Status" not in s3.get_bucket_accelerate_configuration(Bucket=bucket)
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    assert [grant["Permission"] for grant in s3.get_bucket_acl(Bucket=bucket)["Grants"]] == ["FULL_CONTROL"]
    told = s3.get_bucket_notification_configuration(Bucket=bucket)
    assert set(told) == {"ResponseMetadata"}
    empty(s3, bucket)


def test_settings_of_a_bucket_come_back_and_go(s3):
    bucket = fresh(s3, "settings")
    tags = [{"Key": "team", "Value": "a b"}]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags
    s3.delete_bucket_tagging(Bucket=bucket)
    assert refused(s3.get_bucket_tagging, Bucket=bucket) == ("NoSuchTagSet", 404)
    by_key = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}]}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=by_key)
    assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"] == by_key
    s3.delete_bucket_encryption(Bucket=bucket)
    rules = [{"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 3},
              "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == rules
    s3.delete_bucket_lifecycle(Bucket=bucket)
    assert refused(s3.get_bucket_lifecycle_configuration, Bucket=bucket) == ("NoSuchLifecycleConfiguration", 404)
    archive = [{"Status": "Enabled", "Filter": {}, "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}]}]
    assert refused(s3.put_bucket_lifecycle_configuration, Bucket=bucket,
                   LifecycleConfiguration={"Rules": archive})[1] == 501
    queue = {"QueueConfigurations": [{"QueueArn": "arn:aws:sqs:us-east-1:000000000000:q", "Events": ["s3:ObjectCreated:*"]}]}
    assert refused(s3.put_bucket_notification_configuration, Bucket=bucket, NotificationConfiguration=queue)[1] == 501
    empty(s3, bucket)


def test_objects_whose_time_is_over_go(s3):
    bucket = fresh(s3, "expires")
    s3.put_object(Bucket=bucket, Key="logs/a", Body=b"x" * 50_000)
    s3.put_object(Bucket=bucket, Key="kept", Body=b"x")
    rules = [{"Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Date": "2020-01-01T00:00:00Z"}}]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    wait_for("the object to expire", lambda: keys_of(s3, Bucket=bucket) == ["kept"])
    empty(s3, bucket)


def test_pages_of_elsewhere_may_what_a_bucket_says(weft, s3):
    bucket = fresh(s3, "shared")
    s3.put_object(Bucket=bucket, Key="k", Body=b"hello")
    asked = {"Origin": "http://app.example", "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x-amz-date"}
    status, _, body = weft.get(f"/{bucket}/k", headers=asked, method="OPTIONS")
    assert (status, b"CORS is not enabled" in body) == (403, True)
    rule = {"AllowedOrigins": ["http://*.example"], "AllowedMethods": ["GET", "PUT"], "AllowedHeaders": ["*"],
            "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 30}
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == [rule]
    status, headers, _ = weft.get(f"/{bucket}/k", headers=asked, method="OPTIONS")
    told = {name.lower(): value for name, value in headers.items()}
    assert (status, told["access-control-allow-origin"], told["access-control-allow-headers"]) == (200, "http://app.example", "x-amz-date")
    assert (told["access-control-max-age"], told["access-control-allow-credentials"]) == ("30", "true")
    status, _, body = weft.get(f"/{bucket}/k", headers={**asked, "Origin": "http://other"}, method="OPTIONS")
    assert (status, b"AccessForbidden" in body) == (403, True)
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}).split("/", 3)[3]
    status, headers, body = weft.get(f"/{url}", headers={"Origin": "http://app.example"})
    told = {name.lower(): value for name, value in headers.items()}
    assert (status, body, told["access-control-expose-headers"]) == (200, b"hello", "ETag")
    empty(s3, bucket)


def test_a_bucket_is_a_website(weft, s3):
    bucket = fresh(s3, "site")
    host = f"{bucket}.s3-website-us-east-1.localhost"
    assert weft.get("/", host=host)[0] == 404
    rules = [{"Condition": {"KeyPrefixEquals": "old/"}, "Redirect": {"ReplaceKeyPrefixWith": "new/", "HttpRedirectCode": "302"}}]
    s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration={
        "IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "error.html"}, "RoutingRules": rules})
    for key, text in [("index.html", b"home"), ("docs/index.html", b"docs"), ("error.html", b"oops")]:
        s3.put_object(Bucket=bucket, Key=key, Body=text, ContentType="text/html")
    assert weft.get("/", host=host)[0] == 403
    s3.delete_public_access_block(Bucket=bucket)
    policy = {"Statement": {"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:ListBucket"],
                            "Resource": [f"arn:aws:s3:::{bucket}/*", f"arn:aws:s3:::{bucket}"]}}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    assert weft.get("/", host=host)[::2] == (200, b"home")
    assert weft.get("/docs/", host=f"{bucket}.s3-website.localhost")[::2] == (200, b"docs")
    assert weft.get("/nothing", host=host)[::2] == (404, b"oops")
    for path, where in [("/docs", "/docs/"), ("/old/a", f"http://{host}/new/a")]:
        connection = http.client.HTTPConnection(weft.url.partition("//")[2])
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Location"]) == (302, where)
        connection.close()
    empty(s3, bucket)


def test_lists_of_grants_count_where_they_are_on(weft, s3):
    closed = fresh(s3, "closed")
    assert refused(s3.put_bucket_acl, Bucket=closed, ACL="public-read") == ("AccessControlListNotSupported", 400)
    empty(s3, closed)
    bucket = fresh(s3, "granted", ObjectOwnership="ObjectWriter")
    s3.put_object(Bucket=bucket, Key="k", Body=b"hello")
    assert refused(s3.put_object_acl, Bucket=bucket, Key="k", ACL="public-read") == ("AccessDenied", 403)
    s3.delete_public_access_block(Bucket=bucket)
    assert weft.get(f"/{bucket}/k")[0] == 403
    s3.put_object_acl(Bucket=bucket, Key="k", ACL="public-read")
    grants = s3.get_object_acl(Bucket=bucket, Key="k")["Grants"]
    assert [(grant["Grantee"]["Type"], grant["Permission"]) for grant in grants] == [("CanonicalUser", "FULL_CONTROL"), ("Group", "READ")]
    assert weft.get(f"/{bucket}/k")[::2] == (200, b"hello")
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    assert b"<Key>k</Key>" in weft.get(f"/{bucket}?list-type=2")[2]
    enforced = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert refused(s3.put_bucket_ownership_controls, Bucket=bucket, OwnershipControls=enforced) == ("InvalidBucketAclWithObjectOwnership", 400)
    blocked = {"BlockPublicAcls": False, "IgnorePublicAcls": True, "BlockPublicPolicy": False, "RestrictPublicBuckets": False}
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=blocked)
    assert weft.get(f"/{bucket}/k")[0] == 403
    empty(s3, bucket)


def test_a_lock_holds(s3):
    bucket = fresh(s3, "locked", ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule})
    assert s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]["Rule"] == rule
    version = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["VersionId"]
    at = {"Bucket": bucket, "Key": "k", "VersionId": version}
    assert s3.get_object_retention(**at)["Retention"]["Mode"] == "GOVERNANCE"
    assert refused(s3.get_object_legal_hold, **at) == ("NoSuchObjectLockConfiguration", 404)
    assert refused(s3.delete_object, **at) == ("AccessDenied", 403)
    assert refused(s3.put_object_retention, Retention={}, **at) == ("AccessDenied", 403)
    s3.put_object_legal_hold(LegalHold={"Status": "ON"}, **at)
    assert refused(s3.delete_object, BypassGovernanceRetention=True, **at) == ("AccessDenied", 403)
    s3.put_object_legal_hold(LegalHold={"Status": "OFF"}, **at)
    s3.delete_object(BypassGovernanceRetention=True, **at)
    empty(s3, bucket)


TELLS = """
import json, urllib.parse
def handler(event, context):
    print("TOLD " + json.dumps(event))
"""


def test_a_function_is_told_what_happens(weft, s3):
    bucket, name = fresh(s3, "told"), "told"
    weft.role("told", {"Effect": "Allow", "Action": "logs:*", "Resource": "*"})
    weft.function(name, {"app.py": TELLS}, Role="arn:aws:iam::000000000000:role/told")
    functions, logs = weft.client("lambda"), weft.client("logs")
    arn = functions.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    rules = [{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".txt"}]
    one = {"Id": "one", "LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
           "Filter": {"Key": {"FilterRules": rules}}}
    wanted = {"LambdaFunctionConfigurations": [one]}
    assert refused(s3.put_bucket_notification_configuration, Bucket=bucket, NotificationConfiguration=wanted) == ("InvalidArgument", 400)
    functions.add_permission(FunctionName=name, StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com",
                             SourceArn=f"arn:aws:s3:::{bucket}", SourceAccount="000000000000")
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=wanted)
    s3.put_object(Bucket=bucket, Key="out/a.txt", Body=b"x")
    s3.put_object(Bucket=bucket, Key="in/a b.txt", Body=b"hello")
    s3.delete_object(Bucket=bucket, Key="in/a b.txt")

    def told():
        try:
            events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        except ClientError:
            return []
        texts = [event["message"].partition("TOLD ")[2] for event in events if "TOLD " in event["message"]]
        return [json.loads(text)["Records"][0] for text in texts]

    records = wait_for("the function to be told twice", lambda: len(told()) >= 2 and told())
    by_name = {record["eventName"]: record for record in records}
    assert set(by_name) == {"ObjectCreated:Put", "ObjectRemoved:Delete"}
    made, gone = by_name["ObjectCreated:Put"]["s3"], by_name["ObjectRemoved:Delete"]["s3"]
    assert (made["object"]["key"], made["object"]["size"], made["configurationId"]) == ("in/a+b.txt", 5, "one")
    assert made["object"]["sequencer"] < gone["object"]["sequencer"]
    functions.delete_function(FunctionName=name)
    empty(s3, bucket)
