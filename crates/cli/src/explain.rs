//! `weft explain`: why a request was allowed or refused.

use std::fmt::Write as _;

use serde_json::{Value, json};
use weft_model::weft::{
    ConditionDescription, DecisionDescription, DescribeDecisionRequest, DescribeDecisionResponse,
    NearestStatement, StatementDescription,
};

use crate::args::ExplainArgs;
use crate::client::Client;
use crate::connect::Connection;
use crate::failure::Failure;

/// Prints every decision of a request. One that is not known any more fails, with what to do about it.
pub(crate) async fn run(args: &ExplainArgs) -> Result<(), Failure> {
    let client = Client::new(Connection::find(&args.connect)?);
    let input = DescribeDecisionRequest { request_id: args.request_id.trim().to_owned() };
    let found: DescribeDecisionResponse = match client.call("weft", "DescribeDecision", input).await {
        Err(error) if error.is_not_found() => return Err(Failure::Told(unknown(&args.request_id))),
        answer => answer?,
    };
    let decisions = found.decisions.unwrap_or_default();
    if args.json {
        let decisions: Vec<Value> = decisions.iter().map(as_json).collect();
        println!("{}", json!({"requestId": found.request_id, "decisions": decisions}));
    } else {
        print!("{}", decisions.iter().map(as_text).collect::<Vec<_>>().join("\n"));
    }
    Ok(())
}

fn unknown(request_id: &str) -> String {
    format!(
        "no decision is known for the request `{request_id}`\n\
         The server keeps the latest 8,000 that allowed and 2,000 that refused something, until it stops.\n\
         The id is in the answer's header `x-amzn-requestid` and in the error that the aws CLI prints with `--debug`;\n\
         send the request again and explain it at once. A wrong key or signature is refused before any decision."
    )
}

fn as_json(decision: &DecisionDescription) -> Value {
    let condition = |c: &ConditionDescription| json!({"operator": c.operator, "key": c.key, "wanted": c.wanted, "found": c.found});
    let statement = |s: &StatementDescription| {
        let conditions: Vec<Value> = s.conditions.iter().flatten().map(condition).collect();
        json!({
            "policyType": s.policy_type, "policy": s.policy, "statement": s.statement, "sid": s.sid,
            "conditions": conditions,
        })
    };
    let nearest = decision.nearest.as_ref().map(|near| {
        json!({
            "statement": statement(&near.statement), "cause": near.cause, "operator": near.operator, "key": near.key,
            "wanted": near.wanted, "found": near.found,
        })
    });
    json!({
        "time": decision.time.iso8601(), "principal": decision.principal, "action": decision.action,
        "resource": decision.resource, "outcome": decision.outcome, "policyType": decision.policy_type,
        "statements": decision.statements.iter().flatten().map(statement).collect::<Vec<_>>(), "nearest": nearest,
    })
}

fn as_text(decision: &DecisionDescription) -> String {
    let DecisionDescription { principal, action, resource, .. } = decision;
    let verdict = if decision.outcome == "ALLOWED" { "allowed" } else { "denied" };
    let mut text = format!("{verdict}  {action}\n  on      {resource}\n  for     {principal}\n");
    let kind = policy_kind(decision.policy_type.as_deref());
    let statements: Vec<_> = decision.statements.iter().flatten().collect();
    match decision.outcome.as_str() {
        "ALLOWED" if statements.is_empty() => {
            text.push_str("  because the account's root, or the resource itself, needs no policy\n");
        }
        "ALLOWED" => statements.iter().for_each(|statement| {
            let _ = writeln!(text, "  because {} allows it", place(statement));
            conditions(statement, &mut text);
        }),
        "EXPLICIT_DENY" => statements.iter().for_each(|statement| {
            let _ = writeln!(text, "  because {} denies it, and a denial always wins", place(statement));
            conditions(statement, &mut text);
        }),
        _ => {
            let _ = writeln!(text, "  because no {kind} allows it");
        }
    }
    if let Some(near) = &decision.nearest {
        text.push_str(&nearest(near));
    }
    text
}

/// The statement that came nearest, and what it failed for.
fn nearest(near: &NearestStatement) -> String {
    let place = place(&near.statement);
    let why = match near.cause.as_str() {
        "PRINCIPAL" => "but does not name the caller".to_owned(),
        "RESOURCE" => "but for other resources".to_owned(),
        _ => {
            let wanted = near.wanted.clone().unwrap_or_default().join(" or ");
            let found = has(near.found.as_deref());
            let operator = near.operator.as_deref().unwrap_or("a condition");
            let key = near.key.as_deref().unwrap_or("a key");
            format!("but wants {operator} {key} {wanted}, and {found}")
        }
    };
    format!("  nearest {place} allows the action, {why}\n")
}

