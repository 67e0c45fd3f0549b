//! Changes of objects that are told.

use weft_service::Error;
use weft_store::WriteTx;

use super::{Cause, tell};
use crate::tables::Version;
use crate::versions::{Outcome, Place, delete, find, require_bucket};

/// Stores what is to be told of the version that was just made.
pub(crate) fn tell_made(
    tx: &mut WriteTx<'_>,
    at: &Place,
    cause: &Cause,
    outcome: Outcome,
) -> Result<Outcome, Error> {
    let made = find(tx, at, None)?;
    let told = made.map_or(Ok(false), |version| tell(tx, at, cause, &version))?;
    Ok(Outcome { told, ..outcome })
}

/// Deletes an object or a version of it, and stores what is to be told of that.
pub(crate) fn delete_and_tell(
    tx: &mut WriteTx<'_>,
    at: &Place,
    version_id: Option<&str>,
    bypass: bool,
    cause: &Cause,
) -> Result<Outcome, Error> {
    let notifies = require_bucket(tx, &at.bucket)?.notifies;
    let before = if notifies { find(tx, at, version_id)? } else { None };
    let outcome = delete(tx, at, version_id, cause.at, bypass)?;
    if !notifies {
        return Ok(outcome);
    }
    if outcome.marker && version_id.is_none() {
        let cause = Cause { event: "ObjectRemoved:DeleteMarkerCreated", ..cause.clone() };
        return tell_made(tx, at, &cause, outcome);
    }
    let Some(before) = before else { return Ok(outcome) };
    // What goes, goes after it came.
    let now = u64::try_from(cause.at.as_millis()).unwrap_or(0).saturating_mul(1000);
    let gone = Version { number: now.max(before.number + 1), ..before };
    let told = tell(tx, at, cause, &gone)?;
    Ok(Outcome { told, ..outcome })
}
