use super::*;

fn record(request: usize, allowed: bool) -> DecisionRecord {
    let (set, policy) = (PolicySet::Identity, Some("p".into()));
    let ground = Ground { set, policy, statement: 0, sid: None, conditions: Vec::new() };
    DecisionRecord {
        time: Timestamp::from_seconds(0),
        request_id: request.to_string().into(),
        account: AccountId::DEFAULT,
        principal: Arc::new(Principal::Anonymous),
        action: "lambda:Invoke".into(),
        resource: "*".to_owned(),
        outcome: if allowed { Outcome::Allowed(vec![ground]) } else { Outcome::Denied(ground) },
    }
}

fn known(decisions: &Decisions, request: usize) -> usize {
    decisions.of_request(AccountId::DEFAULT, &request.to_string()).len()
}

#[test]
fn a_flood_of_allowed_requests_does_not_push_out_a_refusal() {
    let decisions = Decisions::default();
    decisions.push(record(0, false));
    for request in 1..=2 * ALLOWED.count {
        decisions.push(record(request, true));
    }
    assert_eq!(known(&decisions, 0), 1);
    assert_eq!(known(&decisions, 1), 0, "the oldest is forgotten");
    assert_eq!(known(&decisions, 2 * ALLOWED.count), 1);
}

#[test]
fn what_is_kept_is_bounded_by_bytes_as_well() {
    let decisions = Decisions::default();
    let long = "x".repeat(100_000);
    for request in 0..100 {
        decisions.push(DecisionRecord { resource: long.clone(), ..record(request, false) });
    }
    let mut held = 0;
    for part in &decisions.parts {
        let denied = &part.lock().expect("a part").denied;
        assert!(denied.bytes <= DENIED.bytes / PARTS && !denied.records.is_empty());
        assert_eq!(denied.bytes, denied.records.iter().map(DecisionRecord::bytes).sum::<usize>());
        held += denied.records.len();
    }
    assert!(held >= 10, "{held}");
}

#[test]
fn one_account_does_not_see_the_decisions_of_another() {
    let decisions = Decisions::default();
    decisions.push(record(7, true));
    decisions.push(record(7, false));
    assert_eq!(known(&decisions, 7), 2, "a request may need several decisions");
    assert_eq!(decisions.of_request(AccountId::parse("111122223333").expect("an account"), "7"), []);
}

#[test]
fn values_are_cut_at_a_character() {
    let long = "ä".repeat(VALUE_BYTES_MAX);
    let cut = some([long.as_str(); 20].into_iter());
    assert_eq!(cut.len(), VALUES_MAX);
    assert_eq!(cut[0].len(), VALUE_BYTES_MAX);
}
