"""The control plane of Lambda through boto3: versions, aliases, layers, permissions, settings, waiters and paginators."""

import base64
import collections
import hashlib
import json
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError
from conftest import packed

WHO = "def handler(event, context):\n    return [{!r}, context.function_version, context.invoked_function_arn.split(':', 6)[-1]]\n"


def refused(call, **arguments):
    """Code and status of the refusal that a call must meet."""
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"], error.value.response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.fixture(scope="module")
def two(best):
    """A function with two versions and different code in each and in $LATEST."""
    client = best.client("lambda")
    best.function("two", WHO.format("first"), Publish=True)
    client.get_waiter("published_version_active").wait(FunctionName="two", Qualifier="1")
    for text in ("second", "latest"):
        client.update_function_code(FunctionName="two", ZipFile=packed(WHO.format(text)), Publish=text == "second")
        client.get_waiter("function_updated_v2").wait(FunctionName="two")
    return best


def test_each_version_runs_its_own_code(two):
    client = two.client("lambda")
    assert two.invoke("two")[0] == ["latest", "$LATEST", "two"]
    assert two.invoke("two", Qualifier="1")[0] == ["first", "1", "two:1"]
    answer, response = two.invoke("two:2")
    assert answer == ["second", "2", "two:2"] and response["ExecutedVersion"] == "2"
    found = [v["Version"] for page in client.get_paginator("list_versions_by_function").paginate(FunctionName="two", PaginationConfig={"PageSize": 1}) for v in page["Versions"]]
    assert found == ["$LATEST", "1", "2"]
    every = [f["FunctionArn"].split(":", 6)[-1] for page in client.get_paginator("list_functions").paginate(FunctionVersion="ALL") for f in page["Functions"]]
    assert {"two:$LATEST", "two:1", "two:2"} <= set(every)
    assert refused(client.get_function, FunctionName="two", Qualifier="9") == ("ResourceNotFoundException", 404)


def test_publishing_keeps_to_its_preconditions(two):
    client = two.client("lambda")
    latest = client.get_function_configuration(FunctionName="two")
    assert refused(client.publish_version, FunctionName="two", CodeSha256="other") == ("InvalidParameterValueException", 400)
    assert refused(client.publish_version, FunctionName="two", RevisionId="other") == ("PreconditionFailedException", 412)
    third = client.publish_version(FunctionName="two", CodeSha256=latest["CodeSha256"], RevisionId=latest["RevisionId"], Description="third")
    assert (third["Version"], third["Description"], third["CodeSha256"]) == ("3", "third", latest["CodeSha256"])
    assert client.publish_version(FunctionName="two")["Version"] == "3"
    client.delete_function(FunctionName="two", Qualifier="3")
    assert client.publish_version(FunctionName="two")["Version"] == "4"
    client.delete_function(FunctionName="two", Qualifier="4")


def test_an_alias_shares_requests_between_two_versions(two):
    client = two.client("lambda")
    made = client.create_alias(FunctionName="two", Name="live", FunctionVersion="1", Description="what people use")
    assert two.invoke("two:live")[0] == ["first", "1", "two:live"]
    assert refused(client.delete_function, FunctionName="two", Qualifier="1") == ("ResourceConflictException", 409)
    assert refused(client.update_alias, FunctionName="two", Name="live", FunctionVersion="2", RevisionId="other") == ("PreconditionFailedException", 412)
    client.update_alias(FunctionName="two", Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}}, RevisionId=made["RevisionId"])
    shares = collections.Counter(two.invoke("two", Qualifier="live")[1]["ExecutedVersion"] for _ in range(60))
    assert set(shares) == {"1", "2"}
    client.update_alias(FunctionName="two", Name="live", FunctionVersion="2", RoutingConfig={"AdditionalVersionWeights": {}})
    assert two.invoke("two:live")[0] == ["second", "2", "two:live"]
    names = [a["Name"] for page in client.get_paginator("list_aliases").paginate(FunctionName="two", FunctionVersion="2") for a in page["Aliases"]]
    assert names == ["live"]
    client.delete_alias(FunctionName="two", Name="live")
    assert refused(client.invoke, FunctionName="two:live") == ("ResourceNotFoundException", 404)


def test_a_python_function_imports_from_its_layers_and_the_later_one_wins(best):
    client = best.client("lambda")
    arns = []
    for name, word in (("words", "first"), ("more-words", "second")):
        content = {"python/word.py": f"WORD = {word!r}\n", f"python/only_{word}.py": "HERE = True\n"}
        published = client.publish_layer_version(LayerName=name, Content={"ZipFile": packed(content)}, CompatibleRuntimes=["python3.11"])
        arns.append(published["LayerVersionArn"])
    code = "import only_first, only_second, word\n\ndef handler(event, context):\n    return word.WORD\n"
    made = best.function("layered", code, Layers=arns)
    assert [layer["Arn"] for layer in made["Layers"]] == arns
    assert best.invoke("layered")[0] == "second"
    client.update_function_configuration(FunctionName="layered", Layers=arns[::-1])
    assert best.invoke("layered")[0] == "first"
    client.delete_layer_version(LayerName="words", VersionNumber=1)
    assert refused(client.get_layer_version, LayerName="words", VersionNumber=1) == ("ResourceNotFoundException", 404)
    client.update_function_configuration(FunctionName="layered", Description="a new worker")
    assert best.invoke("layered")[0] == "first"
    assert refused(client.update_function_configuration, FunctionName="layered", Layers=arns) == ("InvalidParameterValueException", 400)


