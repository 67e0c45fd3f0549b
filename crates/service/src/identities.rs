//! Where dispatch learns whose key signed a request and what they may do. `weft-iam` implements it.

use std::sync::Arc;

use weft_types::Timestamp;

use crate::{BoxFuture, Error, Principal};

/// What stands behind an access key.
#[derive(Clone)]
pub struct Credential {
    /// The secret with which requests are signed.
    pub secret: Arc<str>,
    /// Who signs with it.
    pub principal: Arc<Principal>,
    /// Policies passed when the session was made; they only narrow. Empty for long-lived keys.
    pub session_policies: Vec<Arc<weft_policy::Policy>>,
}

/// Why a key is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// No such key, or it is inactive, or its session token is not the one that was issued with it.
    #[error("unknown access key or session token")]
    Unknown,
    /// The session is over.
    #[error("expired session")]
    Expired,
    /// The store did not answer.
    #[error("the credential could not be read: {0}")]
    Unavailable(String),
}

/// Keys and policies, read on every request: implementations answer from memory where they can.
pub trait Identities: Send + Sync + 'static {
    /// Finds what stands behind an access key at the time `now`. `token` is the session token that came with the request.
    fn credential<'a>(
        &'a self,
        access_key_id: &'a str,
        token: Option<&'a str>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>>;

    /// The identity policies of a principal: inline and attached.
    fn policies<'a>(
        &'a self,
        principal: &'a Principal,
    ) -> BoxFuture<'a, Result<Arc<Vec<Arc<weft_policy::Policy>>>, Error>>;
}
