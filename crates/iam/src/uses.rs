//! How often policies are used, so that none in use is deleted.

use std::collections::BTreeMap;

use weft_service::Error;
use weft_store::{Read, WriteTx};
use weft_types::AccountId;

use crate::boundaries;
use crate::records::{ATTACHMENTS, BOUNDARIES, Count};

/// How often an account has attached a policy.
fn attachments(tx: &impl Read, account: AccountId, arn: &str) -> Result<u64, Error> {
    Ok(ATTACHMENTS.get(tx, &(account.as_u64(), arn))?.unwrap_or_default().0)
}

/// How often an account uses a policy.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Uses {
    /// Times that it is attached.
    pub(crate) attached: u64,
    /// Times that it is a boundary.
    pub(crate) bounding: u64,
}

impl Uses {
    pub(crate) fn any(self) -> bool {
        self.attached > 0 || self.bounding > 0
    }
}

/// How often an account uses a policy, attached and as a boundary.
pub(crate) fn of(tx: &impl Read, account: AccountId, arn: &str) -> Result<Uses, Error> {
    Ok(Uses { attached: attachments(tx, account, arn)?, bounding: boundaries::uses(tx, account, arn)? })
}

/// How often an account uses each policy that it uses, by ARN.
pub(crate) fn all(tx: &impl Read, account: AccountId) -> Result<BTreeMap<String, Uses>, Error> {
    let prefix = (account.as_u64(),);
    let mut uses: BTreeMap<String, Uses> = BTreeMap::new();
    for ((_, arn), Count(count)) in ATTACHMENTS.query(&prefix).rows(tx)? {
        uses.entry(arn).or_default().attached = count;
    }
    for ((_, arn), Count(count)) in BOUNDARIES.query(&prefix).rows(tx)? {
        uses.entry(arn).or_default().bounding = count;
    }
    Ok(uses)
}

/// Counts an attachment (1) or a detachment (-1).
pub(crate) fn count_attachment(
    tx: &mut WriteTx<'_>,
    account: AccountId,
    arn: &str,
    change: i64,
) -> Result<(), Error> {
    let count = attachments(tx, account, arn)?.saturating_add_signed(change);
    let key = (account.as_u64(), arn.to_owned());
    if count == 0 {
        return Ok(ATTACHMENTS.remove(tx, &key)?);
    }
    Ok(ATTACHMENTS.insert(tx, &key, &Count(count))?)
}
