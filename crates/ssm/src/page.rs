//! Pages of lists: how many entries, and where the next one begins.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use weft_service::Error;
use weft_store::Read;

use crate::errors;
use crate::names::Place;
use crate::tables::{PARAMETERS, Parameter};

/// Rows that a page reads at most, so that a filter that matches nothing costs no more than one that matches all.
const ROWS_MAX: usize = 1000;

/// The parameters of a page, and the next page's token.
pub(crate) type Found = (Vec<(Place, Parameter)>, Option<String>);

/// The page that a request asks for.
#[derive(Debug)]
pub(crate) struct Page {
    /// What the page before ended with.
    pub(crate) after: Option<String>,
    pub(crate) limit: usize,
}

impl Page {
    /// Parses `NextToken` and `MaxResults`, which is `max` where it is not given.
    pub(crate) fn parse(token: Option<String>, max_results: Option<i32>, max: usize) -> Result<Self, Error> {
        let limit = max_results.and_then(|count| usize::try_from(count).ok()).unwrap_or(max);
        let after = token.filter(|token| !token.is_empty()).map(|token| {
            let text = URL_SAFE_NO_PAD.decode(&token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            text.ok_or_else(errors::invalid_token)
        });
        Ok(Self { after: after.transpose()?, limit: limit.clamp(1, max) })
    }

    /// The parameters of an account and region whose places begin with `beginning` and that are wanted, in the order of their
    /// names, with the next page's token.
    pub(crate) fn read(
        &self,
        tx: &impl Read,
        beginning: &Place,
        wanted: impl Fn(&Place, &Parameter) -> bool,
    ) -> Result<Found, Error> {
        let (account, region, start) = beginning.key();
        let from = (account, region.as_str(), start.as_str());
        let all = PARAMETERS.query(&(account, region.as_str()));
        let rows = match self.after.as_deref() {
            Some(after) if after >= start.as_str() => all.after(&(account, region.as_str(), after)),
            _ => all.from(&from),
        };
        let rows = rows.limit(ROWS_MAX).rows(tx)?;
        let (full, mut found, mut last) = (rows.len() == ROWS_MAX, Vec::new(), None);
        for ((_, _, path), parameter) in rows {
            if !path.starts_with(&start) {
                return Ok((found, None));
            }
            if found.len() == self.limit {
                return Ok((found, last.as_deref().map(token)));
            }
            last = Some(path.clone());
            let place = Place { path, ..beginning.clone() };
            if wanted(&place, &parameter) {
                found.push((place, parameter));
            }
        }
        Ok((found, last.as_deref().filter(|_| full).map(token)))
    }
}

/// The token of the page after this one's last entry.
pub(crate) fn token(last: &str) -> String {
    URL_SAFE_NO_PAD.encode(last)
}
