//! `ScheduleV2`: a schedule of `EventBridge` Scheduler, and the role with which it calls.

use serde_json::{Value, json};

use super::event::Source;
use super::{Sam, pick};
use crate::cloudformation::TemplateError;

const SAME: &[&str] = &[
    "Description",
    "EndDate",
    "FlexibleTimeWindow",
    "GroupName",
    "KmsKeyArn",
    "Name",
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "StartDate",
    "State",
];

pub(super) fn make(sam: &mut Sam<'_>, source: &Source<'_>) -> Result<(), TemplateError> {
    source.required("ScheduleExpression")?;
    let given = source.given;
    let mut schedule = pick(given, SAME);
    schedule.entry("FlexibleTimeWindow").or_insert_with(|| json!({"Mode": "OFF"}));
    match given.get("OmitName").is_some_and(|omit| *omit == true) {
        true if given.get("Name").is_some() => {
            return Err(source.wrong("Name cannot be set when OmitName is True"));
        }
        true => {}
        false => {
            schedule.entry("Name").or_insert_with(|| Value::from(source.id.as_str()));
        }
    }
    let mut target = pick(given, &["Input", "RetryPolicy", "RoleArn"]);
    target.insert("Arn".into(), source.target.arn.clone());
    let mut queue = None;
    if let Some(config) = given.get("DeadLetterConfig") {
        let arn = config
            .get("Arn")
            .ok_or_else(|| source.wrong("A 'DeadLetterConfig' without an 'Arn' is not built"))?;
        target.insert("DeadLetterConfig".into(), json!({"Arn": arn}));
        queue = Some(arn);
    }
    if !target.contains_key("RoleArn") {
        let role = role(sam, source, queue);
        target.insert("RoleArn".into(), json!({"Fn::GetAtt": [role, "Arn"]}));
    }
    schedule.insert("Target".into(), Value::Object(target));
    sam.put(&source.id, "AWS::Scheduler::Schedule", schedule, source.resource, Value::Null);
    Ok(())
}

/// The role of a schedule that names none; gives its name.
fn role(sam: &mut Sam<'_>, source: &Source<'_>, queue: Option<&Value>) -> String {
    let id = &source.id;
    let policy = |suffix: &str, action: &str, resource: &Value| {
        let statement = json!({"Action": action, "Effect": "Allow", "Resource": resource});
        json!({"PolicyName": format!("{id}{suffix}"), "PolicyDocument": {"Statement": [statement]}})
    };
    let mut policies = vec![policy("LambdaPolicy", "lambda:InvokeFunction", &source.target.arn)];
    policies.extend(queue.map(|queue| policy("SQSPolicy", "sqs:SendMessage", queue)));
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Action": ["sts:AssumeRole"], "Effect": "Allow", "Principal": {"Service": ["scheduler.amazonaws.com"]}},
    ]});
    let mut role = pick(source.given, &["PermissionsBoundary"]);
    role.insert("AssumeRolePolicyDocument".into(), trust);
    role.insert("Policies".into(), Value::Array(policies));
    let name = format!("{id}Role");
    sam.put(&name, "AWS::IAM::Role", role, source.resource, Value::Null);
    name
}
