"""API Gateway as users meet it: boto3 describes APIs, HTTP asks them, by host and by path."""

import base64
import json
import time
import urllib.request

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from conftest import wait_for

ECHO = """
import json
def handler(event, context):
    if event.get("queryStringParameters") and "raw" in event["queryStringParameters"]:
        return json.loads(event["queryStringParameters"]["raw"])
    return {"statusCode": 200, "headers": {"X-Echo": "yes"}, "body": json.dumps(event)}
"""
PLAIN = """
def handler(event, context):
    if event.get("fail"):
        raise Exception("NotFound: " + event["fail"])
    return {"hello": event}
"""
GUARD = """
def handler(event, context):
    token = event.get("authorizationToken") or event["headers"].get("X-Who") or event["headers"].get("x-who")
    if token == "nobody":
        raise Exception("Unauthorized")
    if event.get("version") == "2.0":
        return {"isAuthorized": token == "ada", "context": {"who": token}}
    effect = "Allow" if token == "ada" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": "*"}
    return {"principalId": token, "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}, "context": {"n": 7, "at": context.aws_request_id}}
"""


def refused(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    response = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]


@pytest.fixture(scope="module")
def functions(best):
    for name, code in (("echo", ECHO), ("plain", PLAIN), ("guard", GUARD)):
        best.function(name, code)
        best.client("lambda").get_waiter("function_active_v2").wait(FunctionName=name)
    return {name: f"arn:aws:lambda:us-east-1:000000000000:function:{name}" for name in ("echo", "plain", "guard")}


def allow(best, function, source="arn:aws:execute-api:us-east-1:000000000000:*"):
    best.client("lambda").add_permission(FunctionName=function, StatementId=f"s{time.monotonic_ns()}", Action="lambda:InvokeFunction",
                                         Principal="apigateway.amazonaws.com", SourceArn=source)


def uri(arn):
    return f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"


class Api:
    """A REST API under way."""

    def __init__(self, best, **settings):
        self.best, self.client = best, best.client("apigateway")
        made = self.client.create_rest_api(name="test", endpointConfiguration={"types": ["REGIONAL"]}, **settings)
        self.id, self.root = made["id"], made["rootResourceId"]

    def resource(self, path):
        at = self.root
        known = {r["path"]: r["id"] for r in self.client.get_resources(restApiId=self.id, limit=500)["items"]}
        so_far = ""
        for part in path.strip("/").split("/"):
            so_far += "/" + part
            at = known.get(so_far) or self.client.create_resource(restApiId=self.id, parentId=at, pathPart=part)["id"]
        return at

    def method(self, path, method, integration, authorization="NONE", responses=(), **settings):
        place = {"restApiId": self.id, "resourceId": self.resource(path) if path != "/" else self.root, "httpMethod": method}
        self.client.put_method(**place, authorizationType=authorization, **settings)
        self.client.put_integration(**place, **integration)
        for status, pattern, templates, headers in responses:
            self.client.put_method_response(**place, statusCode=status, responseParameters={f"method.response.header.{h}": False for h in headers})
            self.client.put_integration_response(**place, statusCode=status, selectionPattern=pattern, responseTemplates=templates,
                                                 responseParameters={f"method.response.header.{h}": v for h, v in headers.items()})
        return place

    def deploy(self, stage="prod"):
        return self.client.create_deployment(restApiId=self.id, stageName=stage)["id"]

    def get(self, path, stage="prod", **options):
        return self.best.get(f"/{stage}{path}", host=f"{self.id}.execute-api.us-east-1.localhost", **options)

    def by_path(self, path, stage="prod", **options):
        return self.best.get(f"/restapis/{self.id}/{stage}/_user_request_{path}", **options)


