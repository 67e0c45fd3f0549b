//! Identifiers as AWS makes them.

use weft_service::random_id;

const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const FIRST: &[u8] = b"abcdefghijklmnopqrstuvwxyz";

/// Ten characters for an API: it is the first label of a host.
pub(crate) fn api() -> String {
    random_id(1, FIRST) + &random_id(9, ALPHABET)
}

/// Six characters for what belongs to a REST API: resources, deployments, authorizers, models, validators; ten for the root.
pub(crate) fn part() -> String {
    random_id(6, ALPHABET)
}

/// Ten characters for a root resource.
pub(crate) fn root() -> String {
    random_id(10, ALPHABET)
}

/// Seven characters for what belongs to an HTTP API.
pub(crate) fn http_part() -> String {
    random_id(1, FIRST) + &random_id(6, ALPHABET)
}
