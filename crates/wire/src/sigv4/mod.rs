//! Signature Version 4: who a request says it is from, whether that is true, and signing.
//!
//! A caller verifies in three steps, as the secret comes from elsewhere: [`parse_authorization`]; look up
//! [`Authorization::access_key_id`] (an unknown one is [`AuthFault::UnknownKey`]); [`Authorization::check`].

mod canonical;
mod chunks;
mod fault;
mod parse;
mod sign;
mod verify;
mod version2;

pub use chunks::{ChunkFault, ChunkSigner, Chunks};
pub use fault::AuthFault;
pub use parse::{Authorization, Form, parse_authorization};
pub use sign::{Credentials, presign, sign};
pub use verify::{DeclaredPayload, Payload, hash};

/// The only algorithm.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// What ends every credential scope.
const TERMINATOR: &str = "aws4_request";
/// The hash that stands for a body that is not signed.
const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";
