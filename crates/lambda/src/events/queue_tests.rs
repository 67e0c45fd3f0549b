//! Turns, limits and holds.

use super::*;
use weft_types::{AccountId, Region};

const NOW: Timestamp = Timestamp::from_seconds(1000);

fn key(name: &str) -> Arc<FunctionKey> {
    Arc::new(FunctionKey { account: AccountId::DEFAULT, region: Region::default(), name: name.to_owned() })
}

fn limits(in_flight_max: usize) -> QueueLimits {
    QueueLimits { in_flight_max, ..QueueLimits::default() }
}

fn add(queue: &mut Queue, name: &str, id: EventId, due: Timestamp) {
    let ticket = Ticket { function: key(name), id, due, bytes: 10 };
    queue.reserve(&ticket.function, ticket.bytes).unwrap();
    queue.push(&ticket, NOW);
}

/// Takes and ends events one by one; gives their numbers.
fn drain(queue: &mut Queue, now: Timestamp) -> Vec<EventId> {
    std::iter::from_fn(|| {
        let ticket = queue.take(now)?;
        queue.done(&ticket, now);
        Some(ticket.id)
    })
    .collect()
}

#[test]
fn functions_take_turns() {
    let mut queue = Queue::new(limits(10));
    (0..5).for_each(|id| add(&mut queue, "busy", id, NOW));
    add(&mut queue, "quiet", 10, NOW);
    add(&mut queue, "other", 20, NOW);
    assert_eq!(drain(&mut queue, NOW), [0, 10, 20, 1, 2, 3, 4]);
    assert_eq!((queue.len(), queue.in_flight(), queue.lines.len()), (0, 0, 0));
}

#[test]
fn events_come_in_the_order_in_which_they_are_due() {
    let mut queue = Queue::new(limits(10));
    let at = |seconds: u64| NOW.plus(Duration::from_secs(seconds));
    add(&mut queue, "f", 1, at(2));
    add(&mut queue, "f", 2, at(1));
    add(&mut queue, "f", 3, NOW);
    assert_eq!(drain(&mut queue, NOW), [3]);
    assert_eq!(queue.next_due(), Some(at(1)));
    assert_eq!(drain(&mut queue, at(5)), [2, 1]);
    assert_eq!(queue.next_due(), None);
}

#[test]
fn an_event_that_is_due_sooner_comes_before_one_that_was_first() {
    let mut queue = Queue::new(limits(10));
    add(&mut queue, "f", 1, NOW.plus(Duration::from_mins(1)));
    add(&mut queue, "f", 2, NOW);
    assert_eq!(drain(&mut queue, NOW), [2]);
}

#[test]
fn slow_events_of_one_function_leave_room_for_others() {
    let mut queue = Queue::new(limits(8));
    (0..100).for_each(|id| add(&mut queue, "slow", id, NOW));
    let taken: Vec<_> = std::iter::from_fn(|| queue.take(NOW)).collect();
    assert_eq!(taken.len(), 4, "half of all places");
    add(&mut queue, "quick", 1000, NOW);
    assert_eq!(queue.take(NOW).map(|ticket| ticket.id), Some(1000));
    queue.done(&taken[0], NOW);
    assert_eq!(queue.take(NOW).map(|ticket| ticket.id), Some(4), "the slow one goes on as its own end");
}

#[test]
fn a_throttled_line_waits_longer_each_time_and_keeps_its_order() {
    let mut queue = Queue::new(limits(8));
    add(&mut queue, "f", 1, NOW);
    add(&mut queue, "f", 2, NOW);
    let mut now = NOW;
    for wait in [1, 2, 4] {
        let ticket = queue.take(now).unwrap();
        assert_eq!(ticket.id, 1);
        queue.throttled(&ticket, now);
        assert_eq!(queue.take(now), None);
        assert_eq!(queue.next_due(), Some(now.plus(Duration::from_secs(wait))));
        now = now.plus(Duration::from_secs(wait));
    }
    assert_eq!(drain(&mut queue, now), [1, 2]);
}

#[test]
fn a_throttled_line_goes_on_when_one_of_its_events_is_over() {
    let mut queue = Queue::new(limits(8));
    (1..=3).for_each(|id| add(&mut queue, "f", id, NOW));
    let first = queue.take(NOW).unwrap();
    let second = queue.take(NOW).unwrap();
    queue.throttled(&second, NOW);
    assert_eq!(queue.take(NOW), None, "held while the first is in flight");
    queue.done(&first, NOW);
    assert_eq!(drain(&mut queue, NOW), [2, 3]);
}

#[test]
fn the_queue_is_bounded_for_each_function_and_for_all() {
    let limits = QueueLimits {
        function_events_max: 2,
        function_bytes_max: 100,
        events_max: 3,
        bytes_max: 1000,
        in_flight_max: 8,
    };
    let mut queue = Queue::new(limits);
    let mut check = |name: &str, bytes: u64, expected: Result<(), Full>| {
        assert_eq!(queue.reserve(&key(name), bytes), expected, "{name} {bytes}");
    };
    check("a", 101, Err(Full));
    check("a", 60, Ok(()));
    check("a", 60, Err(Full));
    check("a", 40, Ok(()));
    check("a", 0, Err(Full));
    check("b", 1, Ok(()));
    check("c", 1, Err(Full));
    queue.release(&key("a"), 60);
    assert_eq!(queue.reserve(&key("c"), 1), Ok(()));
}

#[test]
fn many_events_cost_no_scan() {
    let mut queue = Queue::new(limits(64));
    (0..100_000).for_each(|id| add(&mut queue, &format!("f{}", id % 1000), id, NOW));
    assert_eq!(drain(&mut queue, NOW).len(), 100_000);
    assert!(queue.lines.is_empty() && queue.ring.is_empty() && queue.later.is_empty());
}

#[test]
fn events_that_were_throttled_together_count_as_one() {
    let mut queue = Queue::new(limits(64));
    (0..32).for_each(|id| add(&mut queue, "f", id, NOW));
    let taken: Vec<_> = std::iter::from_fn(|| queue.take(NOW)).collect();
    assert!(taken.len() > 10);
    for ticket in &taken {
        queue.throttled(ticket, NOW);
    }
    assert_eq!(queue.next_due(), Some(NOW.plus(Duration::from_secs(1))));
}
