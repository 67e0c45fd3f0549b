//! How functions are invoked asynchronously: retries, age, and where results go.

use serde::{Deserialize, Serialize};
use weft_model::lambda as model;
use weft_service::{Access, Error, Scope, sending_action};
use weft_types::{Arn, Timestamp};

use crate::Lambda;
use crate::errors::{invalid_parameter, not_found};
use crate::events::refused;
use crate::functions::Functions;
use crate::name::{FunctionKey, FunctionRef, LATEST};
use crate::outside::is_fifo;
use crate::tables::EVENT_INVOKES;
use crate::versions::read_found;

/// The record of an event invoke configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EventInvoke {
    /// 0 to 2; 2 where it is not set.
    pub(crate) retries: Option<u32>,
    /// 60 to 21,600; 21,600 where it is not set.
    pub(crate) age_seconds: Option<u32>,
    /// The ARN of a queue, a topic, a function or a bus.
    pub(crate) on_success: Option<String>,
    /// The same; a bucket too.
    pub(crate) on_failure: Option<String>,
    pub(crate) last_modified: Timestamp,
}

impl EventInvoke {
    /// What `GetFunctionEventInvokeConfig` shows. The reference has a qualifier.
    pub(crate) fn describe(&self, function: &FunctionRef) -> model::FunctionEventInvokeConfig {
        let number = |n: Option<u32>| n.and_then(|n| i32::try_from(n).ok());
        model::FunctionEventInvokeConfig {
            last_modified: Some(self.last_modified),
            function_arn: Some(function.arn().into()),
            maximum_retry_attempts: number(self.retries),
            maximum_event_age_in_seconds: number(self.age_seconds),
            destination_config: Some(model::DestinationConfig {
                on_success: Some(model::OnSuccess { destination: self.on_success.clone() }),
                on_failure: Some(model::OnFailure { destination: self.on_failure.clone() }),
            }),
        }
    }
}

/// What a request sets; what it does not name stays as it is, or is not set.
#[derive(Debug)]
pub(crate) struct EventInvokeChange {
    retries: Option<u32>,
    age_seconds: Option<u32>,
    on_success: Option<String>,
    on_failure: Option<String>,
}

impl EventInvokeChange {
    /// Checks what `PutFunctionEventInvokeConfig` and `UpdateFunctionEventInvokeConfig` have in common.
    pub(crate) fn parse(
        function: &FunctionRef,
        retries: Option<i32>,
        age_seconds: Option<i32>,
        destinations: Option<model::DestinationConfig>,
    ) -> Result<Self, Error> {
        if retries.is_none() && age_seconds.is_none() && destinations.is_none() {
            return Err(invalid_parameter(
                "You must specify at least one of error handling or destination setting.",
            ));
        }
        let destinations = destinations.unwrap_or_default();
        let on_success = destinations.on_success.and_then(|place| place.destination);
        let on_failure = destinations.on_failure.and_then(|place| place.destination);
        check_destination(function, on_success.as_deref(), &["sqs", "sns", "lambda", "events"])?;
        check_destination(function, on_failure.as_deref(), &["sqs", "sns", "lambda", "events", "s3"])?;
        let number = |n: Option<i32>| n.and_then(|n| u32::try_from(n).ok());
        Ok(Self { retries: number(retries), age_seconds: number(age_seconds), on_success, on_failure })
    }

    fn apply(&self, config: &mut EventInvoke) {
        config.retries = self.retries.or(config.retries);
        config.age_seconds = self.age_seconds.or(config.age_seconds);
        for (place, new) in
            [(&mut config.on_success, &self.on_success), (&mut config.on_failure, &self.on_failure)]
        {
            // An empty text removes.
            if let Some(new) = new {
                *place = Some(new.clone()).filter(|arn| !arn.is_empty());
            }
        }
    }
}

impl Lambda {
    /// Fails with AWS's error unless the function's role may send to the destinations that a request sets, and, where their
    /// service is there, they can take it.
    pub(crate) async fn check_destinations(
        &self,
        scope: &Scope,
        function: &FunctionRef,
        change: &EventInvokeChange,
    ) -> Result<(), Error> {
        let places: Vec<&String> = [&change.on_success, &change.on_failure].into_iter().flatten().collect();
        let places = places.into_iter().filter(|place| !place.is_empty());
        for place in places {
            let Some(found) = self.functions.get(function).await? else { return Ok(()) };
            let arn = Arn::parse(place).map_err(Error::internal)?;
            let role = &found.function.settings.role;
            let may = async {
                let cx = self.as_role(scope, Some(role), "weft-lambda-check").await?;
                match arn.service() {
                    "lambda" => cx.authorize(&Access::to("lambda:InvokeFunction", place.as_str())).await,
                    _ => cx.check_target(&arn).await,
                }
            };
            let action = sending_action(&arn).and_then(|action| action.split_once(':'));
            let verb = action.map_or("InvokeFunction", |(_, verb)| verb);
            may.await.map_err(|error| {
                let denied = format!(
                    "The function's execution role does not have permissions to call {verb} on {place}"
                );
                refused(error, denied)
            })?;
        }
        Ok(())
    }
}

