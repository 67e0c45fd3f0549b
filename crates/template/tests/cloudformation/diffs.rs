use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use weft_template::cloudformation::{Changes, Old, Plan, Stack, diff};

use super::support::{Made, stack};

fn ids(stack: &Stack) -> BTreeMap<String, String> {
    stack
        .resources()
        .map(|resource| (resource.logical_id.clone(), format!("physical-{}", resource.logical_id)))
        .collect()
}

fn changes(old: &str, new: &str) -> (Changes, Plan) {
    let old = stack(&format!("Resources:\n{old}"), &[]).unwrap();
    let new = stack(&format!("Resources:\n{new}"), &[]).unwrap();
    let ids = ids(&old);
    let old = Old { stack: &old, physical_ids: &ids };
    let changes = diff(Some(&old), &new, &Made).unwrap();
    let plan = Plan::of(&changes, Some(&old), &new);
    (changes, plan)
}

/// One line per change, then the plan.
fn check(old: &str, new: &str, expected: &str) {
    let (changes, plan) = changes(old, new);
    let mut told = String::new();
    for change in changes.changes() {
        let value = serde_json::to_value(change).unwrap();
        let text = |name: &str| value[name].as_str().unwrap_or("-").to_owned();
        write!(
            told,
            "{} {} {} {}",
            text("Action"),
            text("LogicalResourceId"),
            text("Replacement"),
            text("PolicyAction")
        )
        .unwrap();
        for detail in value["Details"].as_array().unwrap() {
            let text = |pointer: &str| {
                detail.pointer(pointer).and_then(|value| value.as_str()).unwrap_or("-").to_owned()
            };
            write!(
                told,
                "; {} {} {} {} {}",
                text("/Target/Path"),
                text("/Target/RequiresRecreation"),
                text("/Evaluation"),
                text("/ChangeSource"),
                text("/CausingEntity")
            )
            .unwrap();
        }
        told.push('\n');
    }
    assert_eq!(format!("{told}{plan}").trim(), expected.trim());
}

const BUCKET: &str = "  B: {Type: 'AWS::S3::Bucket', Properties: {BucketName: a}}\n";

#[test]
fn changes_are_told_with_their_causes() {
    check(BUCKET, "  B: {Properties: {BucketName: a}, Type: 'AWS::S3::Bucket'}\n", "");
    check(
        BUCKET,
        "  B: {Type: 'AWS::S3::Bucket', Properties: {BucketName: a, Tags: [{Key: k, Value: v}]}}\n  Q: {Type: 'AWS::SQS::Queue', DependsOn: B}\n",
        "Modify B False -; /Properties/Tags Never Static DirectModification -
Add Q - -
0. update B (AWS::S3::Bucket) physical-B
1. create Q (AWS::SQS::Queue) after 0",
    );
    check(
        "  B: {Type: 'AWS::S3::Bucket', Properties: {BucketName: a}}\n  P: {Type: 'AWS::S3::BucketPolicy', Properties: {Bucket: !Ref B, PolicyDocument: {Resource: !GetAtt B.Arn}}}\n  Q: {Type: 'AWS::SQS::Queue'}\n",
        "  B: {Type: 'AWS::S3::Bucket', Properties: {BucketName: b}, UpdateReplacePolicy: Retain}\n  P: {Type: 'AWS::S3::BucketPolicy', Properties: {Bucket: !Ref B, PolicyDocument: {Resource: !GetAtt B.Arn}}}\n",
        "Modify B True ReplaceAndRetain; /Properties/BucketName Always Static DirectModification -; /UpdateReplacePolicy Never Static DirectModification -
Modify P Conditional ReplaceAndDelete; /Properties/Bucket Always Dynamic ResourceReference B; /Properties/PolicyDocument/Resource Never Dynamic ResourceAttribute B.Arn
Remove Q - Delete
0. update B (AWS::S3::Bucket) physical-B
1. update P (AWS::S3::BucketPolicy) physical-P after 0
2. delete the replaced P (AWS::S3::BucketPolicy) physical-P in the cleanup
3. delete Q (AWS::SQS::Queue) physical-Q in the cleanup
4. retain the replaced B (AWS::S3::Bucket) physical-B after 2 in the cleanup",
    );
}