def proxy(arn):
    return {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": uri(arn)}


def test_a_proxied_request_is_an_event_to_the_letter(best, functions):
    api = Api(best)
    api.method("/pets/{proxy+}", "ANY", proxy(functions["echo"]))
    deployment = api.deploy()
    # Without a permission the function is not called.
    status, headers, body = api.get("/pets/a")
    assert (status, json.loads(body)) == (500, {"message": "Internal server error"})
    allow(best, "echo", f"arn:aws:execute-api:us-east-1:000000000000:{api.id}/*/*/pets/*")
    status, headers, body = api.get("/pets/a%20b/c?q=1&q=2&r=", data=b'{"x":1}', headers={"Content-Type": "application/json", "X-A": "b"})
    assert (status, headers["X-Echo"]) == (200, "yes") and headers["x-amzn-requestid"]
    event = json.loads(body)
    assert event["resource"] == "/pets/{proxy+}" and event["path"] == "/pets/a b/c" and event["httpMethod"] == "POST"
    assert event["pathParameters"] == {"proxy": "a%20b/c"} and event["stageVariables"] is None
    assert event["queryStringParameters"] == {"q": "2", "r": ""} and event["multiValueQueryStringParameters"] == {"q": ["1", "2"], "r": [""]}
    assert event["headers"]["X-A"] == "b" and event["multiValueHeaders"]["X-A"] == ["b"] and event["headers"]["X-Forwarded-For"] == "127.0.0.1"
    assert (event["body"], event["isBase64Encoded"]) == ('{"x":1}', False)
    context = event["requestContext"]
    assert (context["apiId"], context["stage"], context["resourcePath"], context["path"]) == (api.id, "prod", "/pets/{proxy+}", "/prod/pets/a%20b/c")
    assert (context["accountId"], context["deploymentId"], context["identity"]["sourceIp"]) == ("000000000000", deployment, "127.0.0.1")
    assert context["domainName"] == f"{api.id}.execute-api.us-east-1.localhost" and context["requestId"] == headers["x-amzn-requestid"]
    assert json.loads(api.by_path("/pets/z")[2])["path"] == "/pets/z"
    for raw, expected in (({"statusCode": 201, "body": "made"}, 201), ({"body": "x"}, 502), ({"statusCode": 200, "body": {"a": 1}}, 502), ("text", 502)):
        status, _, body = api.get("/pets/a?raw=" + urllib.request.quote(json.dumps(raw)))
        assert status == expected, raw
        if expected == 502:
            assert json.loads(body) == {"message": "Internal server error"}
    assert api.get("/none")[0] == 403 and json.loads(api.get("/none")[2]) == {"message": "Missing Authentication Token"}
    assert api.get("/pets/a", stage="none")[0] == 403
    api.client.delete_rest_api(restApiId=api.id)
    assert json.loads(api.get("/pets/a")[2]) == {"message": "Forbidden"}


def test_binary_bodies_travel_as_base64(best, functions):
    api = Api(best, binaryMediaTypes=["image/png"])
    api.method("/", "ANY", proxy(functions["echo"]))
    api.deploy()
    allow(best, "echo")
    event = json.loads(api.get("/", data=b"\xff\x00", headers={"Content-Type": "image/png"})[2])
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (b"\xff\x00", True)
    raw = urllib.request.quote(json.dumps({"statusCode": 200, "body": "/wA=", "isBase64Encoded": True}))
    assert api.get(f"/?raw={raw}", headers={"Accept": "image/png"})[2] == b"\xff\x00"
    assert api.get(f"/?raw={raw}", headers={"Accept": "text/plain"})[2] == b"/wA="


def test_a_mock_answers_by_its_templates_also_to_browsers(best):
    api = Api(best)
    template = '{"statusCode": #if($input.params("id") == "7")200#{else}404#end}'
    answer = '{"id": "$input.params(\'id\')", "stage": "$context.stage", "v": "$stageVariables.v"}'
    api.method("/pets/{id}", "GET", {"type": "MOCK", "requestTemplates": {"application/json": template}},
               responses=[("200", "", {"application/json": answer}, {}), ("404", "404", {"application/json": '{"none": true}'}, {"X-None": "'yes'"})])
    cors = {"Access-Control-Allow-Origin": "'*'", "Access-Control-Allow-Methods": "'GET,OPTIONS'"}
    api.method("/pets/{id}", "OPTIONS", {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 204}'}}, responses=[("204", "", {}, cors)])
    api.deploy()
    api.client.update_stage(restApiId=api.id, stageName="prod", patchOperations=[{"op": "replace", "path": "/variables/v", "value": "w"}])
    assert json.loads(api.get("/pets/7")[2]) == {"id": "7", "stage": "prod", "v": "w"}
    status, headers, body = api.get("/pets/8")
    assert (status, headers["X-None"], json.loads(body)) == (404, "yes", {"none": True})
    status, headers, _ = api.get("/pets/7", method="OPTIONS", headers={"Origin": "http://a"})
    assert (status, headers["Access-Control-Allow-Origin"]) == (204, "*")


def test_a_function_is_asked_through_templates_and_its_errors_choose_the_answer(best, functions):
    api = Api(best)
    api.client.create_request_validator(restApiId=api.id, name="all", validateRequestBody=True, validateRequestParameters=True)
    validator = api.client.get_request_validators(restApiId=api.id)["items"][0]["id"]
    schema = {"$schema": "http://json-schema.org/draft-04/schema#", "type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
    api.client.create_model(restApiId=api.id, name="Pet", contentType="application/json", schema=json.dumps(schema))
    integration = {"type": "AWS", "integrationHttpMethod": "POST", "uri": uri(functions["plain"]),
                   "requestTemplates": {"application/json": '{"name": $input.json("$.name"), "fail": "$input.params(\'fail\')", "path": "$context.resourcePath"}'}}
    api.method("/pets", "POST", integration, requestValidatorId=validator, requestModels={"application/json": "Pet"},
               requestParameters={"method.request.header.X-Needed": True},
               responses=[("200", "", {"application/json": '{"got": $input.json("$.hello")}'}, {}),
                          ("404", "NotFound.*", {"application/json": '{"error": "$util.escapeJavaScript($input.path(\'$.errorMessage\'))"}'}, {})])
    api.deploy()
    allow(best, "plain")
    head = {"Content-Type": "application/json", "X-Needed": "1"}
    assert json.loads(api.get("/pets", data=b'{"name":"rex"}', headers=head)[2]) == {"got": {"name": "rex", "fail": "", "path": "/pets"}}
    status, _, body = api.get("/pets?fail=here", data=b'{"name":"rex"}', headers=head)
    assert (status, json.loads(body)) == (404, {"error": "NotFound: here"})
    status, _, body = api.get("/pets", data=b'{"name":7}', headers=head)
    assert (status, json.loads(body)) == (400, {"message": "Invalid request body"})
    status, _, body = api.get("/pets", data=b'{"name":"rex"}', headers={"Content-Type": "application/json"})
    assert (status, json.loads(body)) == (400, {"message": "Missing required request parameters: [X-Needed]"})
    api.client.put_gateway_response(restApiId=api.id, responseType="BAD_REQUEST_BODY", statusCode="422", responseParameters={"gatewayresponse.header.X-B": "'b'"},
                                    responseTemplates={"application/json": '{"why": "$context.error.validationErrorString", "m": $context.error.messageString}'})
    api.deploy()
    status, headers, body = api.get("/pets", data=b'{"name":7}', headers=head)
    assert (status, headers["X-B"]) == (422, "b") and "does not match any allowed primitive type" in body.decode()


def test_authorizers_decide_and_their_word_is_kept(best, functions):
    api = Api(best)
    allow(best, "echo"), allow(best, "guard")
    token = api.client.create_authorizer(restApiId=api.id, name="t", type="TOKEN", authorizerUri=uri(functions["guard"]),
                                         identitySource="method.request.header.X-Who", identityValidationExpression="[a-z]+")["id"]
    request = api.client.create_authorizer(restApiId=api.id, name="r", type="REQUEST", authorizerUri=uri(functions["guard"]),
                                           identitySource="method.request.header.X-Who", authorizerResultTtlInSeconds=0)["id"]
    api.method("/token", "GET", proxy(functions["echo"]), authorization="CUSTOM", authorizerId=token)
    api.method("/request", "GET", proxy(functions["echo"]), authorization="CUSTOM", authorizerId=request)
    api.deploy()
    for path in ("/token", "/request"):
        status, _, body = api.get(path, headers={"X-Who": "ada"})
        assert status == 200, body
        told = json.loads(body)["requestContext"]["authorizer"]
        assert (told["principalId"], told["n"]) == ("ada", "7")
        again = json.loads(api.get(path, headers={"X-Who": "ada"})[2])["requestContext"]["authorizer"]["at"]
        assert (again == told["at"]) == (path == "/token")
        assert api.get(path)[0] == 401 and json.loads(api.get(path)[2]) == {"message": "Unauthorized"}
        assert api.get(path, headers={"X-Who": "nobody"})[0] == 401
        status, _, body = api.get(path, headers={"X-Who": "bob"})
        assert (status, json.loads(body)) == (403, {"message": "User is not authorized to access this resource with an explicit deny"})
    assert api.get("/token", headers={"X-Who": "ADA"})[0] == 401
    assert refused(api.client.create_authorizer, restApiId=api.id, name="c", type="COGNITO_USER_POOLS", providerARNs=["arn:aws:cognito-idp:us-east-1:0:userpool/x"],
                   identitySource="method.request.header.A")[1] == 501


def signed(best, api, path, keys, stage="prod"):
    url = f"http://{api.id}.execute-api.us-east-1.localhost/{stage}{path}"
    request = AWSRequest(method="GET", url=url)
    SigV4Auth(Credentials(*keys), "execute-api", "us-east-1").add_auth(request)
    return api.get(path, stage=stage, headers=dict(request.headers))


def test_signatures_and_the_apis_policy_decide(best, functions):
    api = Api(best)
    allow(best, "echo")
    api.method("/iam", "GET", proxy(functions["echo"]), authorization="AWS_IAM")
    api.method("/open", "GET", proxy(functions["echo"]))
    api.deploy()
    assert json.loads(api.get("/iam")[2]) == {"message": "Missing Authentication Token"}
    status, _, body = signed(best, api, "/iam", best.keys)
    assert status == 200, body
    assert json.loads(body)["requestContext"]["identity"]["accessKey"] == best.keys[0]
    iam = best.client("iam")
    iam.create_user(UserName="caller")
    key = iam.create_access_key(UserName="caller")["AccessKey"]
    status, headers, body = signed(best, api, "/iam", (key["AccessKeyId"], key["SecretAccessKey"]))
    assert status == 403 and "is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:********0000:" in body.decode()
    assert signed(best, api, "/iam", (key["AccessKeyId"], "wrong"))[0] == 403
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}
    nobody = {"Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*/GET/open"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [everybody, nobody]})
    api.client.update_rest_api(restApiId=api.id, patchOperations=[{"op": "replace", "path": "/policy", "value": policy}])
    assert api.get("/open")[0] == 200  # until it is deployed
    api.deploy()
    status, _, body = api.get("/open")
    assert status == 403 and "with an explicit deny in a resource-based policy" in body.decode()
    assert signed(best, api, "/iam", (key["AccessKeyId"], key["SecretAccessKey"]))[0] == 200


def test_stages_throttle_and_write_their_log(best):
    api = Api(best)
    api.method("/", "GET", {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}}, responses=[("200", "", {}, {})])
    api.deploy()
    logs = best.client("logs")
    logs.create_log_group(logGroupName="/api/access")
    patches = [("/accessLogSettings/destinationArn", "arn:aws:logs:us-east-1:000000000000:log-group:/api/access"),
               ("/accessLogSettings/format", '{"id":"$context.requestId","status":$context.status,"path":"$context.path","ua":"$context.identity.userAgent"}')]
    api.client.update_stage(restApiId=api.id, stageName="prod", patchOperations=[{"op": "replace", "path": p, "value": v} for p, v in patches])
    _, headers, _ = api.get("/", headers={"User-Agent": 'a"b'})

    def lines():
        return [json.loads(e["message"]) for e in logs.filter_log_events(logGroupName="/api/access")["events"]]

    assert wait_for("the access log", lines) == [{"id": headers["x-amzn-requestid"], "status": 200, "path": "/prod/", "ua": 'a"b'}]
    patches = [("/*/*/throttling/burstLimit", "2"), ("/*/*/throttling/rateLimit", "0.01")]
    stage = api.client.update_stage(restApiId=api.id, stageName="prod", patchOperations=[{"op": "replace", "path": p, "value": v} for p, v in patches])
    assert stage["methodSettings"]["*/*"]["throttlingBurstLimit"] == 2
    assert [api.get("/")[0] for _ in range(3)] == [200, 200, 429]
    assert json.loads(api.get("/")[2]) == {"message": "Too Many Requests"}


