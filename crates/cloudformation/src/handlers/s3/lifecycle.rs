//! Lifecycle rules, which have other names and another form in templates than in requests.

use serde_json::{Value as Json, json};

use crate::handlers::s3::settings::{each, renamed};

/// The input of `PutBucketLifecycleConfiguration` but for the bucket.
pub(super) fn input(value: &Json) -> Json {
    json!({
        "LifecycleConfiguration": {"Rules": each(&value["Rules"], rule)},
        "TransitionDefaultMinimumObjectSize": value["TransitionDefaultMinimumObjectSize"],
    })
}

fn rule(rule: &Json) -> Json {
    let transitions = [("TransitionDate", "Date"), ("TransitionInDays", "Days")];
    let noncurrent = [("TransitionInDays", "NoncurrentDays")];
    json!({
        "ID": rule["Id"],
        "Status": rule["Status"],
        "Filter": filter(rule),
        "Expiration": expiration(rule),
        "Transitions": both(rule, "Transition", &transitions),
        "NoncurrentVersionTransitions": both(rule, "NoncurrentVersionTransition", &noncurrent),
        "NoncurrentVersionExpiration": noncurrent_expiration(rule),
        "AbortIncompleteMultipartUpload": rule["AbortIncompleteMultipartUpload"],
    })
}

/// One condition stands alone, several stand in `And`; none is an empty prefix.
fn filter(rule: &Json) -> Json {
    let mut conditions = Vec::new();
    for name in ["Prefix", "ObjectSizeGreaterThan", "ObjectSizeLessThan"] {
        if !rule[name].is_null() {
            conditions.push((name, rule[name].clone()));
        }
    }
    let tags = rule["TagFilters"].as_array().map(Vec::as_slice).unwrap_or_default();
    match (conditions.as_slice(), tags) {
        ([], []) => json!({"Prefix": ""}),
        ([(name, value)], []) => json!({*name: value}),
        ([], [tag]) => json!({"Tag": tag}),
        _ => {
            let mut all = json!({});
            for (name, value) in conditions {
                all[name] = value;
            }
            if !tags.is_empty() {
                all["Tags"] = tags.into();
            }
            json!({"And": all})
        }
    }
}

fn expiration(rule: &Json) -> Json {
    let mut expiration = json!({});
    for (ours, theirs) in [
        ("ExpirationDate", "Date"),
        ("ExpirationInDays", "Days"),
        ("ExpiredObjectDeleteMarker", "ExpiredObjectDeleteMarker"),
    ] {
        if !rule[ours].is_null() {
            expiration[theirs] = rule[ours].clone();
        }
    }
    some(expiration)
}

fn noncurrent_expiration(rule: &Json) -> Json {
    match &rule["NoncurrentVersionExpirationInDays"] {
        Json::Null => rule["NoncurrentVersionExpiration"].clone(),
        days => json!({"NoncurrentDays": days}),
    }
}

/// The list of a name's plural, and the old single form.
fn both(rule: &Json, name: &str, names: &[(&str, &str)]) -> Json {
    let many = rule[format!("{name}s")].as_array().into_iter().flatten();
    let one = Some(&rule[name]).filter(|one| one.is_object());
    let all: Vec<Json> = one.into_iter().chain(many).map(|item| renamed(item, names)).collect();
    if all.is_empty() { Json::Null } else { all.into() }
}

fn some(value: Json) -> Json {
    if value.as_object().is_some_and(serde_json::Map::is_empty) { Json::Null } else { value }
}
