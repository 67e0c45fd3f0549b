//! What becomes of objects in time: rules as they are set, and what they say of a version.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html>.

mod check;
mod sweep;

use std::time::Duration;

use weft_model::s3 as model;
use weft_types::Timestamp;

use crate::tables::Version;

pub(crate) use check::complete;

/// The size below which objects change no class, as it is said of every configuration.
pub(crate) const MINIMUM_SIZE: &str = "all_storage_classes_128K";
/// Bytes below which no object changes its class.
const TRANSITION_BYTES_MIN: u64 = 128 << 10;
const DAY: Duration = Duration::from_hours(24);

/// Where a version stands among those of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The newest one; `alone` where there is no other.
    Current { alone: bool },
    /// Since when a newer one is there, and how many other noncurrent ones are newer.
    Noncurrent { since: Timestamp, newer: u32 },
}

/// What is due for a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Due {
    /// A current one expires: it is deleted as if no version was named.
    Expire,
    /// A version or a delete marker goes for good.
    Remove,
    /// It changes its storage class.
    Move(String),
}

/// What rules say of a version at a time; what removes wins over what moves.
pub(crate) fn due(
    rules: &[model::LifecycleRule],
    key: &str,
    version: &Version,
    standing: Standing,
    now: Timestamp,
) -> Option<Due> {
    let fitting = || rules.iter().filter(|rule| rule.status == "Enabled" && fits(rule, key, version));
    let removal = fitting().find_map(|rule| match standing {
        Standing::Current { alone } => expiry(rule, version, alone, now),
        Standing::Noncurrent { since, newer } => {
            let expiration = rule.noncurrent_version_expiration.as_ref()?;
            let kept = expiration.newer_noncurrent_versions.and_then(|kept| u32::try_from(kept).ok());
            let is_due = is_over(since, expiration.noncurrent_days.unwrap_or(0), now);
            (is_due && newer >= kept.unwrap_or(0)).then_some(Due::Remove)
        }
    });
    removal.or_else(|| fitting().filter_map(|rule| moved(rule, version, standing, now)).next_back())
}

fn expiry(rule: &model::LifecycleRule, version: &Version, alone: bool, now: Timestamp) -> Option<Due> {
    let expiration = rule.expiration.as_ref()?;
    let is_time = expiration.date.is_some_and(|date| date <= now)
        || expiration.days.is_some_and(|days| is_over(version.modified, days, now));
    if version.marker {
        // A marker that hides nothing goes where it is said so, and where objects go by their age.
        let goes = expiration.expired_object_delete_marker == Some(true) || is_time;
        return (alone && goes).then_some(Due::Remove);
    }
    is_time.then_some(Due::Expire)
}

fn moved(rule: &model::LifecycleRule, version: &Version, standing: Standing, now: Timestamp) -> Option<Due> {
    if version.marker || version.size < TRANSITION_BYTES_MIN {
        return None;
    }
    let class = match standing {
        Standing::Current { .. } => {
            let transitions = rule.transitions.iter().flatten().filter(|one| {
                one.date.is_some_and(|date| date <= now)
                    || one.days.is_some_and(|days| is_over(version.modified, days, now))
            });
            transitions.max_by_key(|one| (one.date, one.days)).and_then(|one| one.storage_class.clone())
        }
        Standing::Noncurrent { since, newer } => {
            let transitions = rule.noncurrent_version_transitions.iter().flatten().filter(|one| {
                let kept = one.newer_noncurrent_versions.and_then(|kept| u32::try_from(kept).ok());
                is_over(since, one.noncurrent_days.unwrap_or(0), now) && newer >= kept.unwrap_or(0)
            });
            transitions.max_by_key(|one| one.noncurrent_days).and_then(|one| one.storage_class.clone())
        }
    }?;
    (version.about.storage_class.as_deref() != Some(&class)).then_some(Due::Move(class))
}

/// Whether an upload under way is given up.
pub(crate) fn is_abandoned(
    rules: &[model::LifecycleRule],
    key: &str,
    initiated: Timestamp,
    now: Timestamp,
) -> bool {
    rules.iter().filter(|rule| rule.status == "Enabled").any(|rule| {
        let days =
            rule.abort_incomplete_multipart_upload.as_ref().and_then(|abort| abort.days_after_initiation);
        days.is_some_and(|days| is_over(initiated, days, now)) && key.starts_with(prefix(rule))
    })
}

/// Whether so many days are over, counted to the next midnight.
fn is_over(since: Timestamp, days: i32, now: Timestamp) -> bool {
    now >= midnight_after(since.plus(DAY * u32::try_from(days).unwrap_or(0)))
}

fn midnight_after(time: Timestamp) -> Timestamp {
    let day = i64::try_from(DAY.as_millis()).unwrap_or(1);
    Timestamp::from_millis(time.as_millis().div_euclid(day).saturating_add(1).saturating_mul(day))
}

fn prefix(rule: &model::LifecycleRule) -> &str {
    let filter = rule.filter.as_ref();
    let and = filter.and_then(|filter| filter.and.as_ref());
    let prefixes = [
        rule.prefix.as_deref(),
        filter.and_then(|filter| filter.prefix.as_deref()),
        and.and_then(|and| and.prefix.as_deref()),
    ];
    prefixes.into_iter().flatten().next().unwrap_or("")
}

fn fits(rule: &model::LifecycleRule, key: &str, version: &Version) -> bool {
    let Some(filter) = &rule.filter else { return key.starts_with(prefix(rule)) };
    let and = filter.and.as_ref();
    let tags = || filter.tag.iter().chain(and.iter().flat_map(|and| and.tags.iter().flatten()));
    let above = filter.object_size_greater_than.or(and.and_then(|and| and.object_size_greater_than));
    let below = filter.object_size_less_than.or(and.and_then(|and| and.object_size_less_than));
    let size = i64::try_from(version.size).unwrap_or(i64::MAX);
    key.starts_with(prefix(rule))
        && tags().all(|tag| version.about.tags.get(&tag.key) == Some(&tag.value))
        && above.is_none_or(|above| size > above)
        && below.is_none_or(|below| size < below)
}

#[cfg(test)]
mod tests;
