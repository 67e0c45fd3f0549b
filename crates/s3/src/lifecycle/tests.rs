//! Tests of what is due.

use super::*;
use crate::tables::{About, Content};

fn days(count: i64) -> Timestamp {
    Timestamp::from_millis(count * 86_400_000)
}

fn version(size: u64) -> Version {
    Version {
        id: "null".to_owned(),
        number: 1,
        modified: days(10).plus(Duration::from_hours(5)),
        marker: false,
        size,
        etag: String::new(),
        content: Content::Empty,
        parts: 0,
        checksum: None,
        about: About::default(),
    }
}

fn rule(expiration: model::LifecycleExpiration) -> model::LifecycleRule {
    let filter = model::LifecycleRuleFilter { prefix: Some("logs/".to_owned()), ..Default::default() };
    model::LifecycleRule {
        status: "Enabled".to_owned(),
        filter: Some(filter),
        expiration: Some(expiration),
        ..Default::default()
    }
}

fn in_days(count: i32) -> model::LifecycleRule {
    rule(model::LifecycleExpiration { days: Some(count), ..Default::default() })
}

const CURRENT: Standing = Standing::Current { alone: true };

#[test]
fn days_are_counted_to_the_next_midnight() {
    let check = |key: &str, now: Timestamp, expected: Option<Due>| {
        assert_eq!(due(&[in_days(2)], key, &version(1), CURRENT, now), expected, "{key} {now:?}");
    };
    check("logs/a", days(12), None);
    check("logs/a", days(12).plus(Duration::from_hours(23)), None);
    check("logs/a", days(13), Some(Due::Expire));
    check("other/a", days(13), None);
    let off = model::LifecycleRule { status: "Disabled".to_owned(), ..in_days(2) };
    assert_eq!(due(&[off], "logs/a", &version(1), CURRENT, days(99)), None);
}

#[test]
fn a_date_is_for_all() {
    let dated = rule(model::LifecycleExpiration { date: Some(days(20)), ..Default::default() });
    let at = |now| due(std::slice::from_ref(&dated), "logs/a", &version(1), CURRENT, now);
    assert_eq!((at(days(19)), at(days(20))), (None, Some(Due::Expire)));
}

#[test]
fn markers_go_where_they_hide_nothing() {
    let marker = Version { marker: true, ..version(0) };
    let all =
        rule(model::LifecycleExpiration { expired_object_delete_marker: Some(true), ..Default::default() });
    let check = |rule: &model::LifecycleRule, alone: bool, now: Timestamp, expected: Option<Due>| {
        let found = due(std::slice::from_ref(rule), "logs/a", &marker, Standing::Current { alone }, now);
        assert_eq!(found, expected, "{rule:?} {alone} {now:?}");
    };
    check(&all, true, days(10), Some(Due::Remove));
    check(&all, false, days(10), None);
    check(&in_days(2), true, days(11), None);
    check(&in_days(2), true, days(13), Some(Due::Remove));
    check(&in_days(2), false, days(13), None);
    assert_eq!(due(&[all], "logs/a", &version(1), CURRENT, days(99)), None);
}

#[test]
fn noncurrent_versions_go_but_for_the_newest_ones() {
    let rule = model::LifecycleRule {
        expiration: None,
        noncurrent_version_expiration: Some(model::NoncurrentVersionExpiration {
            noncurrent_days: Some(3),
            newer_noncurrent_versions: Some(2),
        }),
        ..in_days(1)
    };
    let check = |newer: u32, now: Timestamp, expected: Option<Due>| {
        let standing = Standing::Noncurrent { since: days(20), newer };
        assert_eq!(
            due(std::slice::from_ref(&rule), "logs/a", &version(1), standing, now),
            expected,
            "{newer} {now:?}"
        );
    };
    check(2, days(24), Some(Due::Remove));
    check(2, days(23), None);
    check(1, days(99), None);
    assert_eq!(due(&[rule], "logs/a", &version(1), CURRENT, days(99)), None);
}

