//! How the functions of custom resources answer a stack that waits for them.
//!
//! A function gets an address with its event and sends its answer there with `PUT`. The address carries its own signature, so whoever
//! has it needs no key. The gateway finds such requests by their host; who waits for the answers implements [`StackResponses`].

use bytes::Bytes;
use http::Uri;

use crate::BoxFuture;

/// What the hosts of such addresses begin with; region and the name of S3 follow.
pub const STACK_RESPONSE_HOST: &str = "cloudformation-custom-resource-response-";

/// Takes the answers of custom resources' functions. `weft-cloudformation` implements it.
pub trait StackResponses: Send + Sync + 'static {
    /// Takes the answer that was sent to an address, of which path and query matter. The same again is taken, too, and changes
    /// nothing.
    fn take<'a>(&'a self, uri: &'a Uri, body: Bytes) -> BoxFuture<'a, Result<(), ResponseRefused>>;
}

/// Why an answer is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResponseRefused {
    /// The address is not one that was given out.
    #[error("the address was not given out")]
    Forged,
    /// The address was good once.
    #[error("the address has expired")]
    Expired,
    /// Nobody knows the request any more.
    #[error("nobody waits for the answer")]
    Unknown,
    /// It cannot be stored now.
    #[error("the answer cannot be stored")]
    Failed,
}
