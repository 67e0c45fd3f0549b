//! Which configurations can be.

use std::collections::HashSet;

use weft_model::s3 as model;
use weft_service::{Error, random_id};
use weft_types::Timestamp;

use crate::errors;

/// Rules of a bucket.
const RULES_MAX: usize = 1000;
/// Characters of a rule's id.
const ID_MAX: usize = 255;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const DAY_MILLIS: i64 = 86_400_000;

fn invalid(message: &'static str) -> Error {
    errors::plain("InvalidArgument", 400, message)
}

/// Refuses what no bucket can have, and gives ids to rules without one.
pub(crate) fn complete(
    mut configuration: model::BucketLifecycleConfiguration,
) -> Result<model::BucketLifecycleConfiguration, Error> {
    let rules = &mut configuration.rules;
    if rules.is_empty() || rules.len() > RULES_MAX {
        return Err(errors::malformed_xml());
    }
    let mut ids = HashSet::new();
    for rule in rules {
        let id = rule.id.take().filter(|id| !id.is_empty()).unwrap_or_else(|| random_id(48, ALPHABET));
        if id.chars().count() > ID_MAX {
            return Err(invalid("ID length should not exceed allowed limit of 255"));
        }
        if !ids.insert(id.clone()) {
            return Err(invalid("Rule ID must be unique. Found same ID for more than one rule"));
        }
        rule.id = Some(id);
        check_rule(rule)?;
    }
    Ok(configuration)
}

fn check_rule(rule: &model::LifecycleRule) -> Result<(), Error> {
    let is_known = matches!(rule.status.as_str(), "Enabled" | "Disabled");
    if !is_known || rule.filter.is_some() == rule.prefix.is_some() {
        return Err(errors::malformed_xml());
    }
    check_filter(rule)?;
    let has_some = rule.expiration.is_some()
        || rule.noncurrent_version_expiration.is_some()
        || rule.abort_incomplete_multipart_upload.is_some()
        || rule.transitions.as_ref().is_some_and(|all| !all.is_empty())
        || rule.noncurrent_version_transitions.as_ref().is_some_and(|all| !all.is_empty());
    if !has_some {
        return Err(errors::invalid_request("At least one action needs to be specified in a rule"));
    }
    check_expiration(rule)?;
    check_noncurrent(rule)?;
    check_transitions(rule)
}

fn check_filter(rule: &model::LifecycleRule) -> Result<(), Error> {
    let Some(filter) = &rule.filter else { return Ok(()) };
    let and = filter.and.as_ref();
    let said = [
        filter.prefix.is_some(),
        filter.tag.is_some(),
        filter.object_size_greater_than.is_some(),
        filter.object_size_less_than.is_some(),
        and.is_some(),
    ];
    if said.iter().filter(|said| **said).count() > 1 {
        return Err(errors::malformed_xml());
    }
    let has_tags =
        filter.tag.is_some() || and.is_some_and(|and| and.tags.as_ref().is_some_and(|all| !all.is_empty()));
    if has_tags && rule.abort_incomplete_multipart_upload.is_some() {
        return Err(errors::invalid_request("AbortIncompleteMultipartUpload cannot be specified with Tags."));
    }
    let markers = rule.expiration.as_ref().is_some_and(|one| one.expired_object_delete_marker.is_some());
    if has_tags && markers {
        return Err(errors::invalid_request("ExpiredObjectDeleteMarker cannot be specified with tags."));
    }
    Ok(())
}

fn check_expiration(rule: &model::LifecycleRule) -> Result<(), Error> {
    let Some(expiration) = &rule.expiration else { return Ok(()) };
    let said = [
        expiration.date.is_some(),
        expiration.days.is_some(),
        expiration.expired_object_delete_marker.is_some(),
    ];
    if said.iter().filter(|said| **said).count() != 1 {
        return Err(errors::malformed_xml());
    }
    if expiration.days.is_some_and(|days| days < 1) {
        return Err(invalid("'Days' for Expiration action must be a positive integer"));
    }
    expiration.date.map_or(Ok(()), check_date)
}

fn check_date(date: Timestamp) -> Result<(), Error> {
    if date.as_millis().rem_euclid(DAY_MILLIS) == 0 {
        Ok(())
    } else {
        Err(invalid("'Date' must be at midnight GMT"))
    }
}

fn check_noncurrent(rule: &model::LifecycleRule) -> Result<(), Error> {
    if let Some(expiration) = &rule.noncurrent_version_expiration {
        if expiration.noncurrent_days.is_none_or(|days| days < 1) {
            let message =
                "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer";
            return Err(invalid(message));
        }
        if expiration.newer_noncurrent_versions.is_some_and(|kept| !(1..=100).contains(&kept)) {
            return Err(invalid("'NewerNoncurrentVersions' must be between 1 and 100"));
        }
        if expiration.newer_noncurrent_versions.is_some() && rule.prefix.is_some() {
            return Err(errors::malformed_xml());
        }
    }
    let abort = rule.abort_incomplete_multipart_upload.as_ref();
    if abort.is_some_and(|abort| abort.days_after_initiation.is_none_or(|days| days < 1)) {
        let message =
            "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer";
        return Err(invalid(message));
    }
    Ok(())
}

fn check_transitions(rule: &model::LifecycleRule) -> Result<(), Error> {
    let current = rule.transitions.iter().flatten().map(|one| (one.storage_class.as_deref(), one.days));
    let others = rule.noncurrent_version_transitions.iter().flatten();
    let others = others.map(|one| (one.storage_class.as_deref(), one.noncurrent_days));
    for (class, days) in current.chain(others) {
        match class {
            Some("STANDARD_IA" | "ONEZONE_IA") if days.is_some_and(|days| days < 30) => {
                let message = "'Days' in Transition action must be greater than or equal to 30 for storageClass \
                               'STANDARD_IA' and 'ONEZONE_IA'";
                return Err(invalid(message));
            }
            Some("STANDARD_IA" | "ONEZONE_IA" | "INTELLIGENT_TIERING" | "GLACIER_IR") => {}
            Some(class @ ("GLACIER" | "DEEP_ARCHIVE")) => {
                return Err(errors::not_implemented(&format!("A transition to the storage class {class}")));
            }
            _ => return Err(errors::malformed_xml()),
        }
    }
    for one in rule.transitions.iter().flatten() {
        if one.days.is_some() == one.date.is_some() {
            return Err(errors::malformed_xml());
        }
        if one.days.is_some_and(|days| days < 0) {
            return Err(invalid("'Days' for Transition action must be nonnegative"));
        }
        one.date.map_or(Ok(()), check_date)?;
        let expires = rule.expiration.as_ref().and_then(|expiration| expiration.days);
        if one.days.zip(expires).is_some_and(|(moves, expires)| expires <= moves) {
            let message =
                "'Days' in the Expiration action must be greater than 'Days' in the Transition action";
            return Err(invalid(message));
        }
    }
    Ok(())
}
