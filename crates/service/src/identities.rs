//! Where dispatch learns whose key signed a request and what they may do. `weft-iam` implements it.

use std::collections::BTreeMap;
use std::sync::Arc;

use weft_policy::NamedPolicy;
use weft_types::{Region, Timestamp};

use crate::{BoxFuture, Error, Principal};

/// What stands behind an access key.
#[derive(Clone)]
pub struct Credential {
    /// The secret with which requests are signed.
    pub secret: Arc<str>,
    /// Who signs with it.
    pub principal: Arc<Principal>,
    /// Policies passed when the session was made; they only narrow. Empty for long-lived keys.
    pub session_policies: Vec<NamedPolicy>,
    /// What is known of the session; none for long-lived keys.
    pub session: Option<Arc<SessionFacts>>,
}

impl Credential {
    /// A key without an end, such as a user's or root's.
    pub fn long_lived(secret: impl Into<Arc<str>>, principal: Arc<Principal>) -> Self {
        Self { secret: secret.into(), principal, session_policies: Vec::new(), session: None }
    }
}

/// What is known of a session beside who it is: the values of `aws:TokenIssueTime`, `aws:MultiFactorAuthPresent`,
/// `aws:SourceIdentity` and of the session's part of `aws:PrincipalTag/…`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionFacts {
    /// When its keys were issued, where that is known.
    pub issued: Option<Timestamp>,
    /// Tags passed when it was made; they stand before the user's or role's of the same name.
    pub tags: Vec<(String, String)>,
    /// Keys of those tags that go on to sessions which this one makes.
    pub transitive: Vec<String>,
    /// Who stood behind it, where that was said.
    pub source_identity: Option<String>,
    /// Whether a second factor was shown.
    pub mfa: bool,
}

/// What IAM holds for a principal.
#[derive(Debug, Clone, Default)]
pub struct Holdings {
    /// The identity policies: inline and attached, a user's groups' included. A managed policy is named by its ARN, an
    /// inline one by its name.
    pub identity: Vec<NamedPolicy>,
    /// The permissions boundary, where one is set.
    pub boundary: Option<NamedPolicy>,
    /// The tags of the user or role.
    pub tags: Vec<(String, String)>,
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

    /// What a user or role holds: policies, boundary, tags. Nothing for all others; for a federated user dispatch asks
    /// with [`Principal::holder`].
    fn holdings<'a>(&'a self, principal: &'a Principal) -> BoxFuture<'a, Result<Arc<Holdings>, Error>>;

    /// Told of each request from outside, once it is known who makes it. Must not wait.
    fn used(&self, _principal: &Principal, _region: &Region, _at: Timestamp) {}

    /// The unique ids of the users and roles with these ARNs, by ARN. Whoever does not exist is not among them; unless this is
    /// implemented, that is everybody.
    fn principal_ids<'a>(
        &'a self,
        _arns: &'a [String],
    ) -> BoxFuture<'a, Result<BTreeMap<String, String>, Error>> {
        Box::pin(std::future::ready(Ok(BTreeMap::new())))
    }

    /// The ARNs of the users and roles with these unique ids, by id. Whoever is deleted is not among them.
    fn principal_arns<'a>(
        &'a self,
        _ids: &'a [String],
    ) -> BoxFuture<'a, Result<BTreeMap<String, String>, Error>> {
        Box::pin(std::future::ready(Ok(BTreeMap::new())))
    }
}
