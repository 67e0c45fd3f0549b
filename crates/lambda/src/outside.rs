//! Settings that name things outside of Lambda: networks, keys, queues.
//!
//! They are checked, kept and shown. A network and a key change nothing here: workers have a network of their own, and
//! what is stored is as safe as the data folder.

use serde::{Deserialize, Serialize};
use weft_model::lambda as model;
use weft_service::Error;
use weft_types::Arn;

use crate::change::Change;
use crate::errors::invalid_parameter;

/// Such settings as they are stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outside {
    #[serde(default)]
    pub(crate) vpc: Option<Vpc>,
    /// The ARN of a queue or a topic that takes events that could not be handled.
    #[serde(default)]
    pub(crate) dead_letter: Option<String>,
    #[serde(default)]
    pub(crate) kms_key: Option<String>,
}

/// `VpcConfig`; both lists have entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Vpc {
    subnets: Vec<String>,
    security_groups: Vec<String>,
    ipv6: bool,
}

/// Settings that a request names: each is set, or taken away.
#[derive(Debug, Default)]
pub(crate) struct OutsideChanges {
    vpc: Change<Vpc>,
    dead_letter: Change<String>,
    kms_key: Change<String>,
}

impl OutsideChanges {
    pub(crate) fn parse(
        vpc: Option<model::VpcConfig>,
        dead_letters: Option<model::DeadLetterConfig>,
        kms_key: Option<String>,
    ) -> Result<Self, Error> {
        let text = |text: String| Some(text).filter(|text| !text.is_empty());
        let mut changes = Self::default();
        if let Some(vpc) = vpc {
            changes.vpc = Change::to(parse_vpc(vpc)?);
        }
        if let Some(config) = dead_letters {
            let target = config.target_arn.and_then(text);
            target.as_deref().map_or(Ok(()), check_dead_letter)?;
            changes.dead_letter = Change::to(target);
        }
        if let Some(key) = kms_key {
            changes.kms_key = Change::to(text(key));
        }
        Ok(changes)
    }

    pub(crate) fn apply(&self, outside: &mut Outside) {
        self.vpc.apply(&mut outside.vpc);
        self.dead_letter.apply(&mut outside.dead_letter);
        self.kms_key.apply(&mut outside.kms_key);
    }
}

impl Outside {
    /// What is shown of the network. It has no id: there is none.
    pub(crate) fn describe_vpc(&self) -> Option<model::VpcConfigResponse> {
        let Vpc { subnets, security_groups, ipv6 } = self.vpc.clone()?;
        Some(model::VpcConfigResponse {
            subnet_ids: Some(subnets),
            security_group_ids: Some(security_groups),
            vpc_id: Some(String::new()),
            ipv6_allowed_for_dual_stack: Some(ipv6),
        })
    }

    pub(crate) fn describe_dead_letters(&self) -> Option<model::DeadLetterConfig> {
        let target_arn = Some(self.dead_letter.clone()?);
        Some(model::DeadLetterConfig { target_arn })
    }
}

fn parse_vpc(input: model::VpcConfig) -> Result<Option<Vpc>, Error> {
    let subnets = input.subnet_ids.unwrap_or_default();
    let security_groups = input.security_group_ids.unwrap_or_default();
    if subnets.is_empty() != security_groups.is_empty() {
        return Err(invalid_parameter("SubnetIds and SecurityIds must coexist or be both empty list."));
    }
    let bad = |ids: &[String], prefix: &str| {
        let is_id = |id: &String| {
            id.strip_prefix(prefix).is_some_and(|rest| {
                !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            })
        };
        ids.iter().find(|id| !is_id(id)).cloned()
    };
    if let Some(id) = bad(&subnets, "subnet-") {
        return Err(invalid_parameter(format!("The subnet ID '{id}' is malformed.")));
    }
    if let Some(id) = bad(&security_groups, "sg-") {
        return Err(invalid_parameter(format!("The security group ID '{id}' is malformed.")));
    }
    let ipv6 = input.ipv6_allowed_for_dual_stack == Some(true);
    Ok((!subnets.is_empty()).then_some(Vpc { subnets, security_groups, ipv6 }))
}

/// Whether it is a queue or a topic that keeps an order.
pub(crate) fn is_fifo(arn: &Arn) -> bool {
    arn.resource().rsplit('.').next() == Some("fifo")
}

fn check_dead_letter(text: &str) -> Result<(), Error> {
    let known = |arn: &Arn| matches!(arn.service(), "sqs" | "sns") && !is_fifo(arn);
    if Arn::parse(text).is_ok_and(|arn| known(&arn)) {
        return Ok(());
    }
    Err(invalid_parameter(format!(
        "The provided dead letter target {text} is invalid: it must be the ARN of a standard queue or topic."
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAD: Result<(), &str> = Err("InvalidParameterValueException");

    #[test]
    fn a_network_has_subnets_and_security_groups_or_neither() {
        let check = |subnets: &[&str], groups: &[&str], expected: Result<(), &str>| {
            let list = |ids: &[&str]| Some(ids.iter().map(|id| (*id).to_owned()).collect());
            let vpc = model::VpcConfig {
                subnet_ids: list(subnets),
                security_group_ids: list(groups),
                ipv6_allowed_for_dual_stack: None,
            };
            let found = OutsideChanges::parse(Some(vpc), None, None).map(drop).map_err(|error| error.code());
            assert_eq!(found, expected, "{subnets:?} {groups:?}");
        };
        check(&[], &[], Ok(()));
        check(&["subnet-0a1b"], &["sg-0a1b"], Ok(()));
        check(&["subnet-0a1b"], &[], BAD);
        check(&["net-1"], &["sg-1"], BAD);
        check(&["subnet-1"], &["group"], BAD);
    }

    #[test]
    fn dead_letters_go_to_a_standard_queue_or_topic() {
        let check = |arn: &str, expected: Result<(), &str>| {
            let config = model::DeadLetterConfig { target_arn: Some(arn.to_owned()) };
            let found = OutsideChanges::parse(None, Some(config), None);
            assert_eq!(found.map(drop).map_err(|error| error.code()), expected, "{arn}");
        };
        check("", Ok(()));
        check("arn:aws:sqs:us-east-1:000000000000:failed", Ok(()));
        check("arn:aws:sns:us-east-1:000000000000:failed", Ok(()));
        check("arn:aws:sqs:us-east-1:000000000000:failed.fifo", BAD);
        check("arn:aws:s3:::failed", BAD);
        check("failed", BAD);
    }

    #[test]
    fn what_a_request_does_not_name_stays() {
        let change = |dead_letter: Option<&str>, key: Option<&str>| {
            let target_arn = dead_letter.map(str::to_owned);
            let config = dead_letter.map(|_| model::DeadLetterConfig { target_arn });
            OutsideChanges::parse(None, config, key.map(str::to_owned)).unwrap()
        };
        let (queue, key) =
            ("arn:aws:sqs:us-east-1:000000000000:q", "arn:aws:kms:us-east-1:000000000000:key/a");
        let mut outside = Outside::default();
        change(Some(queue), Some(key)).apply(&mut outside);
        change(None, None).apply(&mut outside);
        assert_eq!((outside.dead_letter.as_deref(), outside.kms_key.as_deref()), (Some(queue), Some(key)));
        change(Some(""), Some("")).apply(&mut outside);
        assert_eq!(outside, Outside::default());
    }
}