def test_requests_go_on_to_public_servers_only(best):
    api = Api(best)
    for path, address in (("/loop", "http://127.0.0.1:80/"), ("/private", "http://10.0.0.1/"), ("/meta", "http://169.254.169.254/"), ("/name", "http://localhost/")):
        api.method(path, "GET", {"type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": address})
    api.deploy()
    for path in ("/loop", "/private", "/meta", "/name"):
        status, _, body = api.get(path)
        assert (status, json.loads(body)) == (504, {"message": "Network error communicating with endpoint"}), path


def test_what_is_described_is_checked(best, functions):
    api = Api(best)
    client, place = api.client, {"restApiId": api.id, "resourceId": api.root, "httpMethod": "GET"}
    assert refused(client.create_deployment, restApiId=api.id)[::2] == ("BadRequestException", "The REST API doesn't contain any methods")
    client.put_method(**place, authorizationType="NONE")
    assert refused(client.put_method, **place, authorizationType="NONE")[:2] == ("ConflictException", 409)
    assert refused(client.create_deployment, restApiId=api.id)[2] == "No integration defined for method"
    assert refused(client.put_integration, **place, type="AWS_PROXY", integrationHttpMethod="POST", uri="arn:aws:apigateway:us-east-1:sqs:path/x")[1] == 501
    assert refused(client.put_integration, **place, type="MOCK", requestTemplates={"application/json": "#if("})[1] == 400
    client.put_integration(**place, **proxy(functions["echo"]))
    assert refused(client.get_rest_api, restApiId="none")[::2] == ("NotFoundException", "Invalid API identifier specified")
    deployment = client.create_deployment(restApiId=api.id)["id"]
    client.create_stage(restApiId=api.id, stageName="one", deploymentId=deployment, tags={"a": "b"})
    assert refused(client.delete_deployment, restApiId=api.id, deploymentId=deployment)[2] == "Active stages pointing to this deployment must be moved or deleted"
    arn = f"arn:aws:apigateway:us-east-1::/restapis/{api.id}/stages/one"
    client.tag_resource(resourceArn=arn, tags={"c": "d"})
    client.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert client.get_tags(resourceArn=arn)["tags"] == {"c": "d"}
    assert refused(client.create_api_key, name="k")[1] == 501
    assert client.get_account()["throttleSettings"]["burstLimit"] == 5000
    for number in range(30):
        client.create_resource(restApiId=api.id, parentId=api.root, pathPart=f"r{number}")
    pages = client.get_paginator("get_resources").paginate(restApiId=api.id, embed=["methods"])
    found = [r for page in pages for r in page["items"]]
    assert len(found) == 31 and next(r for r in found if r["path"] == "/")["resourceMethods"]["GET"]["methodIntegration"]["type"] == "AWS_PROXY"


