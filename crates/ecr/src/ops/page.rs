//! Pages of lists: how many entries, and where the next one begins.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use weft_service::Error;

use crate::errors::invalid;

/// Entries of a page where a request does not say.
const LIMIT: usize = 100;

/// The page that a request asks for.
#[derive(Debug)]
pub(super) struct Page {
    /// What the page before ended with.
    pub(super) after: Option<String>,
    pub(super) limit: usize,
}

impl Page {
    /// Parses `nextToken` and `maxResults`.
    pub(super) fn parse(token: Option<String>, max_results: Option<i32>) -> Result<Self, Error> {
        let limit = max_results.and_then(|count| usize::try_from(count).ok()).unwrap_or(LIMIT);
        let after = token.map(|token| {
            let text = URL_SAFE_NO_PAD.decode(&token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            text.ok_or_else(|| {
                invalid("Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid token'")
            })
        });
        Ok(Self { after: after.transpose()?, limit: limit.clamp(1, 1000) })
    }
}

/// The token of the page after the one that ends here.
pub(super) fn token(last: &str) -> String {
    URL_SAFE_NO_PAD.encode(last)
}

/// Which images are asked for by whether they have tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TagStatus {
    Any,
    Tagged,
    Untagged,
}

impl TagStatus {
    pub(super) fn parse(text: Option<&str>) -> Self {
        match text {
            Some("TAGGED") => Self::Tagged,
            Some("UNTAGGED") => Self::Untagged,
            _ => Self::Any,
        }
    }

    pub(super) fn takes(self, tagged: bool) -> bool {
        match self {
            Self::Any => true,
            Self::Tagged => tagged,
            Self::Untagged => !tagged,
        }
    }
}
