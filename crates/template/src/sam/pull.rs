//! Events that Lambda fetches: queues and streams.

use serde_json::{Value, json};

use super::event::Source;
use super::policy::Role;
use super::{Sam, pick};
use crate::cloudformation::TemplateError;

const SAME: &[&str] = &[
    "BatchSize",
    "BisectBatchOnFunctionError",
    "Enabled",
    "FilterCriteria",
    "FunctionResponseTypes",
    "KmsKeyArn",
    "LoggingConfig",
    "MaximumBatchingWindowInSeconds",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "MetricsConfig",
    "ParallelizationFactor",
    "ProvisionedPollerConfig",
    "ScalingConfig",
    "StartingPosition",
    "StartingPositionTimestamp",
    "TumblingWindowInSeconds",
];

pub(super) fn mapping(sam: &mut Sam<'_>, source: &Source<'_>, role: &mut Role) -> Result<(), TemplateError> {
    let (from, policy) = match source.kind {
        "SQS" => ("Queue", "AWSLambdaSQSQueueExecutionRole"),
        "Kinesis" => ("Stream", "AWSLambdaKinesisExecutionRole"),
        _ => ("Stream", "AWSLambdaDynamoDBExecutionRole"),
    };
    let arn = source.required(from)?;
    if from == "Stream" {
        source.required("StartingPosition")?;
    }
    let mut made = pick(source.given, SAME);
    made.insert("EventSourceArn".into(), arn.clone());
    made.insert("FunctionName".into(), source.target.name.clone());
    role.managed(policy);
    if let Some(config) = source.given.get("DestinationConfig") {
        let mut config = config.clone();
        let failure = config.get_mut("OnFailure").and_then(Value::as_object_mut);
        let failure =
            failure.ok_or_else(|| source.wrong("'OnFailure' is a required field for 'DestinationConfig'"))?;
        if let Some(kind) = failure.shift_remove("Type") {
            let place = failure.get("Destination").cloned().unwrap_or_default();
            let kind = kind.as_str().unwrap_or_default();
            let linked =
                matches!(kind, "SQS" | "SNS" | "S3").then(|| role.destination(&source.id, kind, &place));
            linked
                .flatten()
                .ok_or_else(|| source.wrong("The only valid values for 'Type' are 'SQS', 'SNS', 'S3'"))?;
        }
        made.insert("DestinationConfig".into(), json!(config));
    }
    sam.put(&source.id, "AWS::Lambda::EventSourceMapping", made, source.resource, Value::Null);
    Ok(())
}
