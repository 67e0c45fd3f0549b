//! Events that other services send: buckets, topics, rules, log groups.

use serde_json::{Map, Value, json};

use super::event::Source;
use super::{Sam, pick};
use crate::cloudformation::TemplateError;

/// Lets a service call the function; gives the permission's name.
pub(super) fn permission(sam: &mut Sam<'_>, source: &Source<'_>, principal: &str, from: &Value) -> String {
    let name = format!("{}Permission", source.id);
    named_permission(sam, source, &name, principal, from);
    name
}

/// The same under a name of its own. `from` is the ARN that may, or no value.
pub(super) fn named_permission(
    sam: &mut Sam<'_>,
    source: &Source<'_>,
    name: &str,
    principal: &str,
    from: &Value,
) {
    let mut made = json!({
        "Action": "lambda:InvokeFunction", "FunctionName": source.target.name, "Principal": principal, "SourceArn": from,
    });
    if from.is_null() {
        made = json!({
            "Action": "lambda:InvokeFunction", "FunctionName": source.target.name, "Principal": principal,
            "SourceAccount": {"Ref": "AWS::AccountId"},
        });
    }
    let made = made.as_object().cloned().unwrap_or_default();
    sam.put(name, "AWS::Lambda::Permission", made, source.resource, Value::Null);
}

/// `S3`: the bucket must be in the same template, and is changed.
pub(super) fn bucket(sam: &mut Sam<'_>, source: &Source<'_>) -> Result<(), TemplateError> {
    let reference = source.required("Bucket")?.get("Ref").and_then(Value::as_str);
    let events = source.required("Events")?.clone();
    let known =
        |sam: &Sam<'_>, name: &str| sam.made.get(name).is_some_and(|made| made["Type"] == "AWS::S3::Bucket");
    let bucket = reference.filter(|name| known(sam, name));
    let bucket =
        bucket.ok_or_else(|| source.wrong("S3 events must reference an S3 bucket in the same template."))?;
    let permission = permission(sam, source, "s3.amazonaws.com", &Value::Null);
    let condition = source.resource.get("Condition").cloned();
    let mut configurations = Vec::new();
    for event in events.as_array().cloned().unwrap_or_else(|| vec![events.clone()]) {
        let mut configuration = json!({"Function": source.target.arn, "Event": event});
        if let Some(filter) = source.given.get("Filter") {
            configuration["Filter"] = filter.clone();
        }
        configurations.push(match &condition {
            Some(condition) => json!({"Fn::If": [condition, configuration, {"Ref": "AWS::NoValue"}]}),
            None => configuration,
        });
    }
    let Some(Value::Object(made)) = sam.made.get_mut(bucket) else { return Ok(()) };
    if condition.is_none() {
        let mut needs = match made.get("DependsOn") {
            Some(Value::Array(names)) => names.clone(),
            Some(name) => vec![name.clone()],
            None => Vec::new(),
        };
        if !needs.contains(&Value::from(permission.as_str())) {
            needs.push(Value::from(permission.as_str()));
        }
        made.insert("DependsOn".into(), Value::Array(needs));
    }
    let properties = made.entry("Properties").or_insert_with(|| json!({}));
    let list =
        member(member(properties, "NotificationConfiguration", json!({})), "LambdaConfigurations", json!([]));
    let Value::Array(list) = list else {
        return Err(source.wrong("Invalid type for LambdaConfigurations. Must be a list."));
    };
    for configuration in configurations {
        if !list.contains(&configuration) {
            list.push(configuration);
        }
    }
    if let (Some(condition), Value::Array(tags)) = (condition, member(properties, "Tags", json!([]))) {
        // A condition cannot stand in `DependsOn`; a tag that refers to the permission has the same effect.
        let value = json!({"Fn::If": [condition, {"Ref": permission}, "no dependency"]});
        tags.push(json!({"Key": format!("sam:ConditionalDependsOn:{permission}"), "Value": value}));
    } else if let Some(properties) = properties.as_object_mut() {
        properties
            .retain(|name, value| name != "Tags" || value.as_array().is_none_or(|tags| !tags.is_empty()));
    }
    Ok(())
}

/// A member of a map, made where it is not there.
fn member<'v>(value: &'v mut Value, name: &str, otherwise: Value) -> &'v mut Value {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    if value.get(name).is_none_or(Value::is_null) {
        value[name] = otherwise;
    }
    &mut value[name]
}

