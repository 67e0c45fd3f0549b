//! Decisions as the API shows them.

use weft_model::weft as model;
use weft_service::{ConditionRecord, DecisionRecord, Ground, MissCause, NearMiss, Outcome, PolicySet};

/// A decision that is remembered.
pub(crate) fn shown(record: DecisionRecord) -> model::DecisionDescription {
    let principal = &record.principal;
    let (outcome, policy_type, statements, nearest) = match record.outcome {
        Outcome::Allowed(grounds) => ("ALLOWED", None, grounds, None),
        Outcome::Denied(ground) => ("EXPLICIT_DENY", Some(ground.set), vec![ground], None),
        Outcome::NotAllowed { set, nearest } => ("IMPLICIT_DENY", Some(set), Vec::new(), nearest),
    };
    model::DecisionDescription {
        time: record.time,
        principal: principal.arn().map_or_else(|| principal.user_id(), |arn| arn.to_string()),
        action: record.action.into_owned(),
        resource: record.resource,
        outcome: outcome.to_owned(),
        policy_type: policy_type.map(kind),
        statements: Some(statements.iter().map(statement).collect()),
        nearest: nearest.map(near),
    }
}

fn kind(set: PolicySet) -> String {
    let kind = match set {
        PolicySet::Identity => "IDENTITY",
        PolicySet::Resource => "RESOURCE",
        PolicySet::Boundary => "BOUNDARY",
        PolicySet::Session => "SESSION",
    };
    kind.to_owned()
}

fn statement(ground: &Ground) -> model::StatementDescription {
    model::StatementDescription {
        policy_type: kind(ground.set),
        policy: ground.policy.as_deref().map(str::to_owned),
        statement: i32::try_from(ground.statement).unwrap_or(i32::MAX),
        sid: ground.sid.as_deref().map(str::to_owned),
        conditions: Some(ground.conditions.iter().map(condition).collect()),
    }
}

fn condition(condition: &ConditionRecord) -> model::ConditionDescription {
    let ConditionRecord { operator, key, wanted, found } = condition.clone();
    model::ConditionDescription { operator, key, wanted: Some(wanted), found }
}

fn near(miss: NearMiss) -> model::NearestStatement {
    let shown = model::NearestStatement { statement: statement(&miss.ground), ..Default::default() };
    match miss.cause {
        MissCause::Principal => model::NearestStatement { cause: "PRINCIPAL".to_owned(), ..shown },
        MissCause::Resource => model::NearestStatement { cause: "RESOURCE".to_owned(), ..shown },
        MissCause::Condition(ConditionRecord { operator, key, wanted, found }) => model::NearestStatement {
            cause: "CONDITION".to_owned(),
            operator: Some(operator),
            key: Some(key),
            wanted: Some(wanted),
            found,
            ..shown
        },
    }
}
