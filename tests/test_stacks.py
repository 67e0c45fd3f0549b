"""`weft up` on a folder with a template: deployed, changed, compared and removed, each in one command."""

import json

TEMPLATE = """AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Word:
    Type: String
    Default: hello
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/
      Handler: app.handler
      Runtime: python3.11
      Environment:
        Variables:
          WORD: !Ref Word
      Events:
        Get:
          Type: HttpApi
          Properties:
            Path: /hello
            Method: get
  Lines:
    Type: AWS::Logs::LogGroup
    DeletionPolicy: Retain
    Properties:
      LogGroupName: /%(name)s/lines
Outputs:
  Url:
    Value: !Sub https://${ServerlessHttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/
"""
CODE = "import os\ndef handler(event, context):\n    return {'statusCode': 200, 'body': os.environ['WORD'] + '%s'}\n"


def project(weft, name):
    folder = weft.folder / name
    (folder / "src").mkdir(parents=True)
    (folder / "template.yaml").write_text(TEMPLATE % {"name": name})
    (folder / "src/app.py").write_text(CODE % "!")
    for path in (folder, folder / "src"):
        path.chmod(0o755)
    return folder


def up(weft, folder, *args):
    done = weft.cli("up", str(folder), "--detach", "--json", *args)
    return json.loads(done.stdout)["stacks"][0], done.stderr


def diff(weft, folder, *args):
    return json.loads(weft.cli("diff", str(folder), "--json", *args).stdout)["stacks"][0]


def body(weft, stack):
    url, = stack["urls"]
    status, _, body = weft.get(url.removeprefix(weft.url) + "hello")
    assert status == 200, body
    return body.decode()


def test_a_template_is_deployed_changed_compared_and_removed(weft):
    folder = project(weft, "shop")
    new = diff(weft, folder)
    assert new["isNew"] and {change["action"] for change in new["changes"]} == {"Add"}
    assert json.loads(weft.cli("ps", "--json").stdout)["stacks"] == []

    made, told = up(weft, folder)
    assert (made["name"], made["status"], body(weft, made)) == ("shop", "CREATE_COMPLETE", "hello!")
    assert "+ Hello AWS::Lambda::Function" in made["changes"]
    assert "CREATE_COMPLETE     AWS::Lambda::Function  Hello" in told
    assert made["outputs"]["Url"].startswith("https://")
    assert diff(weft, folder)["changes"] == []
    assert up(weft, folder)[0]["changes"] == []

    (folder / "src/app.py").write_text(CODE % "?")
    (change,) = diff(weft, folder, "--parameter", "Word=bye")["changes"]
    assert (change["logicalId"], change["action"], change["replacement"]) == ("Hello", "Modify", "False")
    changed, _ = up(weft, folder, "--parameter", "Word=bye")
    assert (changed["status"], body(weft, changed)) == ("UPDATE_COMPLETE", "bye?")
    kept, _ = up(weft, folder)
    assert kept["changes"] == [], "a parameter that is not given keeps its value"
    (stack,) = json.loads(weft.cli("ps", "--json").stdout)["stacks"]
    assert (stack["name"], stack["status"]) == ("shop", "UPDATE_COMPLETE")

    removed = json.loads(weft.cli("rm", "shop", "--json").stdout)
    assert removed == {"stack": "shop", "retained": ["Lines (AWS::Logs::LogGroup) /shop/lines"]}
    assert json.loads(weft.cli("ps", "--json").stdout)["stacks"] == []
    assert weft.client("lambda").list_functions()["Functions"] == []
    assert weft.cli("rm", "shop", check=False).returncode == 1


def test_a_deployment_that_fails_names_resource_and_reason_and_the_next_one_succeeds(weft):
    folder = project(weft, "taken")
    logs = weft.client("logs")
    logs.create_log_group(logGroupName="/taken/lines")
    done = weft.cli("up", str(folder), "--detach", check=False)
    assert done.returncode == 1
    assert "the stack `taken` failed and is now ROLLBACK_COMPLETE" in done.stderr
    assert "Lines (AWS::Logs::LogGroup): The specified log group already exists" in done.stderr
    assert "help: " in done.stderr
    logs.delete_log_group(logGroupName="/taken/lines")
    assert body(weft, up(weft, folder)[0]) == "hello!"
    weft.cli("rm", "taken")


def test_samconfig_names_stack_and_parameters_and_wrong_ones_are_told(weft):
    folder = project(weft, "configured")
    (folder / "samconfig.toml").write_text(
        'version = 0.1\n[default.deploy.parameters]\nstack_name = "named"\nparameter_overrides = "Word=\\"from samconfig\\""\n')
    made, _ = up(weft, folder)
    assert (made["name"], body(weft, made)) == ("named", "from samconfig!")
    wrong = weft.cli("up", str(folder), "--detach", "--parameter", "Wrod=x", check=False)
    assert wrong.returncode == 1 and "no parameter `Wrod`; it has Word" in wrong.stderr
    weft.cli("rm", "named")