/// The conditions under which a statement decided, each with what the request had.
fn conditions(statement: &StatementDescription, text: &mut String) {
    for condition in statement.conditions.iter().flatten() {
        let ConditionDescription { operator, key, wanted, found } = condition;
        let wanted = wanted.clone().unwrap_or_default().join(" or ");
        let _ = writeln!(text, "  where   {operator} {key} {wanted}, and {}", has(found.as_deref()));
    }
}

/// What a request has for a condition key.
fn has(found: Option<&[String]>) -> String {
    match found {
        None => "the request does not have it".to_owned(),
        Some([]) => "the request has it without a value".to_owned(),
        Some(values) => format!("the request has {}", values.join(", ")),
    }
}

/// A statement's place: its policy, its number as people count, its `Sid`.
fn place(statement: &StatementDescription) -> String {
    let kind = policy_kind(Some(&statement.policy_type));
    let policy = statement.policy.as_ref().map(|name| format!(" `{name}`")).unwrap_or_default();
    let sid = statement.sid.as_ref().filter(|sid| !sid.is_empty());
    let sid = sid.map(|sid| format!(" ({sid})")).unwrap_or_default();
    format!("statement {}{sid} of the {kind}{policy}", statement.statement.saturating_add(1))
}

fn policy_kind(kind: Option<&str>) -> &'static str {
    match kind {
        Some("RESOURCE") => "resource-based policy",
        Some("BOUNDARY") => "permissions boundary",
        Some("SESSION") => "session policy",
        _ => "identity-based policy",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(kind: &str, sid: Option<&str>) -> StatementDescription {
        StatementDescription {
            policy_type: kind.to_owned(),
            policy: Some("rights".to_owned()),
            statement: 1,
            sid: sid.map(str::to_owned),
            conditions: None,
        }
    }

    /// A condition by a tag that a resource has.
    fn by_tag() -> ConditionDescription {
        let (operator, key) = ("StringEquals".to_owned(), "aws:ResourceTag/team".to_owned());
        let red = || Some(vec!["red".to_owned()]);
        ConditionDescription { operator, key, wanted: red(), found: red() }
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut DecisionDescription), expected: &str) {
        let mut decision = DecisionDescription {
            principal: "arn:aws:iam::000000000000:user/ada".to_owned(),
            action: "lambda:GetFunction".to_owned(),
            resource: "*".to_owned(),
            ..Default::default()
        };
        change(&mut decision);
        let text = as_text(&decision);
        let tail = text.splitn(4, '\n').nth(3).unwrap_or_default();
        assert_eq!(tail, expected, "{text}");
    }

    #[test]
    fn a_decision_reads_as_what_who_and_why() {
        check(
            |decision| {
                decision.outcome = "ALLOWED".to_owned();
                decision.statements = Some(vec![statement("IDENTITY", Some("Read"))]);
            },
            "  because statement 2 (Read) of the identity-based policy `rights` allows it\n",
        );
        check(
            |decision| {
                decision.outcome = "EXPLICIT_DENY".to_owned();
                let conditions = Some(vec![by_tag()]);
                let statement = StatementDescription { conditions, ..statement("BOUNDARY", None) };
                decision.statements = Some(vec![statement]);
            },
            "  because statement 2 of the permissions boundary `rights` denies it, and a denial always wins\n  where   StringEquals aws:ResourceTag/team red, and the request has red\n",
        );
        check(
            |decision| {
                decision.outcome = "IMPLICIT_DENY".to_owned();
                decision.policy_type = Some("SESSION".to_owned());
                decision.nearest = Some(NearestStatement {
                    statement: statement("SESSION", None),
                    cause: "CONDITION".to_owned(),
                    operator: Some("IpAddress".to_owned()),
                    key: Some("aws:SourceIp".to_owned()),
                    wanted: Some(vec!["10.0.0.0/8".to_owned()]),
                    found: Some(vec!["192.0.2.1".to_owned()]),
                });
            },
            "  because no session policy allows it\n  nearest statement 2 of the session policy `rights` allows the action, but wants IpAddress aws:SourceIp 10.0.0.0/8, and the request has 192.0.2.1\n",
        );
    }
}