fn check_destination(function: &FunctionRef, arn: Option<&str>, services: &[&str]) -> Result<(), Error> {
    let Some(text) = arn.filter(|arn| !arn.is_empty()) else { return Ok(()) };
    let parsed = Arn::parse(text).ok().filter(|arn| services.contains(&arn.service()));
    let Some(arn) = parsed else {
        return Err(invalid_parameter(format!("The provided destination config {text} is invalid.")));
    };
    if arn.service() == "lambda" && same_function(&arn, &function.key) {
        return Err(invalid_parameter("You can't specify the function as a destination for itself."));
    }
    if matches!(arn.service(), "sqs" | "sns") && is_fifo(&arn) {
        return Err(invalid_parameter(format!(
            "The provided destination config {text} is invalid: FIFO queues and topics can't be destinations."
        )));
    }
    Ok(())
}

fn same_function(arn: &Arn, key: &FunctionKey) -> bool {
    let own = key.arn();
    arn.as_str().strip_prefix(own.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

impl FunctionRef {
    /// The same with `$LATEST` where it has no qualifier.
    pub(crate) fn qualified(mut self) -> Self {
        self.qualifier.get_or_insert_with(|| LATEST.to_owned());
        self
    }
}

impl Functions {
    /// Sets (`fresh`) or changes the configuration of a function's qualifier.
    pub(crate) async fn change_event_invoke(
        &self,
        function: &FunctionRef,
        change: EventInvokeChange,
        fresh: bool,
        now: Timestamp,
    ) -> Result<EventInvoke, Error> {
        let function = function.clone();
        self.write(move |tx| {
            let (arn, row) = (function.arn(), row(&function));
            if read_found(tx, &function)?.is_none() {
                return Err(not_found(format!("The function {arn} doesn't exist.")));
            }
            let old = if fresh { Some(EventInvoke::default()) } else { EVENT_INVOKES.get(tx, &row)? };
            let mut config = old.ok_or_else(|| missing(&function))?;
            change.apply(&mut config);
            config.last_modified = now;
            EVENT_INVOKES.insert(tx, &row, &config)?;
            Ok(config)
        })
        .await
    }

    /// The configuration of a function's qualifier, where it has one.
    pub(crate) async fn event_invoke(&self, function: &FunctionRef) -> Result<Option<EventInvoke>, Error> {
        let row = row(function);
        self.read(move |tx| Ok(EVENT_INVOKES.get(tx, &row)?)).await
    }

    /// Removes the configuration of a function's qualifier, which must have one.
    pub(crate) async fn remove_event_invoke(&self, function: &FunctionRef) -> Result<(), Error> {
        let function = function.clone();
        self.write(move |tx| {
            let row = row(&function);
            EVENT_INVOKES.get(tx, &row)?.ok_or_else(|| missing(&function))?;
            Ok(EVENT_INVOKES.remove(tx, &row)?)
        })
        .await
    }

    /// At most `limit` configurations of a function by qualifier, and whether there are more.
    pub(crate) async fn list_event_invokes(
        &self,
        key: &FunctionKey,
        after: Option<String>,
        limit: usize,
    ) -> Result<(Vec<(FunctionRef, EventInvoke)>, bool), Error> {
        let key = key.clone();
        self.read(move |tx| {
            crate::aliases::require_function(tx, &key)?;
            let after = after.as_deref().unwrap_or_default();
            let query = EVENT_INVOKES.query(&key.row()).after(&key.qualified_row(after)).limit(limit + 1);
            let mut rows = query.rows(tx)?;
            let more = rows.len() > limit;
            rows.truncate(limit);
            let of = |qualifier| FunctionRef { key: key.clone(), qualifier: Some(qualifier) };
            Ok((rows.into_iter().map(|((.., qualifier), config)| (of(qualifier), config)).collect(), more))
        })
        .await
    }
}

/// The row of a function's qualifier.
pub(crate) fn row(function: &FunctionRef) -> crate::tables::QualifiedKey {
    function.key.qualified_row(function.qualifier.as_deref().unwrap_or(LATEST))
}

/// AWS's error where there is no configuration.
pub(crate) fn missing(function: &FunctionRef) -> Error {
    not_found(format!("The function {} doesn't have an EventInvokeConfig", function.arn()))
}
