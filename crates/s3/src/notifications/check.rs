//! Which configurations can be.

use weft_model::s3 as model;
use weft_service::{Error, random_id};
use weft_types::Arn;

use super::filter;
use crate::errors;

/// Configurations of a bucket.
const CONFIGURATIONS_MAX: usize = 100;
/// Bytes of what keys begin or end with.
const FILTER_BYTES_MAX: usize = 1024;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const EVENTS: [&str; 27] = [
    "s3:IntelligentTiering",
    "s3:LifecycleExpiration:*",
    "s3:LifecycleExpiration:Delete",
    "s3:LifecycleExpiration:DeleteMarkerCreated",
    "s3:LifecycleTransition",
    "s3:ObjectAcl:Put",
    "s3:ObjectCreated:*",
    "s3:ObjectCreated:CompleteMultipartUpload",
    "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Put",
    "s3:ObjectRemoved:*",
    "s3:ObjectRemoved:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated",
    "s3:ObjectRestore:*",
    "s3:ObjectRestore:Completed",
    "s3:ObjectRestore:Delete",
    "s3:ObjectRestore:Post",
    "s3:ObjectTagging:*",
    "s3:ObjectTagging:Delete",
    "s3:ObjectTagging:Put",
    "s3:ReducedRedundancyLostObject",
    "s3:Replication:*",
    "s3:Replication:OperationFailedReplication",
    "s3:Replication:OperationMissedThreshold",
    "s3:Replication:OperationNotTracked",
    "s3:Replication:OperationReplicatedAfterThreshold",
];

fn invalid(message: &'static str) -> Error {
    errors::plain("InvalidArgument", 400, message)
}

/// Refuses what no bucket can have, and what nobody here can be told; gives ids to configurations without one.
pub(crate) fn complete(
    mut configuration: model::NotificationConfiguration,
) -> Result<model::NotificationConfiguration, Error> {
    let refused = [
        (configuration.queue_configurations.iter().flatten().next().is_some(), "A notification to a queue"),
        (configuration.topic_configurations.iter().flatten().next().is_some(), "A notification to a topic"),
        (configuration.event_bridge_configuration.is_some(), "A notification to `EventBridge`"),
    ];
    if let Some((_, what)) = refused.iter().find(|(given, _)| *given) {
        return Err(errors::not_implemented(what));
    }
    let mut functions = configuration.lambda_function_configurations.take().unwrap_or_default();
    if functions.len() > CONFIGURATIONS_MAX {
        return Err(invalid("You cannot have more than 100 notification configurations on a bucket"));
    }
    for one in &mut functions {
        complete_one(one)?;
    }
    let ids: std::collections::HashSet<_> = functions.iter().map(|one| &one.id).collect();
    if ids.len() < functions.len() {
        return Err(invalid("Same ID used for multiple configurations. IDs must be unique"));
    }
    check_overlaps(&functions)?;
    Ok(model::NotificationConfiguration {
        lambda_function_configurations: Some(functions).filter(|all| !all.is_empty()),
        ..Default::default()
    })
}

fn complete_one(one: &mut model::LambdaFunctionConfiguration) -> Result<(), Error> {
    one.id = one.id.take().filter(|id| !id.is_empty()).or_else(|| Some(random_id(48, ALPHABET)));
    let is_function = Arn::parse(&one.lambda_function_arn)
        .is_ok_and(|arn| arn.service() == "lambda" && arn.resource().starts_with("function:"));
    if !is_function {
        return Err(invalid("The ARN could not be parsed or is not that of a function"));
    }
    if one.events.is_empty() {
        return Err(errors::malformed_xml());
    }
    if one.events.iter().any(|event| !EVENTS.contains(&event.as_str())) {
        return Err(invalid("The event is not supported for notifications"));
    }
    for key in one.filter.iter_mut().filter_map(|filter| filter.key.as_mut()) {
        check_rules(key.filter_rules.get_or_insert_default())?;
    }
    Ok(())
}

fn check_rules(rules: &mut [model::FilterRule]) -> Result<(), Error> {
    for (name, twice) in [
        ("Prefix", "Cannot specify more than one prefix rule in a filter."),
        ("Suffix", "Cannot specify more than one suffix rule in a filter."),
    ] {
        let of_name = |rule: &&mut model::FilterRule| {
            rule.name.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(name))
        };
        let mut count = 0;
        for rule in rules.iter_mut().filter(|rule| of_name(rule)) {
            rule.name = Some(name.to_owned());
            count += 1;
        }
        if count > 1 {
            return Err(invalid(twice));
        }
    }
    let is_known = |rule: &model::FilterRule| matches!(rule.name.as_deref(), Some("Prefix" | "Suffix"));
    if !rules.iter().all(is_known) {
        return Err(invalid("filter rule name must be either prefix or suffix"));
    }
    let is_long =
        |rule: &model::FilterRule| rule.value.as_ref().is_some_and(|text| text.len() > FILTER_BYTES_MAX);
    if rules.iter().any(is_long) {
        return Err(invalid("Size of filter rule value cannot exceed 1024 bytes in UTF-8 representation"));
    }
    Ok(())
}

/// Of one event of one key, one configuration at most may tell.
fn check_overlaps(all: &[model::LambdaFunctionConfiguration]) -> Result<(), Error> {
    for (index, one) in all.iter().enumerate() {
        for other in &all[index + 1..] {
            let (a, b) = (filter(one, "prefix"), filter(other, "prefix"));
            let (c, d) = (filter(one, "suffix"), filter(other, "suffix"));
            let shared = one.events.iter().any(|a| other.events.iter().any(|b| covers(a, b) || covers(b, a)));
            let meets = (a.starts_with(b) || b.starts_with(a)) && (c.ends_with(d) || d.ends_with(c));
            if shared && meets {
                return Err(invalid(
                    "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the \
                     prefixes are overlapping for the same event type.",
                ));
            }
        }
    }
    Ok(())
}

fn covers(wide: &str, narrow: &str) -> bool {
    wide.strip_suffix('*').map_or(wide == narrow, |start| narrow.starts_with(start))
}
