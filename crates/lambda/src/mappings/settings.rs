//! What requests set of event source mappings, checked by the kind of the source.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use weft_events::EventPattern;
use weft_model::lambda as model;
use weft_service::Error;
use weft_types::{Arn, Timestamp};

use crate::errors::{invalid_parameter, not_implemented, validation};
use crate::mappings::batch::Rules;
use crate::mappings::source::Position;

/// Filters of one mapping.
const FILTERS_MAX: usize = 10;

/// What a source is, as far as settings differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    Queue,
    FifoQueue,
    Kinesis,
    Dynamo,
}

impl Kind {
    /// The kind that an ARN names, or AWS's refusal.
    pub(crate) fn of(arn: &Arn) -> Result<Self, Error> {
        match arn.service() {
            "sqs" if arn.resource().rsplit_once('.').is_some_and(|(_, end)| end == "fifo") => {
                Ok(Self::FifoQueue)
            }
            "sqs" => Ok(Self::Queue),
            "kinesis" => Ok(Self::Kinesis),
            "dynamodb" if arn.resource().contains("/stream/") => Ok(Self::Dynamo),
            "kafka" | "mq" | "rds" => {
                Err(not_implemented("Event source mappings of Kafka, MQ and DocumentDB are"))
            }
            _ => Err(invalid_parameter("Unrecognized event source.")),
        }
    }

    pub(crate) fn is_stream(self) -> bool {
        matches!(self, Self::Kinesis | Self::Dynamo)
    }

    /// AWS's error for a source that is not there.
    pub(crate) fn missing(self, arn: &Arn) -> Error {
        invalid_parameter(match self {
            Self::Queue | Self::FifoQueue => {
                "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error \
                 Message: The specified queue does not exist."
                    .to_owned()
            }
            Self::Kinesis | Self::Dynamo => format!("Stream not found: {arn}"),
        })
    }
}

/// Settings as they are stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MappingSettings {
    pub(crate) kind: Kind,
    pub(crate) batch_size: u32,
    pub(crate) window_seconds: u32,
    /// Patterns, as they were sent.
    pub(crate) filters: Vec<String>,
    pub(crate) reports_failures: bool,
    pub(crate) bisects: bool,
    /// None for ever.
    pub(crate) retries: Option<u32>,
    /// None for ever.
    pub(crate) age_seconds: Option<u32>,
    /// Batches of a queue that may be under way at a time.
    pub(crate) concurrency_max: Option<u32>,
    /// Batches of a stream's part that may be under way at a time: 1 to 10.
    #[serde(default = "one")]
    pub(crate) factor: u32,
    /// The length of a stream's tumbling windows: up to 900; 0 for none.
    #[serde(default)]
    pub(crate) tumbling_seconds: u32,
    /// `TRIM_HORIZON`, `LATEST` or `AT_TIMESTAMP`; none for queues.
    pub(crate) starting_position: Option<String>,
    pub(crate) starting_time: Option<Timestamp>,
}

fn one() -> u32 {
    1
}

/// What a request sets; what it does not name stays as it is.
#[derive(Debug, Default)]
pub(crate) struct MappingChange {
    pub(crate) batch_size: Option<i32>,
    pub(crate) window_seconds: Option<i32>,
    pub(crate) filters: Option<Vec<String>>,
    pub(crate) response_types: Option<Vec<String>>,
    pub(crate) bisects: Option<bool>,
    pub(crate) retries: Option<i32>,
    pub(crate) age_seconds: Option<i32>,
    pub(crate) scaling: Option<model::ScalingConfig>,
    pub(crate) factor: Option<i32>,
    pub(crate) tumbling_seconds: Option<i32>,
}

impl MappingSettings {
    /// The settings of a new mapping.
    pub(crate) fn new(
        kind: Kind,
        position: Option<String>,
        time: Option<Timestamp>,
        change: &MappingChange,
    ) -> Result<Self, Error> {
        match position.as_deref() {
            Some(_) if !kind.is_stream() => {
                return Err(invalid_parameter("StartingPosition is not valid for SQS event sources."));
            }
            None if kind.is_stream() => return Err(validation("null", "startingPosition", "not be null")),
            Some("AT_TIMESTAMP") if kind == Kind::Dynamo => {
                return Err(invalid_parameter(
                    "Unsupported starting position for dynamodb stream: AT_TIMESTAMP",
                ));
            }
            Some("AT_TIMESTAMP") if time.is_none() => {
                return Err(invalid_parameter("StartingPositionTimestamp is required for AT_TIMESTAMP."));
            }
            _ => {}
        }
        let settings = Self {
            kind,
            batch_size: if kind.is_stream() { 100 } else { 10 },
            window_seconds: 0,
            filters: Vec::new(),
            reports_failures: false,
            bisects: false,
            retries: None,
            age_seconds: None,
            concurrency_max: None,
            factor: 1,
            tumbling_seconds: 0,
            starting_position: position,
            starting_time: time,
        };
        settings.with(change)
    }