/// `SNS`.
pub(super) fn topic(sam: &mut Sam<'_>, source: &Source<'_>) -> Result<(), TemplateError> {
    let topic = source.required("Topic")?.clone();
    if source.given.get("SqsSubscription").is_some_and(|given| *given != false) {
        return Err(source.wrong("The property SqsSubscription is not built"));
    }
    let mut made = pick(source.given, &["Region", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy"]);
    made.insert("Endpoint".into(), source.target.arn.clone());
    made.insert("Protocol".into(), json!("lambda"));
    made.insert("TopicArn".into(), topic.clone());
    permission(sam, source, "sns.amazonaws.com", &topic);
    sam.put(&source.id, "AWS::SNS::Subscription", made, source.resource, Value::Null);
    Ok(())
}

/// `Schedule`.
pub(super) fn schedule(sam: &mut Sam<'_>, source: &Source<'_>) -> Result<(), TemplateError> {
    let mut rule = pick(source.given, &["Name", "Description"]);
    rule.insert("ScheduleExpression".into(), source.required("Schedule")?.clone());
    events_rule(sam, source, rule)
}

/// `EventBridgeRule` and `CloudWatchEvent`.
pub(super) fn rule(sam: &mut Sam<'_>, source: &Source<'_>) -> Result<(), TemplateError> {
    let mut rule = pick(source.given, &["EventBusName"]);
    rule.insert("EventPattern".into(), source.required("Pattern")?.clone());
    if let Some(name) = source.given.get("RuleName") {
        rule.insert("Name".into(), name.clone());
    }
    events_rule(sam, source, rule)
}

fn events_rule(
    sam: &mut Sam<'_>,
    source: &Source<'_>,
    mut rule: Map<String, Value>,
) -> Result<(), TemplateError> {
    let given = source.given;
    match (given.get("State"), given.get("Enabled")) {
        (Some(_), Some(_)) => {
            return Err(source.wrong("State and Enabled Properties cannot both be specified."));
        }
        (Some(state), None) => rule.insert("State".into(), state.clone()),
        (None, Some(enabled)) => {
            let on = *enabled != false && *enabled != "false";
            rule.insert("State".into(), json!(if on { "ENABLED" } else { "DISABLED" }))
        }
        (None, None) => None,
    };
    let mut target = pick(given, &["Input", "InputPath", "RetryPolicy", "InputTransformer"]);
    if let Some(config) = given.get("DeadLetterConfig") {
        let arn = config
            .get("Arn")
            .ok_or_else(|| source.wrong("A 'DeadLetterConfig' without an 'Arn' is not built"))?;
        target.insert("DeadLetterConfig".into(), json!({"Arn": arn}));
    }
    let own = given.get("Target").and_then(|target| target.get("Id")).cloned();
    target.insert("Arn".into(), source.target.arn.clone());
    target.insert("Id".into(), own.unwrap_or_else(|| Value::from(target_id(&source.id))));
    rule.insert("Targets".into(), json!([target]));
    sam.put(&source.id, "AWS::Events::Rule", rule, source.resource, Value::Null);
    permission(sam, source, "events.amazonaws.com", &json!({"Fn::GetAtt": [source.id, "Arn"]}));
    Ok(())
}

/// The id of a rule's target, which has at most 64 characters.
fn target_id(id: &str) -> String {
    const SUFFIX: &str = "LambdaTarget";
    let most = 64 - SUFFIX.len();
    format!("{}{SUFFIX}", id.chars().take(most).collect::<String>())
}

/// `CloudWatchLogs`.
pub(super) fn log(sam: &mut Sam<'_>, source: &Source<'_>) -> Result<(), TemplateError> {
    let group = source.required("LogGroupName")?;
    source.required("FilterPattern")?;
    let partition = &sam.environment.partition;
    let from = json!({"Fn::Sub": [
        format!("arn:{partition}:logs:${{AWS::Region}}:${{AWS::AccountId}}:log-group:${{__LogGroupName__}}:*"),
        {"__LogGroupName__": group},
    ]});
    let permission = permission(sam, source, "logs.amazonaws.com", &from);
    let mut made = pick(source.given, &["LogGroupName", "FilterPattern"]);
    made.insert("DestinationArn".into(), source.target.arn.clone());
    let more = json!({"DependsOn": [permission]});
    sam.put(&source.id, "AWS::Logs::SubscriptionFilter", made, source.resource, more);
    Ok(())
}
