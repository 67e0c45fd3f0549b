//! Tells functions what happens to objects.
//!
//! What is to be told is stored in the transaction that makes it so, and removed once the function's call was accepted: each is told
//! at least once, also after a crash. How events read: [`record`]; how they leave: [`deliver`].
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html>.

mod changes;
mod check;
mod deliver;
mod record;

use weft_model::s3 as model;
use weft_service::{Context, Error, random_id};
use weft_store::{Read, WriteTx};
use weft_types::Timestamp;

use crate::settings::unpack;
use crate::tables::{PENDING, Pending, SETTINGS, Setting, Version};
use crate::versions::{Place, require_bucket};

pub(crate) use changes::{delete_and_tell, tell_made};
pub(crate) use check::complete;
pub(crate) use deliver::Delivery;

/// As whom functions are called.
pub(crate) const SERVICE: &str = "s3.amazonaws.com";
/// The name of the setting.
pub(crate) const SETTING: &str = "notification";
const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// What made something happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cause {
    /// The event's name without `s3:`.
    pub(crate) event: &'static str,
    /// Who, as `aws:userid` has it, with `AWS:` before it.
    pub(crate) principal: String,
    pub(crate) address: String,
    pub(crate) request_id: String,
    pub(crate) at: Timestamp,
}

impl Cause {
    /// A request.
    pub(crate) fn request(event: &'static str, cx: &Context) -> Self {
        let user = cx.principal.user_id();
        let principal = if user.is_empty() { "Anonymous".to_owned() } else { format!("AWS:{user}") };
        Self {
            event,
            principal,
            address: cx.source_ip.map_or_else(|| "127.0.0.1".to_owned(), |address| address.to_string()),
            request_id: cx.request_id.to_string(),
            at: cx.scope.now,
        }
    }

    /// A rule of the bucket's own.
    pub(crate) fn lifecycle(event: &'static str, now: Timestamp) -> Self {
        Self {
            event,
            principal: SERVICE.to_owned(),
            address: SERVICE.to_owned(),
            request_id: weft_service::request_id(),
            at: now,
        }
    }
}

/// Stores what is to be told of a version to whoever wants to know; whether that is anybody.
pub(crate) fn tell(
    tx: &mut WriteTx<'_>,
    at: &Place,
    cause: &Cause,
    version: &Version,
) -> Result<bool, Error> {
    let bucket = require_bucket(tx, &at.bucket)?;
    if !bucket.notifies {
        return Ok(false);
    }
    let wanted = wanted(tx, &at.bucket)?;
    let mut told = false;
    for one in wanted.iter().filter(|one| matches(one, cause.event, &at.key)) {
        let id = one.id.as_deref().unwrap_or_default();
        let pending = Pending {
            bucket: at.bucket.clone(),
            account: bucket.account,
            region: bucket.region.clone(),
            function: one.lambda_function_arn.clone(),
            payload: record::payload(&bucket, at, cause, version, id),
            since: cause.at,
            tries: 0,
        };
        let due = u64::try_from(cause.at.as_millis()).unwrap_or(0);
        PENDING.insert(tx, &(due, version.number, random_id(12, ALPHABET)), &pending)?;
        told = true;
    }
    Ok(told)
}

fn wanted(tx: &impl Read, bucket: &str) -> Result<Vec<model::LambdaFunctionConfiguration>, Error> {
    let Some(Setting(text)) = SETTINGS.get(tx, &(bucket, SETTING))? else { return Ok(Vec::new()) };
    let configuration: model::NotificationConfiguration = unpack(&text)?;
    Ok(configuration.lambda_function_configurations.unwrap_or_default())
}

/// Whether a configuration is for an event of a key.
fn matches(configuration: &model::LambdaFunctionConfiguration, event: &str, key: &str) -> bool {
    let named = configuration.events.iter().any(|wanted| {
        let wanted = wanted.strip_prefix("s3:").unwrap_or(wanted);
        wanted.strip_suffix('*').map_or(wanted == event, |start| event.starts_with(start))
    });
    named
        && key.starts_with(filter(configuration, "prefix"))
        && key.ends_with(filter(configuration, "suffix"))
}

/// What keys must begin or end with.
fn filter<'c>(configuration: &'c model::LambdaFunctionConfiguration, name: &str) -> &'c str {
    let rules = configuration.filter.iter().flat_map(|filter| &filter.key).flat_map(|key| &key.filter_rules);
    let mut of_name = rules
        .flatten()
        .filter(|rule| rule.name.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(name)));
    of_name.next().and_then(|rule| rule.value.as_deref()).unwrap_or("")
}

#[cfg(test)]
mod tests;
