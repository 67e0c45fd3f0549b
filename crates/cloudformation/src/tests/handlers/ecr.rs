//! Repositories of images.

use serde_json::{Value as Json, json};

use super::{Step, check};

const REPOSITORY: &str = "AWS::ECR::Repository";

#[test]
fn a_repository_is_made_with_its_policies() {
    let rules = format!("{{\"rules\":[{}]}}", " ".repeat(100));
    let properties = json!({
        "RepositoryName": "images", "ImageTagMutability": "IMMUTABLE", "ImageScanningConfiguration": {"ScanOnPush": "true"},
        "LifecyclePolicy": {"LifecyclePolicyText": rules}, "RepositoryPolicyText": {"Statement": []},
        "EncryptionConfiguration": {"EncryptionType": "AES256"},
    });
    let calls = json!([
        ["ecr:CreateRepository", {"repositoryName": "images", "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": {"scanOnPush": true}, "encryptionConfiguration": {"encryptionType": "AES256"},
            "tags": [{"Key": "team", "Value": "red"}]}],
        ["ecr:PutLifecyclePolicy", {"repositoryName": "images", "lifecyclePolicyText": rules}],
        ["ecr:SetRepositoryPolicy", {"repositoryName": "images", "policyText": "{\"Statement\":[]}"}],
    ]);
    let answers = json!({"ecr:CreateRepository": {"repository": {"repositoryArn": "arn:r", "repositoryUri": "host/images"}}});
    let made = check(Step::create(REPOSITORY, answers), &properties, &calls);
    assert_eq!(made.physical_id, "images");
    assert_eq!(Json::Object(made.attributes), json!({"Arn": "arn:r", "RepositoryUri": "host/images"}));
}

#[test]
fn what_is_gone_from_the_template_is_reset() {
    let previous = json!({
        "ImageTagMutability": "IMMUTABLE", "ImageScanningConfiguration": {"ScanOnPush": true},
        "LifecyclePolicy": {"LifecyclePolicyText": "{}"}, "RepositoryPolicyText": {}, "Tags": [{"Key": "k", "Value": "1"}],
    });
    let calls = json!([
        ["ecr:PutImageTagMutability", {"repositoryName": "images", "imageTagMutability": "MUTABLE"}],
        ["ecr:PutImageScanningConfiguration", {"repositoryName": "images", "imageScanningConfiguration": {"scanOnPush": false}}],
        ["ecr:DeleteLifecyclePolicy", {"repositoryName": "images"}],
        ["ecr:DeleteRepositoryPolicy", {"repositoryName": "images"}],
        ["ecr:UntagResource", {"resourceArn": "arn:r", "tagKeys": ["k"]}],
        ["ecr:TagResource", {"resourceArn": "arn:r", "tags": [{"Key": "team", "Value": "red"}]}],
    ]);
    let attributes = json!({"Arn": "arn:r", "RepositoryUri": "host/images"});
    let step =
        Step { attributes: attributes.clone(), ..Step::update(REPOSITORY, "images", previous, json!({})) };
    let made = check(step, &json!({}), &calls);
    assert_eq!(Json::Object(made.attributes), attributes);
}

#[test]
fn images_go_with_their_repository_where_the_template_says_so() {
    let step = Step { physical_id: Some("images"), ..Step::create(REPOSITORY, json!({})) };
    let calls = json!([["ecr:DeleteRepository", {"repositoryName": "images", "force": true}]]);
    check(step, &json!({"EmptyOnDelete": "true"}), &calls);
}