class HttpApi:
    """An HTTP API under way."""

    def __init__(self, best, **settings):
        self.best, self.client = best, best.client("apigatewayv2")
        self.made = self.client.create_api(Name="test", ProtocolType="HTTP", **settings)
        self.id = self.made["ApiId"]

    def route(self, key, arn=None, version="2.0", **settings):
        integration = self.client.create_integration(ApiId=self.id, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion=version)
        return self.client.create_route(ApiId=self.id, RouteKey=key, Target=f"integrations/{integration['IntegrationId']}", **settings)

    def get(self, path, **options):
        return self.best.get(path, host=f"{self.id}.execute-api.us-east-1.localhost", **options)


def test_an_http_api_of_one_call_answers(best, functions):
    allow(best, "echo")
    api = HttpApi(best, Target=functions["echo"])
    assert api.made["ApiEndpoint"] == f"http://{api.id}.execute-api.us-east-1.localhost:{best.url.rsplit(':', 1)[1]}"
    status, headers, body = api.get("/a%20b?q=1&q=2", headers={"Cookie": "c=d; e=f"})
    assert status == 200 and headers["apigw-requestid"]
    event = json.loads(body)
    assert (event["version"], event["routeKey"], event["rawPath"], event["rawQueryString"]) == ("2.0", "$default", "/a%20b", "q=1&q=2")
    assert (event["cookies"], event["queryStringParameters"]) == (["c=d", "e=f"], {"q": "1,2"})
    assert event["requestContext"]["http"]["method"] == "GET" and event["requestContext"]["stage"] == "$default"
    assert [s["StageName"] for s in api.client.get_stages(ApiId=api.id)["Items"]] == ["$default"]