def test_a_node_function_requires_from_a_layer(best):
    client = best.client("lambda")
    content = {"nodejs/node_modules/word/index.js": "exports.WORD = 'from the layer';\n"}
    arn = client.publish_layer_version(LayerName="node-words", Content={"ZipFile": packed(content)})["LayerVersionArn"]
    code = {"app.js": "const { WORD } = require('word');\nexports.handler = async () => WORD;\n"}
    best.function("node-layered", code, runtime="nodejs20.x", Layers=[arn])
    assert best.invoke("node-layered")[0] == "from the layer"


def test_archives_can_be_downloaded_where_the_api_says_and_only_so(best):
    client = best.client("lambda")
    code = packed("def handler(event, context):\n    return 'here'\n")
    best.function("fetched", "def handler(event, context):\n    return 'here'\n")
    client.update_function_code(FunctionName="fetched", ZipFile=code)
    function = client.get_function(FunctionName="fetched")
    location = function["Code"]["Location"]
    assert function["Code"]["RepositoryType"] == "S3" and location.startswith(best.url + "/_weft/_code/")
    with urllib.request.urlopen(location) as answer:
        assert answer.read() == code and answer.headers["Content-Type"] == "application/zip"
    assert base64.b64encode(hashlib.sha256(code).digest()).decode() == function["Configuration"]["CodeSha256"]
    layer = client.publish_layer_version(LayerName="fetched", Content={"ZipFile": packed({"python/word.py": "WORD = 1\n"})})
    again = client.get_layer_version_by_arn(Arn=layer["LayerVersionArn"])
    for content in (layer["Content"], again["Content"]):
        with urllib.request.urlopen(content["Location"]) as answer:
            assert base64.b64encode(hashlib.sha256(answer.read()).digest()).decode() == content["CodeSha256"]
    path, query = location.split("?")
    other = layer["Content"]["Location"].split("?")[0]
    for altered in (path, f"{other}?{query}", f"{path}?{query.replace('expires=', 'expires=9')}", location[:-1]):
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(altered)
        assert error.value.code == 403


def test_layers_are_listed_and_have_policies(best):
    client = best.client("lambda")
    for runtime in ("python3.12", "nodejs22.x"):
        client.publish_layer_version(LayerName="listed", Content={"ZipFile": packed({"a": runtime})}, CompatibleRuntimes=[runtime], LicenseInfo="MIT")
    pages = client.get_paginator("list_layer_versions").paginate(LayerName="listed", PaginationConfig={"PageSize": 1})
    assert [v["Version"] for page in pages for v in page["LayerVersions"]] == [2, 1]
    fitting = [layer for page in client.get_paginator("list_layers").paginate(CompatibleRuntime="python3.12") for layer in page["Layers"]]
    assert [(layer["LayerName"], layer["LatestMatchingVersion"]["Version"]) for layer in fitting] == [("listed", 1)]
    version = client.get_layer_version_by_arn(Arn=fitting[0]["LatestMatchingVersion"]["LayerVersionArn"])
    assert version["LicenseInfo"] == "MIT" and version["Content"]["CodeSize"] > 0
    client.add_layer_version_permission(LayerName="listed", VersionNumber=1, StatementId="all", Action="lambda:GetLayerVersion", Principal="*")
    policy = json.loads(client.get_layer_version_policy(LayerName="listed", VersionNumber=1)["Policy"])
    assert policy["Statement"][0]["Principal"] == "*"
    client.remove_layer_version_permission(LayerName="listed", VersionNumber=1, StatementId="all")
    assert refused(client.get_layer_version_policy, LayerName="listed", VersionNumber=1) == ("ResourceNotFoundException", 404)