#[test]
fn the_way_back_restores_first_and_deletes_users_before_what_they_use() {
    let (_, plan) = changes(
        BUCKET,
        "  B: {Type: 'AWS::S3::Bucket', Properties: {BucketName: b}}\n  Q: {Type: 'AWS::SQS::Queue'}\n  P: {Type: 'AWS::SQS::QueuePolicy', Properties: {Queues: [!Ref Q], PolicyDocument: {b: !Ref B}}}\n",
    );
    assert_eq!(
        plan.rollback(&BTreeSet::from([0, 1, 2])).to_string(),
        "0. restore B (AWS::S3::Bucket) physical-B
1. delete the new P (AWS::SQS::QueuePolicy) in the cleanup
2. delete the new Q (AWS::SQS::Queue) after 1 in the cleanup
3. delete the new B (AWS::S3::Bucket) physical-B after 1 in the cleanup
"
    );
    assert_eq!(plan.ready(&BTreeSet::new()).iter().map(|step| step.id).collect::<Vec<_>>(), [0, 1]);
    let again: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
    assert_eq!(again, plan);
}

#[test]
fn a_removal_keeps_what_is_to_stay() {
    let old = stack("Resources:\n  B: {Type: 'AWS::S3::Bucket', DeletionPolicy: Retain}\n  Q: {Type: 'AWS::SQS::Queue'}\n  P: {Type: 'AWS::SQS::QueuePolicy', Properties: {Queues: [!Ref Q], PolicyDocument: {}}}\n", &[]).unwrap();
    let ids = ids(&old);
    let plan = Plan::removal(&Old { stack: &old, physical_ids: &ids }, &BTreeSet::new());
    assert_eq!(
        plan.to_string(),
        "0. delete P (AWS::SQS::QueuePolicy) physical-P
1. delete Q (AWS::SQS::Queue) physical-Q after 0
2. retain B (AWS::S3::Bucket) physical-B
"
    );
}

#[test]
fn parameters_are_told_and_hidden() {
    let text = "Parameters: {P: {Type: String, NoEcho: true}}\nResources:\n  Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: !Ref P}}\n";
    let (old, new) = (stack(text, &[("P", "one")]).unwrap(), stack(text, &[("P", "two")]).unwrap());
    let ids = ids(&old);
    let changes = diff(Some(&Old { stack: &old, physical_ids: &ids }), &new, &Made).unwrap();
    let told = serde_json::to_string(changes.changes()).unwrap();
    assert!(told.contains(r#""ChangeSource":"ParameterReference","CausingEntity":"P""#), "{told}");
    assert!(!told.contains("one") && !told.contains("two"), "{told}");
}

#[test]
fn a_type_cannot_change() {
    let old = stack("Resources:\n  B: {Type: 'AWS::S3::Bucket'}\n", &[]).unwrap();
    let new = stack("Resources:\n  B: {Type: 'AWS::SQS::Queue'}\n", &[]).unwrap();
    let ids = ids(&old);
    let error = diff(Some(&Old { stack: &old, physical_ids: &ids }), &new, &Made).unwrap_err();
    assert_eq!(
        error.message(),
        "Update of resource type is not permitted. The new template modifies resource type of the following resources: [B]"
    );
}

#[test]
fn what_a_function_or_another_stack_answers_is_known_only_afterwards() {
    let text = |version: &str| {
        format!(
            "  C: {{Type: 'Custom::C', Properties: {{ServiceToken: t, Version: {version}}}}}
  N: {{Type: 'AWS::CloudFormation::Stack', Properties: {{TemplateURL: 'https://b/k'}}}}
  Q: {{Type: 'AWS::SQS::Queue', Properties: {{KmsMasterKeyId: !GetAtt C.Key, RedriveAllowPolicy: !GetAtt N.Outputs.P}}}}
"
        )
    };
    check(
        &text("1"),
        &text("2"),
        "Modify C False -; /Properties/Version Never Static DirectModification -
Modify N False -; /Properties Never Dynamic Automatic -
Modify Q False -; /Properties/KmsMasterKeyId Never Dynamic ResourceAttribute C.Key; /Properties/RedriveAllowPolicy Never Dynamic ResourceAttribute N.Outputs.P
0. update C (Custom::C) physical-C
1. update N (AWS::CloudFormation::Stack) physical-N
2. update Q (AWS::SQS::Queue) physical-Q after 0, 1
3. delete the replaced C (Custom::C) physical-C in the cleanup",
    );
}
