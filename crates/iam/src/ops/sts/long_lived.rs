//! What only long-lived keys may ask for.

use std::time::Duration;

use weft_service::{Context, Error, Principal};

use crate::ops::sts::request::seconds;
use crate::seal::Who;

/// 12 hours.
pub(super) const SECONDS_DEFAULT: i32 = 43_200;
/// The most for root.
const ROOT_SECONDS_MAX: i32 = 3600;

/// Whose keys signed, which must not be a session's, and how long a session made with them lasts: root's an hour at most.
pub(super) fn long_lived(cx: &Context, operation: &str, wanted: i32) -> Result<(Who, Duration), Error> {
    let denied = || {
        let message = format!("Cannot call {operation} with session credentials");
        Error::new("AccessDeniedException", message)
    };
    if cx.session.is_some() {
        return Err(denied());
    }
    match &*cx.principal {
        Principal::Root(_) => Ok((Who::Root, seconds(wanted.min(ROOT_SECONDS_MAX)))),
        Principal::User { name, id, .. } => {
            Ok((Who::User { name: name.clone(), id: id.clone() }, seconds(wanted)))
        }
        _ => Err(denied()),
    }
}