def test_permissions_are_statements_of_a_policy(best):
    client = best.client("lambda")
    arn = best.function("permitted", WHO.format("p"))["FunctionArn"]
    client.add_permission(FunctionName="permitted", StatementId="logs", Action="lambda:InvokeFunction", Principal="logs.amazonaws.com", SourceAccount="000000000000",
                          SourceArn="arn:aws:logs:us-east-1:000000000000:log-group:*")
    found = client.get_policy(FunctionName="permitted")
    statement = json.loads(found["Policy"])["Statement"][0]
    assert statement["Resource"] == arn and statement["Principal"] == {"Service": "logs.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"AWS:SourceAccount": "000000000000"}, "ArnLike": {"AWS:SourceArn": "arn:aws:logs:us-east-1:000000000000:log-group:*"}}
    again = {"FunctionName": "permitted", "StatementId": "logs", "Action": "lambda:InvokeFunction", "Principal": "*"}
    assert refused(client.add_permission, **again) == ("ResourceConflictException", 409)
    assert refused(client.remove_permission, FunctionName="permitted", StatementId="logs", RevisionId="other") == ("PreconditionFailedException", 412)
    client.remove_permission(FunctionName="permitted", StatementId="logs", RevisionId=found["RevisionId"])
    assert refused(client.get_policy, FunctionName="permitted") == ("ResourceNotFoundException", 404)


def test_concurrency_urls_and_asynchronous_invocation_are_set_and_shown(best):
    client = best.client("lambda")
    best.function("settings", WHO.format("s"), Publish=True)
    name = {"FunctionName": "settings"}
    free = client.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    client.put_function_concurrency(**name, ReservedConcurrentExecutions=7)
    assert client.get_function_concurrency(**name)["ReservedConcurrentExecutions"] == 7
    assert client.get_function(**name)["Concurrency"] == {"ReservedConcurrentExecutions": 7}
    assert client.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == free - 7
    assert refused(client.put_function_concurrency, **name, ReservedConcurrentExecutions=free) == ("InvalidParameterValueException", 400)
    client.delete_function_concurrency(**name)
    assert refused(client.get_provisioned_concurrency_config, **name, Qualifier="1") == ("ProvisionedConcurrencyConfigNotFoundException", 404)
    client.put_function_event_invoke_config(**name, MaximumRetryAttempts=0, MaximumEventAgeInSeconds=60)
    assert client.get_function_event_invoke_config(**name)["MaximumRetryAttempts"] == 0
    url = client.create_function_url_config(**name, AuthType="AWS_IAM", Cors={"AllowOrigins": ["*"], "AllowMethods": ["GET"]})["FunctionUrl"]
    assert url.endswith(f".lambda-url.us-east-1.localhost:{best.url.rsplit(':', 1)[1]}/")
    assert client.get_function_url_config(**name)["Cors"] == {"AllowOrigins": ["*"], "AllowMethods": ["GET"]}
    assert [u["FunctionUrl"] for page in client.get_paginator("list_function_url_configs").paginate(**name) for u in page["FunctionUrlConfigs"]] == [url]
    assert client.get_function_recursion_config(**name)["RecursiveLoop"] == "Terminate"
    assert client.put_function_recursion_config(**name, RecursiveLoop="Allow")["RecursiveLoop"] == "Allow"
    assert client.get_runtime_management_config(**name)["UpdateRuntimeOn"] == "Auto"


def test_unsigned_code_is_refused_where_signatures_are_enforced(best):
    client = best.client("lambda")
    publishers = {"SigningProfileVersionArns": ["arn:aws:signer:us-east-1:000000000000:/signing-profiles/team/abc"]}
    made = client.create_code_signing_config(AllowedPublishers=publishers, CodeSigningPolicies={"UntrustedArtifactOnDeployment": "Enforce"})
    arn = made["CodeSigningConfig"]["CodeSigningConfigArn"]
    best.function("signed", WHO.format("s"))
    client.put_function_code_signing_config(FunctionName="signed", CodeSigningConfigArn=arn)
    assert client.list_functions_by_code_signing_config(CodeSigningConfigArn=arn)["FunctionArns"]
    update = {"FunctionName": "signed", "ZipFile": packed(WHO.format("t"))}
    assert refused(client.update_function_code, **update) == ("CodeVerificationFailedException", 400)
    client.update_code_signing_config(CodeSigningConfigArn=arn, CodeSigningPolicies={"UntrustedArtifactOnDeployment": "Warn"})
    client.update_function_code(**update)
    client.delete_function_code_signing_config(FunctionName="signed")
    assert "CodeSigningConfigArn" not in client.get_function_code_signing_config(FunctionName="signed")
    client.delete_code_signing_config(CodeSigningConfigArn=arn)


def test_an_old_runtime_runs_on_the_nearest_interpreter_and_says_so(best):
    made = best.function("old", "def handler(event, context):\n    return 'it runs'\n", runtime="python3.6")
    assert "python3.6 is not installed" in made["RuntimeVersionConfig"]["Error"]["Message"]
    assert best.invoke("old")[0] == "it runs"


def test_what_was_published_is_there_after_a_crash(two):
    client = two.client("lambda")
    client.create_alias(FunctionName="two", Name="kept", FunctionVersion="2")
    arn = client.publish_layer_version(LayerName="kept", Content={"ZipFile": packed({"python/kept.py": "WORD = 'kept'\n"})})["LayerVersionArn"]
    two.function("keeps", "import kept\n\ndef handler(event, context):\n    return kept.WORD\n", Layers=[arn], Publish=True)
    two.kill()
    two.start()
    assert two.invoke("two:kept")[0] == ["second", "2", "two:kept"]
    assert two.invoke("keeps:1")[0] == "kept"
