//! Trust policies, checked before they are stored.

use weft_policy::{Policy, PolicyError};
use weft_service::Error;
use weft_store::WriteTx;

use crate::documents::{self, Purpose};
use crate::errors::quota;
use crate::principals;

/// Characters of a trust policy, without white space.
const TRUST_MAX: usize = 2048;

/// Checks a trust policy, and reads it.
pub(super) fn check(text: &str) -> Result<Policy, Error> {
    let policy = documents::check(Purpose::Trust, text)?;
    if documents::size(text) > TRUST_MAX {
        return Err(quota("ACLSizePerRole", TRUST_MAX));
    }
    Ok(policy)
}

/// The policy as it is stored: bound to the users and roles that it names, of which AWS wants each to exist.
pub(super) fn bind(tx: &mut WriteTx<'_>, policy: &Policy, text: &str) -> Result<String, Error> {
    principals::bind(tx, policy, text)?.map_err(|missing| {
        let error = PolicyError::InvalidPrincipal { kind: "AWS".to_owned(), text: missing };
        Error::new("MalformedPolicyDocumentException", error.to_string())
    })
}