    /// The settings after a change, or what is wrong with it.
    pub(crate) fn with(&self, change: &MappingChange) -> Result<Self, Error> {
        let mut new = self.clone();
        new.apply_batching(change)?;
        new.apply_failures(change)?;
        new.apply_streams(change)?;
        if let Some(filters) = &change.filters {
            check_filters(filters)?;
            new.filters.clone_from(filters);
        }
        if let Some(types) = &change.response_types {
            new.reports_failures = types.iter().any(|kind| kind == "ReportBatchItemFailures");
        }
        if let Some(scaling) = &change.scaling {
            if self.kind.is_stream() {
                return Err(unsupported("ScalingConfig"));
            }
            new.concurrency_max = number(scaling.maximum_concurrency);
        }
        Ok(new)
    }

    fn apply_batching(&mut self, change: &MappingChange) -> Result<(), Error> {
        self.batch_size = number(change.batch_size).unwrap_or(self.batch_size);
        self.window_seconds = number(change.window_seconds).unwrap_or(self.window_seconds);
        match self.kind {
            Kind::FifoQueue if self.window_seconds > 0 => {
                Err(invalid_parameter("Batching window is not supported for FIFO queues."))
            }
            Kind::FifoQueue if self.batch_size > 10 => {
                Err(invalid_parameter("Maximum batch size for FIFO queues is 10."))
            }
            Kind::Queue if self.batch_size > 10 && self.window_seconds == 0 => Err(invalid_parameter(
                "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10",
            )),
            _ => Ok(()),
        }
    }

    fn apply_failures(&mut self, change: &MappingChange) -> Result<(), Error> {
        if !self.kind.is_stream() {
            let refused = [
                (change.bisects.unwrap_or(false), "BisectBatchOnFunctionError"),
                (change.retries.is_some(), "MaximumRetryAttempts"),
                (change.age_seconds.is_some(), "MaximumRecordAgeInSeconds"),
            ];
            return match refused.into_iter().find(|(is_set, _)| *is_set) {
                Some((_, name)) => Err(unsupported(name)),
                None => Ok(()),
            };
        }
        self.bisects = change.bisects.unwrap_or(self.bisects);
        if let Some(retries) = change.retries {
            self.retries = number(Some(retries));
        }
        if let Some(seconds) = change.age_seconds {
            if (0..60).contains(&seconds) {
                return Err(invalid_parameter(
                    "MaximumRecordAgeInSeconds must be -1 or between 60 and 604800.",
                ));
            }
            self.age_seconds = number(Some(seconds));
        }
        Ok(())
    }

    fn apply_streams(&mut self, change: &MappingChange) -> Result<(), Error> {
        self.factor = number(change.factor).unwrap_or(self.factor);
        self.tumbling_seconds = number(change.tumbling_seconds).unwrap_or(self.tumbling_seconds);
        let is_stream = self.kind.is_stream();
        match (self.factor > 1, self.tumbling_seconds > 0) {
            (true, _) if !is_stream => Err(unsupported("ParallelizationFactor")),
            (_, true) if !is_stream => Err(unsupported("TumblingWindowInSeconds")),
            // One state goes from batch to batch.
            (true, true) => Err(invalid_parameter(
                "ParallelizationFactor must be 1 where TumblingWindowInSeconds is greater than 0.",
            )),
            _ => Ok(()),
        }
    }

    /// How batches are made and judged.
    pub(crate) fn rules(&self) -> Rules {
        let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
        Rules {
            size: self.batch_size.max(1) as usize,
            lanes: self.factor as usize,
            tumbling: Some(seconds(self.tumbling_seconds)).filter(|length| !length.is_zero()),
            window: seconds(self.window_seconds),
            ordered: self.kind.is_stream(),
            reports_failures: self.reports_failures,
            bisects: self.bisects,
            retries: self.retries,
            age_max: self.age_seconds.map(seconds),
        }
    }

    /// Where reading begins where nothing was read yet.
    pub(crate) fn position(&self) -> Position {
        match (self.starting_position.as_deref(), self.starting_time) {
            (Some("LATEST"), _) => Position::Latest,
            (Some("AT_TIMESTAMP"), Some(time)) => Position::At(time),
            _ => Position::TrimHorizon,
        }
    }

    /// The filters, as they decide.
    pub(crate) fn patterns(&self) -> Vec<EventPattern> {
        self.filters.iter().filter_map(|text| EventPattern::parse(text).ok()).collect()
    }
}

/// Parses `FilterCriteria`; no filters let everything through.
pub(crate) fn parse_filters(criteria: Option<model::FilterCriteria>) -> Option<Vec<String>> {
    let filters = criteria?.filters.unwrap_or_default();
    Some(filters.into_iter().filter_map(|filter| filter.pattern).collect())
}

fn check_filters(filters: &[String]) -> Result<(), Error> {
    if filters.len() > FILTERS_MAX {
        return Err(invalid_parameter(format!("A mapping has at most {FILTERS_MAX} filters.")));
    }
    for filter in filters {
        EventPattern::parse(filter).map_err(|error| {
            invalid_parameter(format!("Invalid filter pattern definition. {}", error.reason()))
        })?;
    }
    Ok(())
}

fn number(value: Option<i32>) -> Option<u32> {
    value.and_then(|value| u32::try_from(value).ok())
}

fn unsupported(name: &str) -> Error {
    invalid_parameter(format!("Unsupported {name} parameter for given event source mapping type."))
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
