//! Subscription filters: which of a group's events go to a function, and what of them is still to be sent.
//!
//! A segment that arrives in a group with filters leaves a row for each in the same transaction, which goes once the
//! function's service has taken the events. So what was acknowledged is delivered at least once, whatever dies meanwhile,
//! and what waits are rows of some hundred bytes, however many events they stand for.

use serde::{Deserialize, Serialize};
use weft_model::logs as model;
use weft_service::Error;
use weft_store::{Record, StoreError, Table, WriteTx};
use weft_types::{Arn, Timestamp};

use crate::errors::{self, invalid_parameter};
use crate::names::GroupName;
use crate::tables::{Group, GroupId, GroupKey, StreamId};

/// Filters of one group.
pub(crate) const FILTERS_MAX: usize = 2;

/// A filter's number.
pub(crate) type FilterId = u64;
/// Filter, when the events arrived, their stream, segment, and the first one's number in it.
pub(crate) type PendingKey = (FilterId, i64, StreamId, u64, u64);

pub(crate) const FILTERS: Table<(GroupId, String), Filter> = Table::new("filters");
/// Where a filter is, by its number.
pub(crate) const OWNERS: Table<(FilterId,), Owner> = Table::new("filter-owners");
/// What is still to be sent.
pub(crate) const PENDING: Table<PendingKey, Pending> = Table::new("pending");

/// A filter's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Filter {
    pub(crate) id: FilterId,
    pub(crate) pattern: String,
    pub(crate) destination: String,
    pub(crate) role: Option<String>,
    pub(crate) distribution: Option<String>,
    pub(crate) transformed: Option<bool>,
    /// Which events it takes by their system fields; see [`crate::pattern::criteria`].
    #[serde(default)]
    pub(crate) criteria: Option<String>,
    /// The system fields that are sent with events.
    #[serde(default)]
    pub(crate) system_fields: Option<Vec<String>>,
    pub(crate) created: Timestamp,
}

/// A filter's group and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owner {
    pub(crate) group: GroupKey,
    pub(crate) name: String,
}

/// Events that arrived together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) group: GroupId,
    pub(crate) stream: String,
    /// The time of the segment's last event when they arrived; it may have grown since.
    pub(crate) last: i64,
    pub(crate) count: u64,
    /// Their texts and 26 for each.
    #[serde(default)]
    pub(crate) bytes: u64,
}

impl Record for Filter {}
impl Record for Owner {}
impl Record for Pending {}

/// Notes for each of the group's filters that a run of events arrived.
pub(crate) fn note(
    tx: &mut WriteTx<'_>,
    group: &Group,
    arrived: i64,
    (stream, segment, from): (StreamId, u64, u64),
    pending: &Pending,
) -> Result<(), StoreError> {
    group
        .subscriptions
        .iter()
        .try_for_each(|filter| PENDING.insert(tx, &(*filter, arrived, stream, segment, from), pending))
}

/// Removes all filters of a group that goes. What was to be sent goes when it is looked at.
pub(crate) fn remove_all(tx: &mut WriteTx<'_>, group: &Group) -> Result<(), StoreError> {
    for (key, filter) in FILTERS.query(&(group.id,)).limit(FILTERS_MAX).rows(tx)? {
        FILTERS.remove(tx, &key)?;
        OWNERS.remove(tx, &(filter.id,))?;
    }
    Ok(())
}

impl Filter {
    /// The filter as the API shows it.
    pub(crate) fn describe(self, group: &GroupName, name: String) -> model::SubscriptionFilter {
        model::SubscriptionFilter {
            filter_name: Some(name),
            log_group_name: Some(group.name.clone()),
            filter_pattern: Some(self.pattern),
            destination_arn: Some(self.destination),
            role_arn: self.role,
            distribution: Some(self.distribution.unwrap_or_else(|| "ByLogStream".to_owned())),
            apply_on_transformed_logs: Some(self.transformed.unwrap_or(false)),
            creation_time: Some(self.created.as_millis()),
            field_selection_criteria: self.criteria,
            emit_system_fields: self.system_fields,
        }
    }
}

/// Checks where a filter of `group` is to send events: a function of the same account and region. The messages are AWS's.
pub(crate) fn check_destination(text: &str, group: &GroupName) -> Result<(), Error> {
    let arn = Arn::parse(text)
        .map_err(|_| invalid_parameter(format!("The destination ARN {text} is not an ARN.")))?;
    let inactive = |what: &str, which: &str| {
        invalid_parameter(format!(
            "Could not deliver test message to specified {what} stream. Check if the given {which} stream is in ACTIVE state."
        ))
    };
    match arn.service() {
        "lambda" => check_function(&arn, group),
        "kinesis" => Err(inactive("Kinesis", "kinesis")),
        "firehose" => Err(inactive("Firehose", "Firehose")),
        "logs" => Err(errors::no_destination()),
        other => Err(invalid_parameter(format!(
            "PutSubscriptionFilter operation cannot work with destinationArn for vendor {other}"
        ))),
    }
}

fn check_function(arn: &Arn, group: &GroupName) -> Result<(), Error> {
    let function = arn.resource().strip_prefix("function:").and_then(|rest| rest.split(':').next());
    let here = arn.region() == group.region.as_str() && arn.account() == group.account.to_string();
    let Some(function) = function.filter(|name| here && !name.is_empty()) else {
        return Err(invalid_parameter(format!(
            "The destination {arn} is not a function of this account and region."
        )));
    };
    if group.name.strip_prefix("/aws/lambda/") == Some(function) {
        return Err(invalid_parameter(
            "The log group provided is reserved for the function logs of the destination function.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use weft_types::{AccountId, Region};

    use super::*;

    #[test]
    fn only_functions_that_can_be_here_are_destinations() {
        let group = GroupName {
            account: AccountId::DEFAULT,
            region: Region::default(),
            name: "/aws/lambda/noisy".to_owned(),
        };
        for (destination, refusal) in [
            ("arn:aws:lambda:us-east-1:000000000000:function:collect", None),
            ("arn:aws:lambda:us-east-1:000000000000:function:collect:live", None),
            ("arn:aws:lambda:us-east-1:000000000000:function:noisy", Some("reserved for the function logs")),
            ("arn:aws:lambda:us-east-1:000000000000:function:noisy:live", Some("reserved for")),
            ("arn:aws:lambda:eu-west-1:000000000000:function:collect", Some("this account and region")),
            ("arn:aws:lambda:us-east-1:111111111111:function:collect", Some("this account and region")),
            ("arn:aws:lambda:us-east-1:000000000000:layer:x", Some("this account and region")),
            ("arn:aws:kinesis:us-east-1:000000000000:stream/s", Some("kinesis stream is in ACTIVE state")),
            (
                "arn:aws:firehose:us-east-1:000000000000:deliverystream/s",
                Some("Firehose stream is in ACTIVE"),
            ),
            ("arn:aws:logs:us-east-1:000000000000:destination:d", Some("destination does not exist")),
            ("arn:aws:sqs:us-east-1:000000000000:q", Some("for vendor sqs")),
            ("collect", Some("is not an ARN")),
        ] {
            let found = check_destination(destination, &group).err().map(|error| error.message().to_owned());
            match refusal {
                None => assert_eq!(found, None, "{destination}"),
                Some(text) => assert!(found.is_some_and(|found| found.contains(text)), "{destination}"),
            }
        }
    }
}
