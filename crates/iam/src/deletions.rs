//! Deletions of service-linked roles, for those who ask how they went.

use weft_service::Error;
use weft_store::WriteTx;
use weft_types::{AccountId, Timestamp};

use crate::records::{DELETIONS, Deletion};

/// Deletions of an account that are remembered; the oldest is forgotten for one more.
const REMEMBERED: usize = 100;

/// Remembers that a deletion is done.
pub(crate) fn remember(
    tx: &mut WriteTx<'_>,
    account: AccountId,
    task: &str,
    at: Timestamp,
) -> Result<(), Error> {
    let known = DELETIONS.query(&(account.as_u64(),)).rows(tx)?;
    if known.len() >= REMEMBERED
        && let Some((oldest, _)) = known.iter().min_by_key(|(_, deletion)| deletion.at)
    {
        DELETIONS.remove(tx, oldest)?;
    }
    Ok(DELETIONS.insert(tx, &(account.as_u64(), task.to_owned()), &Deletion { at })?)
}
