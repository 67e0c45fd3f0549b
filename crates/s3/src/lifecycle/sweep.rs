//! Carries out what is due, in bounded steps.

use std::time::Duration;

use weft_model::s3 as model;
use weft_service::Error;
use weft_store::{Read, WriteTx};
use weft_types::Timestamp;

use super::{Due, Standing, due, is_abandoned};
use crate::S3;
use crate::notifications::{Cause, tell};
use crate::settings::unpack;
use crate::tables::{
    BUCKETS, Bucket, GARBAGE, GARBAGE_PARTS, Number, SETTINGS, Setting, UPLOADS, VERSIONS, Version,
    Versioning,
};
use crate::versions::{Outcome, Place, change, check_lock, delete, find};

/// Rows that one step reads.
const BATCH: usize = 500;

/// A version that something is due for.
struct Found {
    at: Place,
    number: u64,
    due: Due,
}

/// Where a walk through a bucket's versions stands.
#[derive(Debug, Clone, Default)]
struct Walk {
    after: Option<(String, String, u64)>,
    /// The last key, when its last version seen was made, and how many of its versions were seen.
    last: Option<(String, Timestamp, u32)>,
}

/// How often rules are looked at; S3 does so once a day.
const PAUSE: Duration = Duration::from_hours(1);

impl S3 {
    /// Does what is due, every hour and where rules were set, for ever.
    pub(crate) async fn expire_forever(&self) {
        loop {
            if let Some(dispatch) = self.delivery.dispatch()
                && let Err(error) = self.expire(dispatch.clock().now()).await
            {
                tracing::error!(%error, "objects whose time is over could not be removed");
            }
            let _ = tokio::time::timeout(PAUSE, self.delivery.rules.notified()).await;
        }
    }

    /// Does what buckets' rules say is due at this time.
    pub async fn expire(&self, now: Timestamp) -> Result<(), Error> {
        let names: Vec<String> = {
            let names = self.names.read().unwrap_or_else(std::sync::PoisonError::into_inner);
            names.iter().cloned().collect()
        };
        for name in names {
            let rules = self.setting::<model::BucketLifecycleConfiguration>(&name, "lifecycle").await?;
            if let Some(configuration) = rules {
                self.expire_bucket(&name, &configuration.rules, now).await?;
            }
        }
        Ok(())
    }

    async fn expire_bucket(
        &self,
        name: &str,
        rules: &[model::LifecycleRule],
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut walk = Some(Walk::default());
        while let Some(from) = walk {
            let (bucket, rules) = (name.to_owned(), rules.to_vec());
            let (next, found) = self.read(move |tx| step(tx, &bucket, &rules, from, now)).await?;
            walk = next;
            for one in found {
                let done = self.write(move |tx| carry_out(tx, &one, now)).await?;
                self.after(&done);
            }
        }
        self.abort_abandoned(name, rules, now).await
    }

    async fn abort_abandoned(
        &self,
        name: &str,
        rules: &[model::LifecycleRule],
        now: Timestamp,
    ) -> Result<(), Error> {
        if rules.iter().all(|rule| rule.abort_incomplete_multipart_upload.is_none()) {
            return Ok(());
        }
        let mut after: Option<(String, String, String)> = None;
        loop {
            let (bucket, rules, from) = (name.to_owned(), rules.to_vec(), after.clone());
            let (last, count) = self
                .write(move |tx| {
                    let query = UPLOADS.query(&(bucket.as_str(),)).limit(BATCH);
                    let rows = match &from {
                        Some(key) => query.after(key).rows(tx)?,
                        None => query.rows(tx)?,
                    };
                    for (key, upload) in &rows {
                        if is_abandoned(&rules, &key.1, upload.initiated, now) {
                            UPLOADS.remove(tx, key)?;
                            GARBAGE.insert(tx, &(GARBAGE_PARTS.to_owned(), key.2.clone()), &Number(0))?;
                        }
                    }
                    Ok((rows.last().map(|(key, _)| key.clone()), rows.len()))
                })
                .await?;
            self.garbage.notify_one();
            if count < BATCH {
                return Ok(());
            }
            after = last;
        }
    }
}

