"""Parameter Store as its real clients use it: boto3 with its paginators, what survives a kill, and who may read what."""

import uuid

import pytest
from conftest import wait_for


@pytest.fixture
def ssm(best):
    return best.client("ssm")


@pytest.fixture
def path(ssm):
    name = f"/test-{uuid.uuid4().hex}"
    yield name
    left = [p["Name"] for page in ssm.get_paginator("get_parameters_by_path").paginate(Path=name, Recursive=True) for p in page["Parameters"]]
    for name in left:
        ssm.delete_parameter(Name=name)


def code(call, **arguments):
    with pytest.raises(Exception) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


def test_versions_labels_and_history(ssm, path):
    name = f"{path}/a"
    assert ssm.put_parameter(Name=name, Value="one", Type="String") | {"ResponseMetadata": 0} == {"Version": 1, "Tier": "Standard", "ResponseMetadata": 0}
    assert code(ssm.put_parameter, Name=name, Value="two", Type="String") == "ParameterAlreadyExists"
    assert ssm.put_parameter(Name=name, Value="two", Overwrite=True)["Version"] == 2
    ssm.label_parameter_version(Name=name, ParameterVersion=1, Labels=["live"])
    values = [ssm.get_parameter(Name=f"{name}{selector}")["Parameter"]["Value"] for selector in ("", ":1", ":live")]
    assert values == ["two", "one", "one"]
    pages = ssm.get_paginator("get_parameter_history").paginate(Name=name, PaginationConfig={"PageSize": 1})
    assert [(p["Version"], p["Value"], p["Labels"]) for page in pages for p in page["Parameters"]] == [(1, "one", ["live"]), (2, "two", [])]
    assert code(ssm.get_parameter, Name=f"{path}/none") == "ParameterNotFound"
    assert code(ssm.get_parameter, Name="/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64") == "ParameterNotFound"


def test_paths_and_filters_page_by_page(ssm, path):
    for n in range(23):
        ssm.put_parameter(Name=f"{path}/{'deep/' if n % 2 else ''}p{n:02}", Value="v", Type="String", Tags=[{"Key": "n", "Value": str(n % 3)}])
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True, PaginationConfig={"PageSize": 4})
    assert len({p["Name"] for page in pages for p in page["Parameters"]}) == 23
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=path)
    assert [p["Name"] for page in pages for p in page["Parameters"]] == [f"{path}/p{n:02}" for n in range(0, 23, 2)]
    filters = [{"Key": "tag:n", "Values": ["1"]}, {"Key": "Path", "Option": "Recursive", "Values": [path]}]
    pages = ssm.get_paginator("describe_parameters").paginate(ParameterFilters=filters, PaginationConfig={"PageSize": 3})
    assert sorted(p["Name"][-3:] for page in pages for p in page["Parameters"]) == [f"p{n:02}" for n in range(1, 23, 3)]


def test_a_secret_survives_a_kill_and_is_not_in_the_files(best):
    server = best
    ssm = server.client("ssm")
    secret = uuid.uuid4().hex
    ssm.put_parameter(Name="/secret", Value=secret, Type="SecureString")
    ssm.put_parameter(Name="/plain", Value=f"plain-{secret}", Type="String")
    assert secret not in ssm.get_parameter(Name="/secret")["Parameter"]["Value"]
    server.kill()
    stored = b"".join(path.read_bytes() for path in (server.data / "store/ssm").iterdir() if path.is_file())
    assert f"plain-{secret}".encode() in stored
    assert stored.replace(f"plain-{secret}".encode(), b"").count(secret.encode()) == 0
    server.start()
    wait_for("the API", lambda: server.client("sts").get_caller_identity())
    found = server.client("ssm").get_parameter(Name="/secret", WithDecryption=True)["Parameter"]
    assert (found["Value"], found["Type"]) == (secret, "SecureString")


def test_a_role_reads_its_own_path_only(best, ssm, path):
    ssm.put_parameter(Name=f"{path}/mine/a", Value="v", Type="String")
    ssm.put_parameter(Name=f"{path}/other/b", Value="v", Type="String")
    user = f"u{uuid.uuid4().hex}"
    iam = best.client("iam")
    iam.create_user(UserName=user)
    policy = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ssm:GetParameter*","Resource":"arn:aws:ssm:*:*:parameter%s/mine*"}}' % path
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=policy)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    limited = best.client("ssm", keys=(key["AccessKeyId"], key["SecretAccessKey"]))
    assert limited.get_parameter(Name=f"{path}/mine/a")["Parameter"]["Value"] == "v"
    assert [p["Name"] for p in limited.get_parameters_by_path(Path=f"{path}/mine")["Parameters"]] == [f"{path}/mine/a"]
    for call, arguments in [
        (limited.get_parameter, {"Name": f"{path}/other/b"}),
        (limited.get_parameters, {"Names": [f"{path}/mine/a", f"{path}/other/b"]}),
        (limited.get_parameters_by_path, {"Path": path, "Recursive": True}),
        (limited.put_parameter, {"Name": f"{path}/mine/a", "Value": "w", "Overwrite": True}),
        (limited.describe_parameters, {}),
    ]:
        assert code(call, **arguments) == "AccessDeniedException"
