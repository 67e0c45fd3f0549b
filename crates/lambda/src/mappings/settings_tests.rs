//! What each kind of source may set.

use super::*;

fn check(kind: Kind, change: &MappingChange, expected: Result<(), &str>) {
    let position = kind.is_stream().then(|| "LATEST".to_owned());
    let found = MappingSettings::new(kind, position, None, change);
    assert_eq!(found.map(drop).map_err(|error| error.code()), expected, "{kind:?} {change:?}");
}

#[test]
fn each_kind_of_source_has_settings_of_its_own() {
    let bad = Err("InvalidParameterValueException");
    let size = |batch_size| MappingChange { batch_size: Some(batch_size), ..MappingChange::default() };
    check(Kind::Queue, &size(10), Ok(()));
    check(Kind::Queue, &size(11), bad);
    check(Kind::Queue, &MappingChange { window_seconds: Some(1), ..size(11) }, Ok(()));
    check(Kind::FifoQueue, &size(11), bad);
    check(Kind::FifoQueue, &MappingChange { window_seconds: Some(1), ..size(1) }, bad);
    check(Kind::Kinesis, &size(10_000), Ok(()));
    let retries = MappingChange { retries: Some(-1), ..MappingChange::default() };
    check(Kind::Dynamo, &retries, Ok(()));
    check(Kind::Queue, &retries, bad);
    let age = |age_seconds| MappingChange { age_seconds: Some(age_seconds), ..MappingChange::default() };
    check(Kind::Kinesis, &age(-1), Ok(()));
    check(Kind::Kinesis, &age(59), bad);
    check(Kind::Kinesis, &age(60), Ok(()));
    let factor = MappingChange { factor: Some(10), ..MappingChange::default() };
    check(Kind::Kinesis, &factor, Ok(()));
    check(Kind::Queue, &factor, bad);
    let tumbling = MappingChange { tumbling_seconds: Some(900), ..MappingChange::default() };
    check(Kind::Dynamo, &tumbling, Ok(()));
    check(Kind::FifoQueue, &tumbling, bad);
    check(Kind::Kinesis, &MappingChange { factor: Some(2), ..tumbling }, bad);
    let filter =
        |text: &str| MappingChange { filters: Some(vec![text.to_owned()]), ..MappingChange::default() };
    check(Kind::Queue, &filter(r#"{"body":{"a":[1]}}"#), Ok(()));
    check(Kind::Queue, &filter(r#"{"body":1}"#), bad);
}

#[test]
fn a_stream_says_where_to_begin_and_a_queue_does_not() {
    let new = |kind, position: Option<&str>, time| {
        let position = position.map(str::to_owned);
        let settings = MappingSettings::new(kind, position, time, &MappingChange::default());
        settings.map(|settings| settings.position()).map_err(|error| error.code())
    };
    let time = Some(Timestamp::from_seconds(1));
    assert_eq!(new(Kind::Queue, None, None), Ok(Position::TrimHorizon));
    assert_eq!(new(Kind::Kinesis, Some("LATEST"), None), Ok(Position::Latest));
    assert_eq!(new(Kind::Kinesis, Some("AT_TIMESTAMP"), time), Ok(Position::At(Timestamp::from_seconds(1))));
    for (kind, position) in [(Kind::Queue, Some("LATEST")), (Kind::Dynamo, Some("AT_TIMESTAMP"))] {
        assert_eq!(new(kind, position, time), Err("InvalidParameterValueException"));
    }
    assert_eq!(new(Kind::Kinesis, Some("AT_TIMESTAMP"), None), Err("InvalidParameterValueException"));
    assert_eq!(new(Kind::Kinesis, None, None), Err("ValidationException"));
}
