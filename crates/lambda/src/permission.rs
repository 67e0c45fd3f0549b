//! Policies of functions and layers: documents made of statements that `AddPermission` and its like write.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use weft_policy::Policy;
use weft_service::{Context, Error, Once};
use weft_store::WriteTx;

use crate::errors::invalid_parameter;

/// Bytes of a policy document.
const DOCUMENT_BYTES_MAX: usize = 20_480;

/// A policy's record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PolicyRecord {
    pub(crate) statements: Vec<Statement>,
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Statement {
    pub(crate) sid: String,
    /// The whole statement, as JSON. A user or role stands in it by its unique id; older builds wrote ARNs.
    pub(crate) text: String,
}

/// What a statement is made from. All statements allow.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) sid: String,
    /// `*`, an account's digits, an ARN, or a service's name.
    pub(crate) principal: String,
    pub(crate) action: String,
    pub(crate) resource: String,
    /// Operator, key and value.
    pub(crate) conditions: Vec<(&'static str, &'static str, String)>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Written<'a> {
    sid: &'a str,
    effect: &'a str,
    principal: Value,
    action: &'a str,
    resource: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    condition: BTreeMap<&'a str, BTreeMap<&'a str, &'a str>>,
}

impl Grant {
    /// The statement, or AWS's error where the principal can be none.
    pub(crate) fn into_statement(self) -> Result<Statement, Error> {
        let mut condition: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for (operator, key, value) in &self.conditions {
            condition.entry(*operator).or_default().insert(*key, value.as_str());
        }
        let written = Written {
            sid: &self.sid,
            effect: "Allow",
            principal: principal(&self.principal).ok_or_else(bad_principal)?,
            action: &self.action,
            resource: &self.resource,
            condition,
        };
        let text = serde_json::to_string(&written).map_err(Error::internal)?;
        let alone = PolicyRecord { statements: vec![Statement { sid: self.sid, text }] };
        // Whatever is stored can be read when somebody invokes.
        Policy::parse(&alone.document()).map_err(|error| bad_principal().with_cause(error))?;
        alone.statements.into_iter().next().ok_or_else(bad_principal)
    }
}

impl Statement {
    /// The statement as it is stored: bound to the user or role that it names, which must exist.
    pub(crate) async fn bound(&self, cx: &Context) -> Result<Self, Error> {
        let (head, tail) = (r#"{"Statement":"#, "}");
        let bound =
            cx.bind_principals(&format!("{head}{}{tail}", self.text)).await?.ok_or_else(bad_principal)?;
        let text =
            bound.strip_prefix(head).and_then(|text| text.strip_suffix(tail)).ok_or_else(bad_principal)?;
        Ok(Self { sid: self.sid.clone(), text: text.to_owned() })
    }
}

fn bad_principal() -> Error {
    invalid_parameter("The provided principal was invalid. Please check the principal and try again.")
}

fn principal(text: &str) -> Option<Value> {
    if text == "*" {
        Some(json!("*"))
    } else if text.starts_with("arn:") {
        Some(json!({ "AWS": text }))
    } else if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        Some(json!({ "AWS": format!("arn:aws:iam::{text}:root") }))
    } else {
        text.contains('.').then(|| json!({ "Service": text }))
    }
}

