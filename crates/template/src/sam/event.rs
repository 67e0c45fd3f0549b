//! The events of a function, by their type.

use serde_json::{Map, Value};

use super::function_parts::Target;
use super::policy::Role;
use super::{Sam, invalid, pull, push, route, schedule};
use crate::cloudformation::TemplateError;

/// An event of a function.
pub(super) struct Source<'a> {
    /// The function's name.
    pub(super) function: &'a str,
    /// Its name and the event's.
    pub(super) id: String,
    pub(super) kind: &'a str,
    pub(super) given: &'a Value,
    /// The function's resource.
    pub(super) resource: &'a Value,
    pub(super) target: &'a Target,
}

impl<'a> Source<'a> {
    pub(super) fn new(
        function: &'a str,
        event: &str,
        body: &'a Value,
        resource: &'a Value,
        target: &'a Target,
    ) -> Result<Self, TemplateError> {
        let kind = body.get("Type").and_then(Value::as_str);
        let kind = kind.ok_or_else(|| {
            invalid(
                function,
                &format!("Event with id [{event}] is invalid. Resource dict is missing key 'Type'."),
            )
        })?;
        let given = body.get("Properties").unwrap_or(&Value::Null);
        Ok(Self { function, id: format!("{function}{event}"), kind, given, resource, target })
    }

    /// A property that must be there.
    pub(super) fn required(&self, name: &str) -> Result<&'a Value, TemplateError> {
        let value = self.given.get(name).filter(|value| !value.is_null());
        value.ok_or_else(|| self.wrong(&format!("Missing required property '{name}'.")))
    }

    /// An error about this event.
    pub(super) fn wrong(&self, why: &str) -> TemplateError {
        let event = self.id.strip_prefix(self.function).unwrap_or(&self.id);
        invalid(self.function, &format!("Event with id [{event}] is invalid. {why}"))
    }
}

/// Makes what an event takes.
pub(super) fn make(
    sam: &mut Sam<'_>,
    source: &Source<'_>,
    role: &mut Role,
    resources: &Map<String, Value>,
) -> Result<(), TemplateError> {
    match source.kind {
        "Api" => route::rest(sam, source, resources),
        "HttpApi" => route::http(sam, source, resources),
        "S3" => push::bucket(sam, source),
        "SNS" => push::topic(sam, source),
        "Schedule" => push::schedule(sam, source),
        "ScheduleV2" => schedule::make(sam, source),
        "EventBridgeRule" | "CloudWatchEvent" => push::rule(sam, source),
        "CloudWatchLogs" => push::log(sam, source),
        "SQS" | "DynamoDB" | "Kinesis" => pull::mapping(sam, source, role),
        kind => Err(source.wrong(&format!("Events of the type {kind} are not built"))),
    }
}
