use weft_template::cloudformation::{NothingKnown, ResolveError, Template};

use super::support::{Made, stack};

#[test]
fn outputs_are_resolved_where_their_condition_holds() {
    let text = "
Conditions: {Never: !Equals [a, b]}
Resources:
  B: {Type: 'AWS::S3::Bucket'}
  Gone: {Type: 'AWS::S3::Bucket', Condition: Never}
Outputs:
  Name: {Value: !Ref B, Description: the bucket, Export: {Name: !Sub '${AWS::StackName}-bucket'}}
  Gone: {Value: !Ref Gone, Condition: Never}
  Number: {Value: 7}
";
    let stack = stack(text, &[]).unwrap();
    let outputs = stack.outputs(&Made).unwrap();
    let told: Vec<String> =
        outputs.iter().map(|output| format!("{} {} {:?}", output.key, output.value, output.export)).collect();
    assert_eq!(told, [r#"Name physical-B Some("shop-bucket")"#, "Number 7 None"]);
    assert_eq!(
        stack.outputs(&NothingKnown).unwrap_err(),
        ResolveError::Unknown { logical_id: "B".into(), attribute: None }
    );
    assert_eq!(stack.resources().count(), 1);
}

#[test]
fn what_is_not_known_is_marked() {
    let text = "
Resources:
  B: {Type: 'AWS::S3::Bucket'}
  P: {Type: 'AWS::S3::BucketPolicy', Properties: {Bucket: !Ref B, PolicyDocument: {Resource: !Sub '${B.Arn}/*'}}}
";
    let stack = stack(text, &[]).unwrap();
    assert_eq!(
        stack.preview("P", &NothingKnown).to_string(),
        r#"{"Bucket":"{{changeSet:KNOWN_AFTER_APPLY}}","PolicyDocument":{"Resource":"{{changeSet:KNOWN_AFTER_APPLY}}/*"}}"#
    );
    let needed: Vec<&String> = stack.resource("P").unwrap().depends_on.iter().collect();
    assert_eq!(needed, ["B"]);
}

#[test]
fn capabilities_are_those_that_the_template_needs() {
    let check = |text: &str, expected: &str| {
        let capabilities = Template::parse(text).unwrap().capabilities();
        let told: Vec<String> =
            capabilities.iter().map(|one| format!("{} {}", one.name, one.resource_types.join(","))).collect();
        assert_eq!(told.join("; "), expected, "{text}");
    };
    check("Resources: {B: {Type: 'AWS::S3::Bucket'}}", "");
    check("Resources: {R: {Type: 'AWS::IAM::Role'}}", "CAPABILITY_IAM AWS::IAM::Role");
    check(
        "Resources: {R: {Type: 'AWS::IAM::Role', Properties: {RoleName: r}}, P: {Type: 'AWS::IAM::Policy'}}",
        "CAPABILITY_NAMED_IAM AWS::IAM::Role,AWS::IAM::Policy",
    );
    check(
        "Transform: AWS::Serverless-2016-10-31\nResources: {B: {Type: 'AWS::S3::Bucket'}}",
        "CAPABILITY_AUTO_EXPAND AWS::Serverless-2016-10-31",
    );
}