impl PolicyRecord {
    /// The document.
    pub(crate) fn document(&self) -> String {
        let statements: Vec<&str> = self.statements.iter().map(|statement| statement.text.as_str()).collect();
        format!(r#"{{"Version":"2012-10-17","Id":"default","Statement":[{}]}}"#, statements.join(","))
    }

    /// The document, read.
    pub(crate) fn policy(&self) -> Result<Policy, Error> {
        Policy::parse(&self.document()).map_err(Error::internal)
    }

    /// Adds a statement, within the limit.
    pub(crate) fn add(&mut self, statement: Statement) -> Result<(), Error> {
        if self.statements.iter().any(|there| there.sid == statement.sid) {
            let message = format!(
                "The statement id ({}) provided already exists. Please provide a new statement id, or remove the \
                 existing statement.",
                statement.sid
            );
            return Err(Error::new("ResourceConflictException", message).with_status(409));
        }
        self.statements.push(statement);
        let length = self.document().len();
        if length > DOCUMENT_BYTES_MAX {
            let message =
                format!("The final policy size ({length}) is bigger than the limit ({DOCUMENT_BYTES_MAX}).");
            return Err(Error::new("PolicyLengthExceededException", message).with_status(400));
        }
        Ok(())
    }

    /// Adds a statement once for each step of a plan.
    pub(crate) fn add_once(
        &mut self,
        tx: &mut WriteTx<'_>,
        once: &Once,
        statement: Statement,
    ) -> Result<(), Error> {
        let sid = statement.sid.clone();
        let there = self.statements.iter().any(|there| there.sid == sid).then_some(());
        once.make(tx, |_, _| Ok(there), |_| self.add(statement).map(|()| (sid, ())))
    }

    /// Removes a statement.
    pub(crate) fn remove(&mut self, sid: &str) -> Result<(), Error> {
        let before = self.statements.len();
        self.statements.retain(|statement| statement.sid != sid);
        if self.statements.len() < before {
            return Ok(());
        }
        let message = format!("Statement {sid} is not found in resource policy.");
        Err(Error::new("ResourceNotFoundException", message).with_status(404))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(principal: &str) -> Grant {
        Grant {
            sid: "first-1".to_owned(),
            principal: principal.to_owned(),
            action: "lambda:InvokeFunction".to_owned(),
            resource: "arn:aws:lambda:us-east-1:000000000000:function:hello".to_owned(),
            conditions: Vec::new(),
        }
    }

    fn check(principal: &str, expected: Option<Value>) {
        let statement = grant(principal).into_statement().map_err(|error| error.code());
        let found = statement
            .map(|statement| serde_json::from_str::<Value>(&statement.text).unwrap()["Principal"].clone());
        assert_eq!(found, expected.ok_or("InvalidParameterValueException"), "{principal}");
    }

    #[test]
    fn a_principal_is_everybody_an_account_an_arn_or_a_service() {
        check("*", Some(json!("*")));
        check("111122223333", Some(json!({ "AWS": "arn:aws:iam::111122223333:root" })));
        check("arn:aws:iam::111122223333:role/r", Some(json!({ "AWS": "arn:aws:iam::111122223333:role/r" })));
        check("s3.amazonaws.com", Some(json!({ "Service": "s3.amazonaws.com" })));
        check("somebody", None);
        check("arn:aws:s3:::bucket", None);
    }

    #[test]
    fn conditions_of_one_operator_stand_together() {
        let conditions = vec![
            ("StringEquals", "AWS:SourceAccount", "000000000000".to_owned()),
            ("ArnLike", "AWS:SourceArn", "arn:aws:s3:::b".to_owned()),
            ("StringEquals", "lambda:EventSourceToken", "t".to_owned()),
        ];
        let statement = Grant { conditions, ..grant("s3.amazonaws.com") }.into_statement().unwrap();
        let expected = concat!(
            r#"{"Sid":"first-1","Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"lambda:InvokeFunction","#,
            r#""Resource":"arn:aws:lambda:us-east-1:000000000000:function:hello","Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::b"},"#,
            r#""StringEquals":{"AWS:SourceAccount":"000000000000","lambda:EventSourceToken":"t"}}}"#
        );
        assert_eq!(statement.text, expected);
    }

    #[test]
    fn a_policy_has_a_limit_and_each_statement_once() {
        let mut policy = PolicyRecord::default();
        policy.add(grant("*").into_statement().unwrap()).unwrap();
        let again = policy.clone().add(grant("*").into_statement().unwrap());
        assert_eq!(again.map_err(|error| error.code()), Err("ResourceConflictException"));
        let refused = (0..1000).find_map(|n| {
            let statement = Grant { sid: format!("s{n}"), ..grant("*") }.into_statement().unwrap();
            policy.add(statement).err()
        });
        assert_eq!(refused.map(|error| error.code()), Some("PolicyLengthExceededException"));
        assert_eq!(policy.remove("nobody").map_err(|error| error.code()), Err("ResourceNotFoundException"));
        policy.remove("first-1").unwrap();
        assert!(policy.policy().is_ok());
    }
}
