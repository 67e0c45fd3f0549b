//! Tests of what is told, and to whom.

use serde_json::{Value, json};
use weft_types::{AccountId, Region};

use super::*;
use crate::tables::{About, Bucket, Content, Versioning};

fn function(events: &[&str], prefix: &str, suffix: &str) -> model::LambdaFunctionConfiguration {
    let rule = |name: &str, value: &str| model::FilterRule {
        name: Some(name.to_owned()),
        value: Some(value.to_owned()),
    };
    let rules = vec![rule("prefix", prefix), rule("SUFFIX", suffix)];
    model::LambdaFunctionConfiguration {
        lambda_function_arn: "arn:aws:lambda:us-east-1:000000000000:function:f".to_owned(),
        events: events.iter().map(|event| (*event).to_owned()).collect(),
        filter: Some(model::NotificationConfigurationFilter {
            key: Some(model::S3KeyFilter { filter_rules: Some(rules) }),
        }),
        ..Default::default()
    }
}

#[test]
fn filters_choose() {
    let check = |event: &str, key: &str, expected: bool| {
        let one = function(&["s3:ObjectCreated:*", "s3:ObjectRemoved:Delete"], "in/", ".jpg");
        assert_eq!(matches(&one, event, key), expected, "{event} {key}");
    };
    check("ObjectCreated:Put", "in/a.jpg", true);
    check("ObjectCreated:Copy", "in/a.png", false);
    check("ObjectCreated:Copy", "out/a.jpg", false);
    check("ObjectRemoved:Delete", "in/a.jpg", true);
    check("ObjectRemoved:DeleteMarkerCreated", "in/a.jpg", false);
    check("ObjectTagging:Put", "in/a.jpg", false);
}

#[test]
fn configurations_that_cannot_be_are_refused() {
    let check = |functions: Vec<model::LambdaFunctionConfiguration>, expected: Result<(), &str>| {
        let given = model::NotificationConfiguration {
            lambda_function_configurations: Some(functions),
            ..Default::default()
        };
        let found = complete(given.clone());
        assert_eq!(found.as_ref().map(|_| ()).map_err(Error::code), expected, "{given:?}");
        let named = |one: &model::LambdaFunctionConfiguration| one.id.is_some();
        assert!(found.map_or(true, |all| all.lambda_function_configurations.iter().flatten().all(named)));
    };
    let created = ["s3:ObjectCreated:*"];
    check(vec![function(&created, "a", "")], Ok(()));
    check(vec![function(&created, "a/", ""), function(&created, "b/", "")], Ok(()));
    check(vec![function(&created, "", ".a"), function(&["s3:ObjectRemoved:*"], "", ".a")], Ok(()));
    check(
        vec![function(&created, "a", ""), function(&["s3:ObjectCreated:Put"], "ab", "")],
        Err("InvalidArgument"),
    );
    check(vec![function(&["s3:Nothing"], "", "")], Err("InvalidArgument"));
    check(vec![function(&[], "", "")], Err("MalformedXML"));
    let other = model::LambdaFunctionConfiguration {
        lambda_function_arn: "arn:aws:sqs:us-east-1:000000000000:q".to_owned(),
        ..function(&created, "", "")
    };
    check(vec![other], Err("InvalidArgument"));
    let queue = model::NotificationConfiguration {
        queue_configurations: Some(vec![model::QueueConfiguration::default()]),
        ..Default::default()
    };
    assert_eq!(complete(queue).map_err(|error| error.code()), Err("NotImplemented"));
}

#[test]
fn events_read_as_those_of_s3() {
    let bucket = Bucket {
        account: AccountId::DEFAULT,
        region: Region::default(),
        created: Timestamp::from_seconds(0),
        versioning: Versioning::Enabled,
        policy: None,
        public_access: None,
        ownership: None,
        tags: std::collections::BTreeMap::new(),
        object_lock: false,
        acl: Vec::new(),
        notifies: true,
    };
    let version = Version {
        id: "v1".to_owned(),
        number: 0xABC,
        modified: Timestamp::from_seconds(1),
        marker: false,
        size: 5,
        etag: "e".to_owned(),
        content: Content::Empty,
        parts: 0,
        checksum: None,
        about: About::default(),
    };
    let at = Place { bucket: "b".to_owned(), key: "my folder/ü+1.txt".to_owned() };
    let check = |event: &'static str, version: &Version, expected: Value| {
        let cause = Cause::lifecycle(event, Timestamp::from_millis(1500));
        let text = record::payload(&bucket, &at, &cause, version, "one");
        let event: Value = serde_json::from_str(&text).unwrap();
        let record = &event["Records"][0];
        assert_eq!(record["s3"]["object"], expected, "{text}");
        assert_eq!(record["s3"]["configurationId"], "one");
        assert_eq!(record["s3"]["bucket"]["arn"], "arn:aws:s3:::b");
        assert_eq!(record["eventTime"], "1970-01-01T00:00:01.500Z");
    };
    let key = "my+folder/%C3%BC%2B1.txt";
    let sequencer = "000000000000000ABC";
    let made = json!({"key": key, "size": 5, "eTag": "e", "versionId": "v1", "sequencer": sequencer});
    check("ObjectCreated:Put", &version, made);
    check("ObjectRemoved:Delete", &version, json!({"key": key, "versionId": "v1", "sequencer": sequencer}));
    check("ObjectTagging:Put", &version, json!({"key": key, "eTag": "e", "versionId": "v1"}));
    let marker = Version { marker: true, ..version };
    let etag = "d41d8cd98f00b204e9800998ecf8427e";
    let hidden = json!({"key": key, "eTag": etag, "versionId": "v1", "sequencer": sequencer});
    check("ObjectRemoved:DeleteMarkerCreated", &marker, hidden);
}
