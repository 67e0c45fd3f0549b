//! How long one decision takes over 10, 100 and 1,000 statements, as lines of JSON:
//! `cargo run --release -p weft-policy --example bench_policy`.
//!
//! `mixed`: statements for many actions, of which the last allows the request, with a variable and a condition. `alike`: all
//! statements are for the request's action and resource, and each but the last fails for its condition. `sets`: as `mixed`,
//! with a boundary, a session policy and a resource's policy of the same size beside it.

use std::hint::black_box;
use std::time::{Duration, Instant};

use weft_policy::{
    Caller, ConditionKeys, Found, NamedPolicy, Policies, Policy, PolicyError, Request, ResourceSide, evaluate,
};

struct Keys;

impl ConditionKeys for Keys {
    fn find(&self, key: &str) -> Found<'_> {
        match key {
            "aws:SourceIp" => Found::One("10.1.2.3".into()),
            "aws:username" => Found::One("ada".into()),
            _ => Found::Absent,
        }
    }
}

/// How long each case is measured.
const SPAN: Duration = Duration::from_millis(500);

fn main() -> Result<(), PolicyError> {
    for count in [10, 100, 1000] {
        let various = NamedPolicy::new("mixed", policy(count, mixed)?);
        let alike = NamedPolicy::new("alike", policy(count, alike)?);
        let owner = policy(count, |n, count| {
            mixed(n, count).replacen('{', r#"{"Principal":{"AWS":"000000000000"},"#, 1)
        })?;
        let one = std::slice::from_ref;
        measure("mixed", count, &Policies { identity: one(&various), ..Policies::default() });
        measure("alike", count, &Policies { identity: one(&alike), ..Policies::default() });
        let sets = Policies {
            identity: one(&various),
            boundary: Some(&various),
            session: one(&various),
            resource: ResourceSide::Policy(&owner),
        };
        measure("sets", count, &sets);
    }
    Ok(())
}

fn policy(count: usize, statement: impl Fn(usize, usize) -> String) -> Result<Policy, PolicyError> {
    let statements: Vec<String> = (1..=count).map(|n| statement(n, count)).collect();
    Policy::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(",")))
}

fn mixed(n: usize, count: usize) -> String {
    if n == count {
        return alike(n, count);
    }
    format!(
        r#"{{"Effect":"Allow","Action":["lambda:Get{n}*","s3:Put{n}*"],"Resource":["arn:aws:lambda:*:*:function:f{n}-*"]}}"#
    )
}

fn alike(n: usize, count: usize) -> String {
    let range = if n == count { "10.0.0.0/8".to_owned() } else { format!("11.{}.{}.0/24", n / 256, n % 256) };
    format!(
        r#"{{"Effect":"Allow","Action":"lambda:Invoke*","Resource":"arn:aws:lambda:us-east-1:*:function:${{aws:username}}-*",
            "Condition":{{"IpAddress":{{"aws:SourceIp":"{range}"}}}}}}"#
    )
}

fn measure(case: &str, statements: usize, policies: &Policies<'_>) {
    let request = Request {
        caller: Caller::User {
            account: "000000000000",
            arn: "arn:aws:iam::000000000000:user/ada",
            id: "AIDAADA",
        },
        canonical_user: None,
        action: "lambda:InvokeFunction",
        resource: "arn:aws:lambda:us-east-1:000000000000:function:ada-thumbnail",
        resource_account: Some("000000000000"),
        conditions: &Keys,
    };
    let begin = Instant::now();
    let (mut rounds, mut allowed) = (0_u128, 0_u128);
    while begin.elapsed() < SPAN {
        for _ in 0..100 {
            rounds += 1;
            allowed += u128::from(evaluate(black_box(&request), black_box(policies)).is_allow());
        }
    }
    let nanos = begin.elapsed().as_nanos() / rounds;
    assert_eq!(allowed, rounds, "{case}: the request is to be allowed");
    println!(
        r#"{{"bench":"policy_decision","case":"{case}","statements":{statements},"rounds":{rounds},"ns":{nanos}}}"#
    );
}
