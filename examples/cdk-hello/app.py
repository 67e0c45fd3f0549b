"""A function behind a REST API, a bucket and a log group: deployed by `weft up examples/cdk-hello`, or by the CDK itself."""

import os

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct


class Hello(cdk.Stack):
    """With `-c keep=no` nothing outlives `cdk destroy`."""

    def __init__(self, scope: Construct, name: str, **options) -> None:
        super().__init__(scope, name, **options)
        keeps = self.node.try_get_context("keep") != "no"
        policy = cdk.RemovalPolicy.RETAIN if keeps else cdk.RemovalPolicy.DESTROY
        hello = lambda_.Function(
            self,
            "Hello",
            runtime=lambda_.Runtime.PYTHON_3_8,  # runs on the nearest interpreter that the machine has, which says so
            handler="app.handler",
            code=lambda_.Code.from_asset(os.path.join(os.path.dirname(__file__), "function")),
        )
        apigateway.LambdaRestApi(self, "Api", handler=hello, cloud_watch_role_removal_policy=policy)
        s3.Bucket(self, "Files", removal_policy=policy)
        logs.LogGroup(self, "Lines", retention=logs.RetentionDays.ONE_WEEK, removal_policy=policy)


app = cdk.App()
Hello(app, "Hello")
app.synth()
