//! The operations of STS.

mod assume_role;
mod get_access_key_info;
mod get_caller_identity;
mod get_federation_token;
mod get_session_token;
mod long_lived;
mod request;
mod session_policies;

pub(super) use assume_role::AssumeRole;
pub(super) use get_access_key_info::GetAccessKeyInfo;
pub(super) use get_caller_identity::GetCallerIdentity;
pub(super) use get_federation_token::GetFederationToken;
pub(super) use get_session_token::GetSessionToken;

use weft_service::Error;

/// Nobody has an MFA device here, so a code can only be wrong.
fn refuse_mfa(serial: Option<&String>, code: Option<&String>) -> Result<(), Error> {
    if serial.is_none() && code.is_none() {
        return Ok(());
    }
    let message = "MultiFactorAuthentication failed with invalid MFA one time pass code.";
    Err(Error::new("AccessDeniedException", message))
}
