//! What belongs to a function, a version or an alias, and goes with it.

use weft_service::Error;
use weft_store::WriteTx;

use crate::concurrency::{drop_provisioned, release};
use crate::function::Whole;
use crate::name::FunctionKey;
use crate::signing::change_signing_use;
use crate::tables::{ALIASES, EVENT_INVOKES, POLICIES, RUNTIME_UPDATES, URLS};
use crate::urls::drop_url;

/// Removes what belongs to a version or an alias.
pub(crate) fn drop_of_qualifier(
    tx: &mut WriteTx<'_>,
    key: &FunctionKey,
    qualifier: &str,
    whole: &Whole,
) -> Result<(), Error> {
    let row = key.qualified_row(qualifier);
    drop_provisioned(tx, key, qualifier, whole)?;
    drop_url(tx, key, qualifier)?;
    EVENT_INVOKES.remove(tx, &row)?;
    RUNTIME_UPDATES.remove(tx, &row)?;
    Ok(POLICIES.remove(tx, &row)?)
}

/// Removes what belongs to a function beside its versions.
pub(crate) fn drop_of_function(tx: &mut WriteTx<'_>, key: &FunctionKey, whole: &Whole) -> Result<(), Error> {
    release(tx, key, whole)?;
    change_signing_use(tx, key, whole.code_signing.as_ref(), None)?;
    for ((.., qualifier), _) in URLS.query(&key.row()).rows(tx)? {
        drop_url(tx, key, &qualifier)?;
    }
    for (row, _) in ALIASES.query(&key.row()).rows(tx)? {
        ALIASES.remove(tx, &row)?;
    }
    for (row, _) in POLICIES.query(&key.row()).rows(tx)? {
        POLICIES.remove(tx, &row)?;
    }
    for (row, _) in EVENT_INVOKES.query(&key.row()).rows(tx)? {
        EVENT_INVOKES.remove(tx, &row)?;
    }
    for (row, _) in RUNTIME_UPDATES.query(&key.row()).rows(tx)? {
        RUNTIME_UPDATES.remove(tx, &row)?;
    }
    Ok(())
}
