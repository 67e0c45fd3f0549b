//! How long one decision takes over ten statements, as one line of JSON: `cargo run --release --example decide`.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use weft_policy::{ConditionKeys, Found, Policy, PolicyError, Request, evaluate};

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

const ROUNDS: u32 = 200_000;

fn main() -> Result<(), PolicyError> {
    let statement = |n: usize| {
        format!(
            r#"{{"Effect":"Allow","Action":["lambda:Get{n}*","s3:Put{n}*"],"Resource":["arn:aws:lambda:*:*:function:f{n}-*"]}}"#
        )
    };
    let mut statements: Vec<String> = (0..9).map(statement).collect();
    statements.push(
        r#"{"Effect":"Allow","Action":"lambda:Invoke*","Resource":"arn:aws:lambda:us-east-1:*:function:${aws:username}-*",
            "Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}"#
            .to_owned(),
    );
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
    let policies = [Arc::new(Policy::parse(&text)?)];
    let request = Request {
        action: "lambda:InvokeFunction",
        resource: "arn:aws:lambda:us-east-1:000000000000:function:ada-thumbnail",
        conditions: &Keys,
    };
    let begin = Instant::now();
    let allowed =
        (0..ROUNDS).filter(|_| evaluate(black_box(&request), black_box(&policies), &[]).is_allow()).count();
    let nanos = begin.elapsed().as_nanos() / u128::from(ROUNDS);
    println!(
        r#"{{"bench":"policy_decide","statements":10,"rounds":{ROUNDS},"allowed":{allowed},"ns":{nanos}}}"#
    );
    Ok(())
}