#[test]
fn filters_look_at_tags_and_sizes() {
    let tag = |key: &str| model::Tag { key: key.to_owned(), value: "1".to_owned() };
    let and = model::LifecycleRuleAndOperator {
        prefix: Some("logs/".to_owned()),
        tags: Some(vec![tag("a"), tag("b")]),
        object_size_greater_than: Some(10),
        object_size_less_than: Some(20),
    };
    let filter = model::LifecycleRuleFilter { and: Some(and), ..Default::default() };
    let rule = model::LifecycleRule { filter: Some(filter), ..in_days(1) };
    let check = |size: u64, tags: &[&str], expected: bool| {
        let mut one = version(size);
        one.about.tags = tags.iter().map(|key| ((*key).to_owned(), "1".to_owned())).collect();
        let found = due(std::slice::from_ref(&rule), "logs/a", &one, CURRENT, days(99));
        assert_eq!(found.is_some(), expected, "{size} {tags:?}");
    };
    check(15, &["a", "b", "c"], true);
    check(15, &["a"], false);
    check(10, &["a", "b"], false);
    check(20, &["a", "b"], false);
}

#[test]
fn large_objects_change_their_class() {
    let to = |class: &str, days: i32| model::Transition {
        days: Some(days),
        storage_class: Some(class.to_owned()),
        ..Default::default()
    };
    let rule = model::LifecycleRule {
        expiration: None,
        transitions: Some(vec![to("STANDARD_IA", 30), to("GLACIER_IR", 60)]),
        ..in_days(1)
    };
    let check = |size: u64, now: Timestamp, expected: Option<&str>| {
        let found = due(std::slice::from_ref(&rule), "logs/a", &version(size), CURRENT, now);
        assert_eq!(found, expected.map(|class| Due::Move(class.to_owned())), "{size} {now:?}");
    };
    check(1 << 20, days(40), None);
    check(1 << 20, days(41), Some("STANDARD_IA"));
    check(1 << 20, days(71), Some("GLACIER_IR"));
    check(1 << 10, days(99), None);
}

#[test]
fn uploads_are_given_up() {
    let rule = model::LifecycleRule {
        abort_incomplete_multipart_upload: Some(model::AbortIncompleteMultipartUpload {
            days_after_initiation: Some(7),
        }),
        ..in_days(1)
    };
    let check = |key: &str, now: Timestamp, expected: bool| {
        assert_eq!(is_abandoned(std::slice::from_ref(&rule), key, days(1), now), expected, "{key} {now:?}");
    };
    check("logs/a", days(8), false);
    check("logs/a", days(9), true);
    check("other", days(9), false);
}

#[test]
fn configurations_that_cannot_be_are_refused() {
    let check = |rules: Vec<model::LifecycleRule>, expected: Result<(), &str>| {
        let given = model::BucketLifecycleConfiguration { rules };
        let found = complete(given.clone());
        assert_eq!(found.as_ref().map(|_| ()).map_err(weft_service::Error::code), expected, "{given:?}");
        assert!(found.is_err() || found.is_ok_and(|all| all.rules.iter().all(|rule| rule.id.is_some())));
    };
    let with_id = |id: &str| model::LifecycleRule { id: Some(id.to_owned()), ..in_days(1) };
    check(vec![in_days(1), in_days(2)], Ok(()));
    check(Vec::new(), Err("MalformedXML"));
    check(vec![with_id("a"), with_id("a")], Err("InvalidArgument"));
    check(vec![in_days(0)], Err("InvalidArgument"));
    check(vec![model::LifecycleRule { expiration: None, ..in_days(1) }], Err("InvalidRequest"));
    check(vec![model::LifecycleRule { filter: None, ..in_days(1) }], Err("MalformedXML"));
    check(vec![model::LifecycleRule { prefix: Some(String::new()), ..in_days(1) }], Err("MalformedXML"));
    check(vec![model::LifecycleRule { status: "enabled".to_owned(), ..in_days(1) }], Err("MalformedXML"));
    let noon = days(1).plus(Duration::from_hours(12));
    check(
        vec![rule(model::LifecycleExpiration { date: Some(noon), ..Default::default() })],
        Err("InvalidArgument"),
    );
    let both = model::LifecycleExpiration { date: Some(days(1)), days: Some(1), ..Default::default() };
    check(vec![rule(both)], Err("MalformedXML"));
    let moving = |class: &str, count: i32| model::LifecycleRule {
        transitions: Some(vec![model::Transition {
            days: Some(count),
            storage_class: Some(class.to_owned()),
            ..Default::default()
        }]),
        ..in_days(100)
    };
    check(vec![moving("STANDARD_IA", 30)], Ok(()));
    check(vec![moving("STANDARD_IA", 29)], Err("InvalidArgument"));
    check(vec![moving("GLACIER_IR", 100)], Err("InvalidArgument"));
    check(vec![moving("GLACIER", 30)], Err("NotImplemented"));
}