/// Looks at the next versions of a bucket.
fn step(
    tx: &impl Read,
    bucket: &str,
    rules: &[model::LifecycleRule],
    mut walk: Walk,
    now: Timestamp,
) -> Result<(Option<Walk>, Vec<Found>), Error> {
    let query = VERSIONS.query(&(bucket,)).limit(BATCH);
    let rows = match &walk.after {
        Some(key) => query.after(key).rows(tx)?,
        None => query.rows(tx)?,
    };
    let full = rows.len() == BATCH;
    let mut found = Vec::new();
    for (place, version) in rows {
        let key = place.1.clone();
        let standing = match &walk.last {
            Some((last, since, seen)) if *last == key => {
                Standing::Noncurrent { since: *since, newer: seen - 1 }
            }
            _ => Standing::Current { alone: version.marker && is_alone(tx, bucket, &key)? },
        };
        let seen = match &walk.last {
            Some((last, _, seen)) if *last == key => seen + 1,
            _ => 1,
        };
        if let Some(due) = due(rules, &key, &version, standing, now) {
            let at = Place { bucket: bucket.to_owned(), key: key.clone() };
            found.push(Found { at, number: version.number, due });
        }
        walk = Walk { after: Some(place), last: Some((key, version.modified, seen)) };
    }
    Ok((full.then_some(walk), found))
}

fn is_alone(tx: &impl Read, bucket: &str, key: &str) -> Result<bool, Error> {
    Ok(VERSIONS.query(&(bucket, key)).limit(2).rows(tx)?.len() == 1)
}

/// Does what is due for a version, where it still is what it was.
fn carry_out(tx: &mut WriteTx<'_>, found: &Found, now: Timestamp) -> Result<Outcome, Error> {
    let Found { at, number, due } = found;
    let place = (at.bucket.as_str(), at.key.as_str(), u64::MAX - number);
    let (Some(bucket), Some(mut version)) =
        (BUCKETS.get(tx, &(at.bucket.as_str(),))?, VERSIONS.get(tx, &place)?)
    else {
        return Ok(Outcome::default());
    };
    if !still_ruled(tx, &at.bucket)? {
        return Ok(Outcome::default());
    }
    match due {
        Due::Move(class) => {
            version.about.storage_class = Some(class.clone());
            change(tx, at, &version)?;
            Ok(Outcome::default())
        }
        Due::Expire => {
            let is_newest = find(tx, at, None)?.is_some_and(|newest| newest.number == *number);
            if is_newest { expire(tx, &bucket, at, &version, now) } else { Ok(Outcome::default()) }
        }
        Due::Remove if check_lock(&version, now, false).is_err() => Ok(Outcome::default()),
        Due::Remove => {
            let mut outcome = delete(tx, at, Some(&version.id), now, false)?;
            outcome.told = tell(tx, at, &Cause::lifecycle("LifecycleExpiration:Delete", now), &version)?;
            Ok(outcome)
        }
    }
}

fn expire(
    tx: &mut WriteTx<'_>,
    bucket: &Bucket,
    at: &Place,
    version: &Version,
    now: Timestamp,
) -> Result<Outcome, Error> {
    // What goes for good must not be locked; a delete marker may hide what is.
    let is_final = bucket.versioning == Versioning::Never
        || (bucket.versioning == Versioning::Suspended && version.id == crate::versions::NULL);
    if is_final && check_lock(version, now, false).is_err() {
        return Ok(Outcome::default());
    }
    let mut outcome = delete(tx, at, None, now, false)?;
    let name =
        if outcome.marker { "LifecycleExpiration:DeleteMarkerCreated" } else { "LifecycleExpiration:Delete" };
    let made = find(tx, at, None)?.filter(|made| made.marker);
    outcome.told = tell(tx, at, &Cause::lifecycle(name, now), made.as_ref().unwrap_or(version))?;
    Ok(outcome)
}

/// Whether the bucket still has rules: they may have been removed meanwhile.
fn still_ruled(tx: &impl Read, bucket: &str) -> Result<bool, Error> {
    let found = SETTINGS.get(tx, &(bucket, "lifecycle"))?;
    found
        .map(|Setting(text)| unpack::<model::BucketLifecycleConfiguration>(&text))
        .transpose()
        .map(|rules| rules.is_some())
}
