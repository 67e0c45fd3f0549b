//! Buckets.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use weft_service::Error;

use super::{Step, check, check_failure};

const BUCKET: &str = "AWS::S3::Bucket";
const TAGS: &str = r#"["s3:PutBucketTagging", {"Bucket": "assets", "Tagging": {"TagSet": [{"Key": "team", "Value": "red"}]}}]"#;

fn tags() -> Json {
    serde_json::from_str(TAGS).expect("JSON")
}

/// The call that a property of a new bucket leads to, and the one when it is gone.
#[track_caller]
fn property(name: &str, value: &Json, set: &Json, reset: &Json) {
    let create = json!(["s3:CreateBucket", {"Bucket": "assets"}]);
    let with = json!({"BucketName": "assets", name: value});
    check(Step::create(BUCKET, json!({})), &with, &json!([create, set, tags()]));
    let step = Step::update(BUCKET, "assets", with, json!({}));
    check(step, &json!({"BucketName": "assets"}), &json!([reset]));
}

#[test]
fn each_property_has_its_operation_and_is_reset_when_it_is_gone() {
    property(
        "BucketEncryption",
        &json!({"ServerSideEncryptionConfiguration": [
            {"BucketKeyEnabled": "true", "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"}}]}),
        &json!(["s3:PutBucketEncryption", {"Bucket": "assets", "ServerSideEncryptionConfiguration": {"Rules": [
            {"BucketKeyEnabled": true, "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"}}]}}]),
        &json!(["s3:DeleteBucketEncryption", {"Bucket": "assets"}]),
    );
    property(
        "PublicAccessBlockConfiguration",
        &json!({"BlockPublicAcls": "true", "RestrictPublicBuckets": true}),
        &json!(["s3:PutPublicAccessBlock", {"Bucket": "assets",
            "PublicAccessBlockConfiguration": {"BlockPublicAcls": true, "RestrictPublicBuckets": true}}]),
        &json!(["s3:DeletePublicAccessBlock", {"Bucket": "assets"}]),
    );
    property(
        "VersioningConfiguration",
        &json!({"Status": "Enabled"}),
        &json!(["s3:PutBucketVersioning", {"Bucket": "assets", "VersioningConfiguration": {"Status": "Enabled"}}]),
        &json!(["s3:PutBucketVersioning", {"Bucket": "assets", "VersioningConfiguration": {"Status": "Suspended"}}]),
    );
    property(
        "AccessControl",
        &json!("PublicReadWrite"),
        &json!(["s3:PutBucketAcl", {"Bucket": "assets", "ACL": "public-read-write"}]),
        &json!(["s3:PutBucketAcl", {"Bucket": "assets", "ACL": "private"}]),
    );
    property(
        "OwnershipControls",
        &json!({"Rules": [{"ObjectOwnership": "ObjectWriter"}]}),
        &json!(["s3:PutBucketOwnershipControls", {"Bucket": "assets",
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}}]),
        &json!(["s3:DeleteBucketOwnershipControls", {"Bucket": "assets"}]),
    );
    property(
        "CorsConfiguration",
        &json!({"CorsRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "ExposedHeaders": ["etag"], "Id": "a",
            "MaxAge": "7"}]}),
        &json!(["s3:PutBucketCors", {"Bucket": "assets", "CORSConfiguration": {"CORSRules": [
            {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "ExposeHeaders": ["etag"], "ID": "a", "MaxAgeSeconds": 7}]}}]),
        &json!(["s3:DeleteBucketCors", {"Bucket": "assets"}]),
    );
    property(
        "WebsiteConfiguration",
        &json!({"IndexDocument": "index.html", "ErrorDocument": "error.html", "RoutingRules": [
            {"RedirectRule": {"HostName": "h"}, "RoutingRuleCondition": {"KeyPrefixEquals": "p"}}]}),
        &json!(["s3:PutBucketWebsite", {"Bucket": "assets", "WebsiteConfiguration": {
            "IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "error.html"},
            "RoutingRules": [{"Redirect": {"HostName": "h"}, "Condition": {"KeyPrefixEquals": "p"}}]}}]),
        &json!(["s3:DeleteBucketWebsite", {"Bucket": "assets"}]),
    );
    property(
        "LoggingConfiguration",
        &json!({"LogFilePrefix": "l/"}),
        &json!(["s3:PutBucketLogging", {"Bucket": "assets",
            "BucketLoggingStatus": {"LoggingEnabled": {"TargetBucket": "assets", "TargetPrefix": "l/"}}}]),
        &json!(["s3:PutBucketLogging", {"Bucket": "assets", "BucketLoggingStatus": {}}]),
    );
    property(
        "NotificationConfiguration",
        &json!({"EventBridgeConfiguration": {"EventBridgeEnabled": false}, "LambdaConfigurations": [
            {"Event": "s3:ObjectCreated:*", "Function": "arn:f", "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": "in/"}]}}}]}),
        &json!(["s3:PutBucketNotificationConfiguration", {"Bucket": "assets", "NotificationConfiguration": {
            "LambdaFunctionConfigurations": [{"LambdaFunctionArn": "arn:f", "Events": ["s3:ObjectCreated:*"],
                "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}}}]}}]),
        &json!(["s3:PutBucketNotificationConfiguration", {"Bucket": "assets", "NotificationConfiguration": {}}]),
    );
}

#[test]
fn lifecycle_rules_have_other_names_in_requests() {
    let rules = json!([
        {"Id": "a", "Status": "Enabled", "ExpirationInDays": "30", "Prefix": "tmp/", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
        {"Status": "Enabled", "NoncurrentVersionExpirationInDays": 3,
            "TagFilters": [{"Key": "k", "Value": "v"}], "ObjectSizeGreaterThan": "10"},
        {"Status": "Disabled", "Transition": {"StorageClass": "GLACIER", "TransitionInDays": 1},
            "NoncurrentVersionTransitions": [{"StorageClass": "GLACIER", "TransitionInDays": 2}]},
    ]);
    let sent = json!([
        {"ID": "a", "Status": "Enabled", "Expiration": {"Days": 30}, "Filter": {"Prefix": "tmp/"}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
        {"Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 3},
            "Filter": {"And": {"Tags": [{"Key": "k", "Value": "v"}], "ObjectSizeGreaterThan": 10}}},
        {"Status": "Disabled", "Filter": {"Prefix": ""}, "Transitions": [{"StorageClass": "GLACIER", "Days": 1}],
            "NoncurrentVersionTransitions": [{"StorageClass": "GLACIER", "NoncurrentDays": 2}]},
    ]);
    property(
        "LifecycleConfiguration",
        &json!({"Rules": rules}),
        &json!(["s3:PutBucketLifecycleConfiguration", {"Bucket": "assets", "LifecycleConfiguration": {"Rules": sent}}]),
        &json!(["s3:DeleteBucketLifecycle", {"Bucket": "assets"}]),
    );
}

#[test]
fn a_bucket_without_a_name_gets_one_in_small_letters() {
    let name = format!("shop-it-{}", crate::names::suffix("o/0/1"));
    let calls = json!([
        ["s3:CreateBucket", {"Bucket": name, "ObjectLockEnabledForBucket": true}],
        ["s3:PutBucketTagging", {"Bucket": name, "Tagging": {"TagSet": [{"Key": "a", "Value": "1"}, {"Key": "team", "Value": "red"}]}}],
    ]);
    let properties = json!({"ObjectLockEnabled": "true", "Tags": [{"Key": "a", "Value": 1}]});
    let made = check(Step::create(BUCKET, json!({})), &properties, &calls);
    assert_eq!(made.physical_id, name);
    let expected = json!({
        "Arn": format!("arn:aws:s3:::{name}"),
        "DomainName": format!("{name}.s3.localhost:4566"),
        "RegionalDomainName": format!("{name}.s3.us-east-1.localhost:4566"),
        "DualStackDomainName": format!("{name}.s3.dualstack.us-east-1.localhost:4566"),
        "WebsiteURL": format!("http://{name}.s3-website-us-east-1.localhost:4566"),
    });
    assert_eq!(Json::Object(made.attributes), expected);
}

#[test]
fn a_bucket_that_is_not_empty_is_not_deleted() {
    let full = "The bucket you tried to delete is not empty. You must delete all versions in the bucket.";
    let answers = move |_: &str, _: &str, _: &Json| Err(Error::new("BucketNotEmpty", full).with_status(409));
    let step =
        Step { physical_id: Some("assets"), answers: Arc::new(answers), ..Step::create(BUCKET, json!({})) };
    let failure = check_failure(step, &json!({}), &json!([["s3:DeleteBucket", {"Bucket": "assets"}]]));
    let expected = "The bucket you tried to delete is not empty. You must delete all versions in the bucket (Service: s3, \
                    Status Code: 409, Error Code: BucketNotEmpty)";
    assert_eq!(failure.reason, expected);
}

#[test]
fn what_buckets_cannot_do_is_refused_before_anything_is_made() {
    let failure = check_failure(
        Step::create(BUCKET, json!({})),
        &json!({"ReplicationConfiguration": {"Role": "r"}}),
        &json!([]),
    );
    assert!(
        failure.reason.starts_with("ReplicationConfiguration of AWS::S3::Bucket is not implemented"),
        "{failure:?}"
    );
}

#[test]
fn a_bucket_whose_setting_fails_is_left_for_the_rollback() {
    let answers = |_: &str, operation: &str, _: &Json| match operation {
        "CreateBucket" => Ok(json!({})),
        _ => Err(Error::new("MalformedXML", "no").with_status(400)),
    };
    let step = Step { answers: Arc::new(answers), ..Step::create(BUCKET, json!({})) };
    let calls = json!([["s3:CreateBucket", {"Bucket": "assets"}], tags()]);
    let failure = check_failure(step, &json!({"BucketName": "assets"}), &calls);
    assert_eq!(failure.physical_id.as_deref(), Some("assets"));
}

#[test]
fn a_policy_may_be_a_document_or_its_text() {
    for document in [json!({"Statement": []}), json!("{\"Statement\":[]}")] {
        let properties = json!({"Bucket": "assets", "PolicyDocument": document});
        let put = json!([["s3:PutBucketPolicy", {"Bucket": "assets", "Policy": "{\"Statement\":[]}"}]]);
        let made = check(Step::create("AWS::S3::BucketPolicy", json!({})), &properties, &put);
        assert_eq!(made.physical_id, "assets");
    }
    let step = Step { physical_id: Some("assets"), ..Step::create("AWS::S3::BucketPolicy", json!({})) };
    check(step, &json!({"Bucket": "assets"}), &json!([["s3:DeleteBucketPolicy", {"Bucket": "assets"}]]));
}
