"""Writes botocore.json beside this file: requests as botocore serializes and signs them, at a fixed time.

Run with an installed botocore: `python3 vectors.py`. The tests read what is committed.
"""

import base64
import datetime
import json
import pathlib

import botocore.auth
import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.config import Config

NOW = datetime.datetime(2026, 11, 24, 2, 2, 3)
KEY, SECRET, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "session/token+=="
ROLE = "arn:aws:iam::000000000000:role/r"

CALLS = [
    ("sts", "GetCallerIdentity", {}),
    ("sts", "AssumeRole", {"RoleArn": ROLE, "RoleSessionName": "a@b=c", "DurationSeconds": 900,
                           "Tags": [{"Key": "k é", "Value": "v+w="}, {"Key": "z", "Value": ""}],
                           "PolicyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnly"}], "TransitiveTagKeys": ["k"]}),
    ("iam", "CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": '{"Statement": ["+", "%20"]}', "Path": "/a/",
                           "Tags": [{"Key": "a", "Value": "b"}] * 11}),
    ("iam", "ListUsers", {"MaxItems": 5, "PathPrefix": "/x"}),
    ("iam", "UpdateAccessKey", {"UserName": "u", "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "Status": "Inactive"}),
    ("iam", "UntagRole", {"RoleName": "r", "TagKeys": []}),
    ("lambda", "CreateFunction", {"FunctionName": "f", "Role": ROLE, "Runtime": "python3.12", "Handler": "a.b",
                                  "Code": {"ZipFile": b"PK\x00\xff"}, "Timeout": 3, "Publish": False,
                                  "Environment": {"Variables": {"AB": "b \u00e9 \\ \" \n"}}, "Layers": [],
                                  "Architectures": ["arm64"], "Tags": {"a/b": "c"}}),
    ("lambda", "Invoke", {"FunctionName": "arn:aws:lambda:us-east-1:000000000000:function:f:1", "Qualifier": "$LATEST",
                          "InvocationType": "Event", "LogType": "Tail", "ClientContext": "e30=",
                          "Payload": b'{"a": [1, null]}'}),
    ("lambda", "Invoke", {"FunctionName": "f"}),
    ("lambda", "ListFunctions", {"MaxItems": 10, "Marker": "a+b/c=&d", "FunctionVersion": "ALL"}),
    ("lambda", "UntagResource", {"Resource": "arn:aws:lambda:us-east-1:000000000000:function:f",
                                 "TagKeys": ["b", "a c", "a"]}),
    ("lambda", "UpdateFunctionConfiguration", {"FunctionName": "f", "MemorySize": 256, "VpcConfig": {}}),
    ("logs", "CreateLogGroup", {"logGroupName": "/aws/lambda/f", "tags": {"k": "v"}}),
    ("logs", "PutLogEvents", {"logGroupName": "g", "logStreamName": "2026/11/24/[$LATEST]x",
                              "logEvents": [{"timestamp": 1795485723004, "message": "ü\u2028\u0001"},
                                            {"timestamp": 1795485723005, "message": "b"}]}),
    ("logs", "GetLogEvents", {"logGroupName": "g", "logStreamName": "s", "startFromHead": True, "limit": 10}),
    ("logs", "FilterLogEvents", {"logGroupName": "g", "filterPattern": "?a ?b", "logStreamNames": ["a", "b"]}),
]


def clients(token):
    session = botocore.session.Session()
    session.set_credentials(KEY, SECRET, token)
    config = Config(parameter_validation=False, retries={"max_attempts": 0}, s3={"addressing_style": "path"},
                    signature_version="v4", inject_host_prefix=False)
    s3_config = config.merge(Config(signature_version="s3v4", request_checksum_calculation="when_required"))
    endpoint = "http://127.0.0.1:4566"
    return lambda name: session.create_client(name, "us-east-1", endpoint_url=endpoint,
                                              config=s3_config if name == "s3" else config)


def plain(value):
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def send(client, operation, parameters):
    seen = []

    def keep(request, **_):
        seen.append(request)
        return AWSResponse(request.url, 200, {}, None)

    client.meta.events.register("before-send", keep)
    try:
        getattr(client, botocore.xform_name(operation))(**parameters)
    except Exception:  # the answer is no answer; only the request counts
        pass
    (request,) = seen
    body = request.body or b""
    body = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else body.read()
    # What differs from run to run is not signed.
    headers = [[name, value.decode() if isinstance(value, bytes) else value] for name, value in request.headers.items()
               if not name.lower().startswith(("user-agent", "amz-sdk"))]
    if "host" not in (name.lower() for name, _ in headers):
        headers.append(["Host", "127.0.0.1:4566"])
    return {"method": request.method, "url": request.url, "headers": headers,
            "body": base64.b64encode(body).decode()}


def main():
    botocore.auth.get_current_datetime = lambda *_, **__: NOW
    vectors = []
    for token in (None, TOKEN):
        make = clients(token)
        for service, operation, parameters in CALLS:
            request = send(make(service), operation, parameters)
            vectors.append({"service": service, "operation": operation, "input": plain(parameters), **request})
        for key in ("a", "a b/./../c//d+e~é%", "k/"):
            request = send(make("s3"), "GetObject", {"Bucket": "bucket", "Key": key})
            vectors.append({"service": "s3", "operation": "", "input": {}, **request})
        for service, operation, parameters in [("sts", "get_caller_identity", {}),
                                               ("iam", "list_users", {"PathPrefix": "/a b/"}),
                                               ("s3", "get_object", {"Bucket": "b", "Key": "a b/c"})]:
            url = make(service).generate_presigned_url(operation, parameters, ExpiresIn=60, HttpMethod="GET")
            vectors.append({"service": service, "operation": "", "input": {}, "method": "GET", "url": url,
                            "headers": [["Host", "127.0.0.1:4566"]], "body": ""})
    path = pathlib.Path(__file__).with_name("botocore.json")
    path.write_text("[\n" + ",\n".join(json.dumps(vector) for vector in vectors) + "\n]\n")


main()
