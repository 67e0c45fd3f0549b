//! Object lock: what a bucket locks new objects with, and which changes of a lock may be.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html>.

use std::time::Duration;

use weft_model::s3 as model;
use weft_service::Error;
use weft_store::Read;
use weft_types::Timestamp;

use crate::errors;
use crate::settings::unpack;
use crate::tables::{Bucket, Retention, SETTINGS, Setting, Version};

/// The name of the setting.
pub(crate) const SETTING: &str = "objectLock";
const DAYS_MAX: i32 = 36_500;
const YEARS_MAX: i32 = 100;
const DAY: Duration = Duration::from_hours(24);

/// What is said of an object that has no lock of the kind.
pub(crate) fn not_set() -> Error {
    let message = "The specified object does not have a ObjectLock configuration";
    errors::plain("NoSuchObjectLockConfiguration", 404, message)
}

/// Fails where objects of a bucket cannot be locked.
pub(crate) fn require(bucket: &Bucket) -> Result<(), Error> {
    if bucket.object_lock {
        Ok(())
    } else {
        Err(errors::invalid_request("Bucket is missing Object Lock Configuration"))
    }
}

/// Refuses what no bucket can have.
pub(crate) fn check(configuration: &model::ObjectLockConfiguration) -> Result<(), Error> {
    if configuration.object_lock_enabled.as_deref() != Some("Enabled") {
        return Err(errors::malformed_xml());
    }
    let Some(rule) = &configuration.rule else { return Ok(()) };
    let retention = rule.default_retention.as_ref().ok_or_else(errors::malformed_xml)?;
    let is_known = matches!(retention.mode.as_deref(), Some("GOVERNANCE" | "COMPLIANCE"));
    let (period, most) = match (retention.days, retention.years) {
        (Some(days), None) => (days, DAYS_MAX),
        (None, Some(years)) => (years, YEARS_MAX),
        _ => return Err(errors::malformed_xml()),
    };
    if !is_known {
        return Err(errors::malformed_xml());
    }
    if period < 1 {
        let message = "Default retention period must be a positive integer value.";
        return Err(errors::plain("InvalidArgument", 400, message));
    }
    if period > most {
        return Err(errors::plain("InvalidArgument", 400, "Default retention period too large"));
    }
    Ok(())
}

/// Locks a new version as its bucket says, where the request does not say otherwise.
pub(crate) fn apply_default(
    tx: &impl Read,
    bucket: &Bucket,
    name: &str,
    version: &mut Version,
) -> Result<(), Error> {
    if !bucket.object_lock || version.marker || version.about.retention.is_some() {
        return Ok(());
    }
    let Some(Setting(text)) = SETTINGS.get(tx, &(name, SETTING))? else { return Ok(()) };
    let configuration: model::ObjectLockConfiguration = unpack(&text)?;
    version.about.retention = default_of(&configuration, version.modified);
    Ok(())
}

fn default_of(configuration: &model::ObjectLockConfiguration, made: Timestamp) -> Option<Retention> {
    let retention = configuration.rule.as_ref()?.default_retention.as_ref()?;
    let days = retention.days.or_else(|| retention.years.map(|years| years.saturating_mul(365)))?;
    let until = made.plus(DAY * u32::try_from(days).ok()?);
    Some(Retention { mode: retention.mode.clone()?, until })
}

/// Refuses a lock that cannot be: of an unknown kind, or until a time that is over.
pub(crate) fn retention_of(
    mode: Option<String>,
    until: Option<Timestamp>,
    now: Timestamp,
) -> Result<Option<Retention>, Error> {
    match (mode, until) {
        (None, None) => Ok(None),
        (Some(mode), Some(until)) => {
            if !matches!(mode.as_str(), "GOVERNANCE" | "COMPLIANCE") {
                return Err(errors::malformed_xml());
            }
            if until <= now {
                let message = "The retain until date must be in the future!";
                return Err(errors::plain("InvalidArgument", 400, message));
            }
            Ok(Some(Retention { mode, until }))
        }
        _ => Err(errors::malformed_xml()),
    }
}

/// Whether a lock may become another one, or none: what holds is only loosened by who may bypass it, and never where it is for
/// compliance.
pub(crate) fn may_change(
    before: Option<&Retention>,
    after: Option<&Retention>,
    now: Timestamp,
    bypass: bool,
) -> bool {
    let Some(before) = before.filter(|before| before.until > now) else { return true };
    let tightens = after.is_some_and(|after| {
        after.until >= before.until && (after.mode == before.mode || after.mode == "COMPLIANCE")
    });
    tightens || (bypass && before.mode == "GOVERNANCE")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(mode: &str, day: i64) -> Retention {
        Retention { mode: mode.to_owned(), until: Timestamp::from_seconds(day * 86_400) }
    }

    #[test]
    fn locks_are_loosened_only_by_who_may() {
        let check = |before: Option<Retention>, after: Option<Retention>, bypass: bool, expected: bool| {
            let now = Timestamp::from_seconds(5 * 86_400);
            let found = may_change(before.as_ref(), after.as_ref(), now, bypass);
            assert_eq!(found, expected, "{before:?} {after:?} {bypass}");
        };
        let (governed, complied) = (lock("GOVERNANCE", 9), lock("COMPLIANCE", 9));
        check(None, Some(complied.clone()), false, true);
        check(Some(lock("COMPLIANCE", 4)), None, false, true);
        check(Some(governed.clone()), Some(lock("GOVERNANCE", 10)), false, true);
        check(Some(governed.clone()), Some(lock("GOVERNANCE", 8)), false, false);
        check(Some(governed.clone()), Some(lock("GOVERNANCE", 8)), true, true);
        check(Some(governed.clone()), None, false, false);
        check(Some(governed.clone()), None, true, true);
        check(Some(governed), Some(lock("COMPLIANCE", 9)), false, true);
        check(Some(complied.clone()), Some(lock("COMPLIANCE", 10)), false, true);
        check(Some(complied.clone()), Some(lock("GOVERNANCE", 10)), true, false);
        check(Some(complied), None, true, false);
    }

    #[test]
    fn configurations_say_one_period() {
        let with = |mode: &str, days: Option<i32>, years: Option<i32>| model::ObjectLockConfiguration {
            object_lock_enabled: Some("Enabled".to_owned()),
            rule: Some(model::ObjectLockRule {
                default_retention: Some(model::DefaultRetention { mode: Some(mode.to_owned()), days, years }),
            }),
        };
        let check = |given: &model::ObjectLockConfiguration, expected: Result<Option<i64>, &str>| {
            let made = Timestamp::from_seconds(0);
            let found = super::check(given).map_err(|error| error.code()).map(|()| default_of(given, made));
            let found = found.map(|retention| retention.map(|one| one.until.as_seconds() / 86_400));
            assert_eq!(found, expected, "{given:?}");
        };
        check(&with("GOVERNANCE", Some(3), None), Ok(Some(3)));
        check(&with("COMPLIANCE", None, Some(1)), Ok(Some(365)));
        check(&with("COMPLIANCE", Some(1), Some(1)), Err("MalformedXML"));
        check(&with("OTHER", Some(1), None), Err("MalformedXML"));
        check(&with("GOVERNANCE", Some(0), None), Err("InvalidArgument"));
        check(&with("GOVERNANCE", Some(36_501), None), Err("InvalidArgument"));
        let plain = model::ObjectLockConfiguration { rule: None, ..with("GOVERNANCE", None, None) };
        check(&plain, Ok(None));
        check(&model::ObjectLockConfiguration { object_lock_enabled: None, ..plain }, Err("MalformedXML"));
    }
}
