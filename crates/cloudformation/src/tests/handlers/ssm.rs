//! Parameters.

use serde_json::{Value as Json, json};

use super::{Step, check};

const PARAMETER: &str = "AWS::SSM::Parameter";

#[test]
fn a_parameter_is_put_and_its_properties_are_its_attributes() {
    let properties = json!({"Name": "/a/b", "Type": "String", "Value": "v", "Tags": {"k": 1}});
    let calls = json!([["ssm:PutParameter", {"Name": "/a/b", "Type": "String", "Value": "v",
        "Tags": [{"Key": "k", "Value": "1"}, {"Key": "team", "Value": "red"}]}]]);
    let made = check(Step::create(PARAMETER, json!({})), &properties, &calls);
    assert_eq!(made.physical_id, "/a/b");
    let arn = "arn:aws:ssm:us-east-1:000000000000:parameter/a/b";
    assert_eq!(
        Json::Object(made.attributes),
        json!({"Arn": arn, "Name": "/a/b", "Type": "String", "Value": "v"})
    );
}

#[test]
fn an_update_overwrites_and_changes_tags_apart() {
    let previous = json!({"Name": "b", "Type": "String", "Value": "v", "Tags": {"k": "1", "old": "2"}});
    let properties = json!({"Name": "b", "Type": "String", "Value": "w", "Tags": {"k": "3"}});
    let calls = json!([
        ["ssm:PutParameter", {"Name": "b", "Type": "String", "Value": "w", "Overwrite": true}],
        ["ssm:RemoveTagsFromResource", {"ResourceType": "Parameter", "ResourceId": "b", "TagKeys": ["old"]}],
        ["ssm:AddTagsToResource", {"ResourceType": "Parameter", "ResourceId": "b",
            "Tags": [{"Key": "k", "Value": "3"}, {"Key": "team", "Value": "red"}]}],
    ]);
    let made = check(Step::update(PARAMETER, "b", previous, json!({})), &properties, &calls);
    assert_eq!(made.attributes["Arn"], "arn:aws:ssm:us-east-1:000000000000:parameter/b");
    let step = Step { physical_id: Some("b"), ..Step::create(PARAMETER, json!({})) };
    check(step, &properties, &json!([["ssm:DeleteParameter", {"Name": "b"}]]));
}
