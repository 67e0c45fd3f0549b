//! Pages of lists: how many, and where the next one begins.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use weft_service::Error;

use crate::errors;

/// Entries of a page, also where a request asks for more.
const PAGE_MAX: i32 = 50;

/// The page that a request asks for.
#[derive(Debug)]
pub(crate) struct Page {
    /// What the page before ended with.
    pub(crate) after: Option<String>,
    pub(crate) limit: usize,
}

impl Page {
    /// Parses `Marker` and `MaxItems`.
    pub(crate) fn parse(marker: Option<String>, max_items: Option<i32>) -> Result<Self, Error> {
        let limit = max_items.unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX);
        let after = marker.filter(|marker| !marker.is_empty()).map(|marker| {
            let text = URL_SAFE_NO_PAD.decode(&marker).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            text.ok_or_else(|| bad_marker(&marker))
        });
        Ok(Self { after: after.transpose()?, limit: usize::try_from(limit).unwrap_or(1) })
    }

    /// What the page before ended with, where it must have another form than text.
    pub(crate) fn after_parsed<T>(&self, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Error> {
        let parsed = self.after.as_deref().map(|text| parse(text).ok_or_else(|| bad_marker(text)));
        parsed.transpose()
    }
}

fn bad_marker(marker: &str) -> Error {
    errors::invalid_parameter(format!("Invalid Marker: {marker}"))
}

/// `NextMarker`, where there is more than `entries`.
pub(crate) fn next_marker<T>(entries: &[T], more: bool, name: impl Fn(&T) -> String) -> Option<String> {
    entries.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(name(last)))
}
