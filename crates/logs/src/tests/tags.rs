//! What policies learn of the tags in a request.

use std::collections::BTreeMap;

use weft_model::logs as model;
use weft_service::{Operation, Scope};
use weft_types::{AccountId, Region, Timestamp};

use crate::ops;

/// Each access's action, and the condition keys beside it.
fn check<O: Operation>(input: O::Input, expected: &[(&str, &str)]) {
    let scope =
        Scope { account: AccountId::DEFAULT, region: Region::default(), now: Timestamp::from_seconds(0) };
    let Ok(operation) = O::parse(input, &scope) else { panic!("a valid request is refused") };
    let accesses = operation.accesses(&scope);
    let shown = accesses.iter().map(|access| {
        let keys = access.conditions.iter().map(|(key, values)| format!("{key}={}", values.join(",")));
        (access.action.to_string(), keys.collect::<Vec<_>>().join(" "))
    });
    let expected: Vec<_> =
        expected.iter().map(|(action, keys)| ((*action).to_owned(), (*keys).to_owned())).collect();
    assert_eq!(shown.collect::<Vec<_>>(), expected);
}

#[test]
fn tags_that_a_request_sets_or_takes_away_are_condition_keys() {
    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:g".to_owned();
    let name = || "g".to_owned();
    let tags: BTreeMap<String, String> =
        [("env".to_owned(), "prod".to_owned()), ("team".to_owned(), "a".to_owned())].into();
    let (set, keys) =
        ("aws:RequestTag/env=prod aws:RequestTag/team=a aws:TagKeys=env,team", vec!["env".to_owned()]);
    let create = model::CreateLogGroupRequest {
        log_group_name: name(),
        tags: Some(tags.clone()),
        ..Default::default()
    };
    check::<ops::create_log_group::CreateLogGroup>(
        create,
        &[("logs:CreateLogGroup", set), ("logs:TagResource", set)],
    );
    let tag = model::TagResourceRequest { resource_arn: arn.clone(), tags: tags.clone() };
    check::<ops::tag_resource::TagResource>(tag, &[("logs:TagResource", set)]);
    let tag = model::TagLogGroupRequest { log_group_name: name(), tags };
    check::<ops::tag_log_group::TagLogGroup>(tag, &[("logs:TagLogGroup", set)]);
    let untag = model::UntagResourceRequest { resource_arn: arn, tag_keys: keys.clone() };
    check::<ops::untag_resource::UntagResource>(untag, &[("logs:UntagResource", "aws:TagKeys=env")]);
    let untag = model::UntagLogGroupRequest { log_group_name: name(), tags: keys };
    check::<ops::untag_log_group::UntagLogGroup>(untag, &[("logs:UntagLogGroup", "aws:TagKeys=env")]);
}
