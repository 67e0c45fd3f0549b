//! Unique ids, keys and ARNs.

use weft_service::{Scope, random_id};
use weft_types::{AccountId, Arn};

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const SECRET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A unique id of 21 characters: `AIDA…` for users, `AROA…` for roles, `ANPA…` for policies.
pub(crate) fn unique_id(prefix: &str) -> String {
    format!("{prefix}{}", random_id(17, BASE32))
}

/// A unique id of 21 characters that follows from bytes, of which it takes 17.
pub(crate) fn unique_id_of(prefix: &str, bytes: &[u8]) -> String {
    let letters = bytes.iter().take(17).map(|byte| char::from(BASE32[usize::from(byte % 32)]));
    prefix.chars().chain(letters).collect()
}

/// An access key's id of 20 characters: `AKIA…` for users, `ASIA…` for sessions.
pub(crate) fn access_key_id(prefix: &str) -> String {
    format!("{prefix}{}", random_id(16, BASE32))
}

/// A secret of 40 characters: 240 random bits.
pub(crate) fn secret() -> String {
    random_id(40, SECRET)
}

/// The ARN of a user, role or policy: `arn:aws:iam::000000000000:user/path/name`.
pub(crate) fn arn(account: AccountId, kind: &str, path: &str, name: &str) -> String {
    Arn::of("iam", "", &account.to_string(), &format!("{kind}{path}{name}")).to_string()
}

/// The ARN that listings of users and roles are authorized for.
pub(crate) fn listing_arn(scope: &Scope, kind: &str, prefix: Option<&str>) -> String {
    arn(scope.account, kind, prefix.unwrap_or("/"), "")
}
