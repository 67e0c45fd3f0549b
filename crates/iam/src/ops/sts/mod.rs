//! The operations of STS.

mod assume_role;
mod get_access_key_info;
mod get_caller_identity;
mod get_session_token;
mod session_policies;

pub(super) use assume_role::AssumeRole;
pub(super) use get_access_key_info::GetAccessKeyInfo;
pub(super) use get_caller_identity::GetCallerIdentity;
pub(super) use get_session_token::GetSessionToken;

use weft_model::sts::AssumeRoleRequest;
use weft_service::Error;

use crate::errors::unsupported;

/// Nobody has an MFA device here, so a code can only be wrong.
fn refuse_mfa(serial: Option<&String>, code: Option<&String>) -> Result<(), Error> {
    if serial.is_none() && code.is_none() {
        return Ok(());
    }
    let message = "MultiFactorAuthentication failed with invalid MFA one time pass code.";
    Err(Error::new("AccessDeniedException", message))
}

/// Session tags, contexts and source identities have no code; to ignore them would grant what they were to narrow.
fn refuse_tags(input: &AssumeRoleRequest) -> Result<(), Error> {
    if input.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
        return Err(unsupported("Tags"));
    }
    if input.transitive_tag_keys.as_ref().is_some_and(|keys| !keys.is_empty()) {
        return Err(unsupported("TransitiveTagKeys"));
    }
    if input.source_identity.is_some() {
        return Err(unsupported("SourceIdentity"));
    }
    if input.provided_contexts.is_some() {
        return Err(unsupported("ProvidedContexts"));
    }
    Ok(())
}