def test_routes_of_an_http_api_by_priority_stage_and_format(best, functions):
    allow(best, "echo")
    api = HttpApi(best, CorsConfiguration={"AllowOrigins": ["https://a.example"], "AllowMethods": ["GET"], "AllowHeaders": ["x-a"], "MaxAge": 60})
    for key, version in (("GET /pets/{id}", "2.0"), ("ANY /{proxy+}", "1.0"), ("POST /pets/mine", "2.0")):
        api.route(key, functions["echo"], version)
    api.client.create_stage(ApiId=api.id, StageName="dev", AutoDeploy=True, StageVariables={"v": "w"})

    def event(path, **options):
        return json.loads(api.get("/dev" + path, **options)[2])

    found = event("/pets/7")
    assert (found["routeKey"], found["pathParameters"], found["stageVariables"], found["rawPath"]) == ("GET /pets/{id}", {"id": "7"}, {"v": "w"}, "/dev/pets/7")
    assert event("/pets/mine", data=b"x")["routeKey"] == "POST /pets/mine"
    found = event("/pets/7", method="PUT")
    assert (found["version"], found["resource"], found["pathParameters"], found["path"]) == ("1.0", "/{proxy+}", {"proxy": "pets/7"}, "/dev/pets/7")
    assert json.loads(api.get("/none/x")[2]) == {"message": "Not Found"}
    status, headers, _ = api.get("/dev/pets/7", method="OPTIONS", headers={"Origin": "https://a.example", "Access-Control-Request-Method": "GET"})
    assert (status, headers["access-control-allow-origin"], headers["access-control-max-age"]) == (204, "https://a.example", "60")
    assert api.get("/dev/pets/7", headers={"Origin": "https://a.example"})[1]["access-control-allow-origin"] == "https://a.example"
    assert refused(api.client.create_route, ApiId=api.id, RouteKey="GET /pets/{id}")[:2] == ("ConflictException", 409)
    assert refused(api.client.create_api, Name="w", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.a")[1] == 501
    # A route of its own stands at once where deployments follow by themselves.
    api.route("GET /later", functions["echo"])
    assert event("/later")["routeKey"] == "GET /later"


def test_http_apis_ask_functions_about_callers(best, functions):
    allow(best, "echo"), allow(best, "guard")
    api = HttpApi(best)
    api.client.create_stage(ApiId=api.id, StageName="$default", AutoDeploy=True)
    common = {"ApiId": api.id, "AuthorizerType": "REQUEST", "AuthorizerUri": uri(functions["guard"]), "IdentitySource": ["$request.header.X-Who"]}
    simple = api.client.create_authorizer(**common, Name="s", AuthorizerPayloadFormatVersion="2.0", EnableSimpleResponses=True)["AuthorizerId"]
    policy = api.client.create_authorizer(**common, Name="p", AuthorizerPayloadFormatVersion="1.0")["AuthorizerId"]
    for name, authorizer in (("simple", simple), ("policy", policy)):
        api.route(f"GET /{name}", functions["echo"], AuthorizationType="CUSTOM", AuthorizerId=authorizer)
        assert api.get(f"/{name}")[0] == 401
        assert json.loads(api.get(f"/{name}", headers={"X-Who": "bob"})[2]) == {"message": "Forbidden"}
        status, _, body = api.get(f"/{name}", headers={"X-Who": "ada"})
        assert status == 200, body
    assert json.loads(api.get("/simple", headers={"X-Who": "ada"})[2])["requestContext"]["authorizer"] == {"lambda": {"who": "ada"}}


def test_apis_are_there_after_a_restart(best, functions):
    allow(best, "echo")
    api, http = Api(best), HttpApi(best, Target=functions["echo"])
    api.method("/", "GET", proxy(functions["echo"]))
    api.deploy()
    best.kill()
    best.start()
    assert api.get("/")[0] == 200 and http.get("/")[0] == 200
