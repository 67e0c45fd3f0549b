//! Batches and their ends.

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(100_000);

fn record(id: &str) -> SourceRecord {
    let event = serde_json::json!({ "id": id });
    SourceRecord { id: id.to_owned(), arrived: NOW, key: None, filtered: event.clone(), event }
}

fn work(ids: &str) -> Work {
    Work::new(ids.chars().map(|id| record(&id.to_string())).collect())
}

fn queue() -> Rules {
    Rules {
        size: 10,
        lanes: 1,
        tumbling: None,
        window: Duration::ZERO,
        ordered: false,
        reports_failures: true,
        bisects: false,
        retries: None,
        age_max: None,
    }
}

fn stream() -> Rules {
    Rules { ordered: true, ..queue() }
}

/// `done|released|dropped|next,next`, each record a letter.
fn shown(step: &Step) -> String {
    let next: Vec<String> = step.next.iter().map(|work| Work::ids(&work.records).concat()).collect();
    format!("{}|{}|{}|{}", step.done.concat(), step.released.concat(), step.dropped.concat(), next.join(","))
}

fn check(rules: &Rules, ids: &str, outcome: Outcome<'_>, expected: &str) {
    let step = after(rules, work(ids), outcome, NOW);
    assert_eq!(shown(&step), expected, "{ids} {outcome:?}");
}

fn answer(text: &str) -> Outcome<'_> {
    Outcome::Answered(text.as_bytes())
}

#[test]
fn a_batch_of_a_queue_is_done_given_back_or_both() {
    check(&queue(), "abc", answer("null"), "abc|||");
    check(&queue(), "abc", answer("{}"), "abc|||");
    check(&queue(), "abc", answer("\"fine\""), "abc|||");
    check(&queue(), "abc", answer(r#"{"batchItemFailures":[]}"#), "abc|||");
    check(&queue(), "abc", answer(r#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#), "ac|b||");
    check(&queue(), "abc", Outcome::Failed, "|abc||");
    check(&queue(), "abc", Outcome::Fault, "|abc||");
}

#[test]
fn an_answer_that_nobody_understands_fails_the_whole_batch() {
    check(&queue(), "ab", answer(r#"{"batchItemFailures":[{"itemIdentifier":"z"}]}"#), "|ab||");
    check(&queue(), "ab", answer(r#"{"batchItemFailures":[{"id":"a"}]}"#), "|ab||");
    check(&queue(), "ab", answer(r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#), "|ab||");
    check(&queue(), "ab", answer(r#"{"batchItemFailures":"a"}"#), "|ab||");
    check(&queue(), "ab", answer("not json"), "|ab||");
    let silent = Rules { reports_failures: false, ..queue() };
    check(&silent, "ab", answer(r#"{"batchItemFailures":[{"itemIdentifier":"a"}]}"#), "ab|||");
}

#[test]
fn a_stream_goes_on_from_the_first_record_that_failed() {
    let names = r#"{"batchItemFailures":[{"itemIdentifier":"d"},{"itemIdentifier":"c"}]}"#;
    check(&stream(), "abcd", answer(names), "ab|||cd");
    check(&stream(), "cd", answer(names), "|||cd");
    check(&Rules { bisects: true, ..stream() }, "abcd", answer(names), "ab|||cd");
}

#[test]
fn a_stream_s_batch_is_split_until_the_bad_record_is_alone() {
    let rules = Rules { bisects: true, retries: Some(1), ..stream() };
    let mut todo: VecDeque<Work> = [work("abcdefgh")].into();
    let (mut done, mut dropped, mut runs) = (String::new(), String::new(), 0);
    while let Some(next) = todo.pop_front() {
        runs += 1;
        let bad = next.records.iter().any(|record| record.id == "f");
        let step = after(&rules, next, if bad { Outcome::Failed } else { answer("null") }, NOW);
        done += &step.done.concat();
        dropped += &step.dropped.concat();
        for work in step.next.into_iter().rev() {
            todo.push_front(work);
        }
    }
    assert_eq!((done.as_str(), dropped.as_str()), ("abcdegh", "f"));
    assert_eq!(runs, 8, "whole, two halves, two quarters, two eighths, and one more try");
}

#[test]
fn a_stream_s_batch_is_given_up_after_its_retries() {
    let rules = Rules { retries: Some(2), ..stream() };
    let mut next = work("ab");
    for wait in [1, 2] {
        let step = after(&rules, next, Outcome::Failed, NOW);
        assert_eq!((shown(&step).as_str(), step.wait), ("|||ab", Duration::from_secs(wait)));
        next = step.next.into_iter().next().unwrap();
    }
    assert_eq!(shown(&after(&rules, next, Outcome::Failed, NOW)), "||ab|");
    let fault = Work { failures: 2, ..work("ab") };
    assert_eq!(shown(&after(&rules, fault, Outcome::Fault, NOW)), "|||ab", "a fault costs no retry");
    check(&stream(), "ab", Outcome::Failed, "|||ab");
}

#[test]
fn records_that_are_too_old_are_not_tried_again() {
    let rules = Rules { age_max: Some(Duration::from_mins(1)), ..stream() };
    let mut old = work("abc");
    old.records[0].arrived = Timestamp::from_seconds(99_000);
    assert_eq!(shown(&after(&rules, old, Outcome::Failed, NOW)), "||a|bc");
}

#[test]
fn a_batch_is_full_or_has_waited() {
    let rules = Rules { size: 3, window: Duration::from_secs(5), ..queue() };
    let mut collector = Collector::default();
    let at = |seconds: u64| NOW.plus(Duration::from_secs(seconds));
    let mut taken = |add: &str, now: Timestamp| {
        add.chars().for_each(|id| collector.add(record(&id.to_string()), now));
        collector.take(&rules, now).map(|batch| Work::ids(&batch).concat())
    };
    assert_eq!(taken("a", at(0)), None);
    assert_eq!(taken("b", at(4)), None);
    assert_eq!(taken("", at(5)), Some("ab".to_owned()));
    assert_eq!(taken("", at(60)), None);
    assert_eq!(taken("cdef", at(60)), Some("cde".to_owned()));
    assert_eq!(taken("", at(64)), None, "what is left waits from when it came");
    assert_eq!(taken("", at(65)), Some("f".to_owned()));
}

#[test]
fn a_batch_has_at_most_six_megabytes() {
    let rules = Rules { size: 1000, window: Duration::from_mins(5), ..queue() };
    let mut collector = Collector::default();
    let large = |id: &str, bytes: usize| SourceRecord {
        event: serde_json::Value::String("x".repeat(bytes)),
        ..record(id)
    };
    for id in ["a", "b", "c", "d"] {
        collector.add(large(id, 2 << 20), NOW);
    }
    assert_eq!(collector.room(&rules), 0);
    assert_eq!(collector.take(&rules, NOW).map(|batch| batch.len()), Some(2));
    assert_eq!(collector.take(&rules, NOW), None);
    collector.add(large("e", 7 << 20), NOW);
    assert_eq!(collector.take(&rules, NOW).map(|batch| batch.len()), Some(2));
    assert_eq!(
        collector.take(&rules, NOW).map(|batch| batch.len()),
        Some(1),
        "alone, for the limit to be told"
    );
}
