use serde_json::json;
use weft_template::cloudformation::{Schema, compare};

use super::support::{Made, stack};

/// All that the schemas say against resources.
fn check(resources: &str, expected: &str) {
    let told = stack(&format!("Resources:\n{resources}"), &[]).unwrap().check();
    assert_eq!(
        told.map(|()| String::new()).unwrap_or_else(|error| error.to_string()),
        expected,
        "{resources}"
    );
}

#[test]
fn everything_that_is_wrong_is_named_at_once() {
    check("  B: {Type: 'AWS::S3::Bucket', Properties: {BucketName: 7}}\n", "");
    check("  F: {Type: 'Custom::Anything', Properties: {ServiceToken: a, Any: {thing: [1]}}}\n", "");
    check(
        "  F: {Type: 'AWS::S3::Buckets'}\n  G: {Type: 'AWS::S3::Buckets'}\n",
        "Template format error: Unrecognized resource types: [AWS::S3::Buckets]",
    );
    check(
        "  F: {Type: 'AWS::Lambda::Function', Properties: {Code: {S3Buckt: x}, Timeout: soon, Environment: {Variables: {N: 7}}}}\n  B: {Type: 'AWS::S3::Bucket', Properties: {Colour: red, Tags: {a: b}}}\n",
        "Properties validation failed for resource F with message:\n[#/Code: extraneous key [S3Buckt] is not permitted, #/Timeout: expected type: Integer, found: String, #: required key [Role] not found]\nProperties validation failed for resource B with message:\n[#: extraneous key [Colour] is not permitted, #/Tags: expected type: JSONArray, found: JSONObject]",
    );
    check(
        "  F: {Type: 'AWS::Lambda::Function', Properties: {Code: {ZipFile: x}, Role: !GetAtt R.Arn, Timeout: !Ref R}}\n  R: {Type: 'AWS::IAM::Role', Properties: {AssumeRolePolicyDocument: {}}}\n",
        "",
    );
}

#[test]
fn values_get_the_type_that_the_schema_asks_for() {
    let resources = "Resources:
  F: {Type: 'AWS::Lambda::Function', Properties: {Code: {ZipFile: x}, Role: r, Timeout: '7', Environment: {Variables: {N: 7, T: true}}}}
  B: {Type: 'AWS::S3::Bucket', Properties: {BucketName: 7, PublicAccessBlockConfiguration: {BlockPublicAcls: 'true'}}}
  C: {Type: 'Custom::C', Properties: {ServiceToken: t, On: true, Deep: [{n: 7}]}}
";
    let stack = stack(resources, &[]).unwrap();
    let check =
        |name: &str, expected: &str| assert_eq!(stack.properties(name, &Made).unwrap().to_string(), expected);
    check(
        "F",
        r#"{"Code":{"ZipFile":"x"},"Role":"r","Timeout":7,"Environment":{"Variables":{"N":"7","T":"true"}}}"#,
    );
    check("B", r#"{"BucketName":"7","PublicAccessBlockConfiguration":{"BlockPublicAcls":true}}"#);
    check("C", r#"{"ServiceToken":"t","On":"true","Deep":[{"n":"7"}]}"#);
}

#[test]
fn differences_say_whether_a_new_resource_is_needed() {
    let check = |kind: &str, old, new, expected: &str| {
        let difference = compare(kind, &old, &new);
        assert_eq!(format!("{} {}", difference.paths.join(","), difference.replacement), expected);
    };
    check("AWS::S3::Bucket", json!({"BucketName": "a"}), json!({"BucketName": "b"}), "BucketName true");
    check("AWS::S3::Bucket", json!({"Tags": [1]}), json!({"Tags": [2]}), "Tags false");
    check(
        "AWS::Lambda::Function",
        json!({"Code": {"S3Key": "a", "S3Bucket": "b"}}),
        json!({"Code": {"S3Key": "c", "S3Bucket": "b"}}),
        "Code/S3Key false",
    );
    check(
        "AWS::Lambda::Permission",
        json!({"Action": "a"}),
        json!({"Action": "a", "SourceArn": "b"}),
        "SourceArn true",
    );
    check("AWS::Lambda::Function", json!({"Timeout": 7}), json!({"Timeout": "7"}), " false");
    check("Custom::X", json!({"ServiceToken": "a"}), json!({"ServiceToken": "b"}), "ServiceToken true");
}

#[test]
fn every_packed_schema_is_read() {
    let kinds: Vec<&str> = Schema::kinds().collect();
    assert!(kinds.len() > 190, "{}", kinds.len());
    for kind in kinds {
        assert!(Schema::of(kind).is_some(), "{kind}");
    }
    assert!(Schema::of("AWS::SQS::Queue").unwrap().has_attribute("QueueName"));
    assert!(Schema::of("AWS::ApiGateway::RestApi").unwrap().has_attribute("RootResourceId"));
    assert!(Schema::of("AWS::CloudFormation::Stack").unwrap().has_attribute("Outputs.Url"));
}
