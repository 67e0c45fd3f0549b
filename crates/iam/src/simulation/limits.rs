//! How much one simulation may ask for, and where it runs.
//!
//! AWS documents 131,072 characters for one policy and nothing for a request; these bounds are our own. Every result
//! reads all policies, and a wildcard in them can be tried at each character of what the request gives: a page ends early
//! where that would be too much, as IAM's pages may (`IsTruncated` tells it).

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use weft_model::iam::ContextEntry;
use weft_service::Error;

use crate::Iam;
use crate::errors::invalid_input;
use crate::page::Page;
use crate::simulation::{Setting, Source};

/// Bytes of all policies of a request: about twice what a role can have attached.
const POLICY_BYTES_MAX: usize = 256 * 1024;
/// Bytes of all names and values of condition keys of a request.
const CONTEXT_BYTES_MAX: usize = 16 * 1024;
/// Bytes of policies that one page reads: 16 MiB.
const PAGE_COST_MAX: usize = 16 * 1024 * 1024;
/// Bytes of values after which a result counts for one more.
const CONTEXT_BYTES_FREE: usize = 256;
/// Simulations that run at a time; others wait.
const AT_A_TIME: usize = 2;

/// The turns in which simulations run.
pub(crate) fn turns() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(AT_A_TIME))
}

/// Fails where the policies that a request brings are longer than one may be.
fn check_policies<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<(), Error> {
    let bytes: usize = texts.into_iter().map(str::len).sum();
    if bytes <= POLICY_BYTES_MAX {
        return Ok(());
    }
    let message = format!("The policies have {bytes} bytes together, and may have {POLICY_BYTES_MAX}.");
    Err(invalid_input(message))
}

/// As [`check_policies`], for those of a list.
pub(crate) fn check_sources(sources: &[Source]) -> Result<(), Error> {
    check_policies(sources.iter().map(|source| &*source.text))
}

impl Setting {
    /// Fails where the request asks for more than one may.
    pub(crate) fn within_limits(self, sources: &[Source], boundary: Option<&Source>) -> Result<Self, Error> {
        let texts = sources.iter().chain(boundary).map(|source| &*source.text);
        check_policies(texts.chain(self.resource_policy.as_deref()))?;
        let bytes: usize = self.context.iter().flatten().map(entry_bytes).sum();
        if bytes <= CONTEXT_BYTES_MAX {
            return Ok(self);
        }
        let message =
            format!("The context entries have {bytes} bytes together, and may have {CONTEXT_BYTES_MAX}.");
        Err(invalid_input(message))
    }
}

fn entry_bytes(entry: &ContextEntry) -> usize {
    let values = entry.context_key_values.iter().flatten().map(String::len).sum::<usize>();
    entry.context_key_name.as_deref().unwrap_or_default().len() + values
}

/// The page, with no more results than it may read policies of so many bytes for, and one at least.
pub(super) fn shorten(page: &Page, policy_bytes: usize, context_bytes: usize) -> Page {
    let cost = policy_bytes.max(1).saturating_mul(1 + context_bytes / CONTEXT_BYTES_FREE);
    Page { limit: page.limit.min((PAGE_COST_MAX / cost).max(1)), ..page.clone() }
}

impl Iam {
    /// Runs what a simulation computes on a thread where it holds up nobody, when it is its turn.
    pub(crate) async fn apart<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, Error> + Send + 'static,
    {
        let turn = Arc::clone(&self.simulations).acquire_owned().await.map_err(Error::internal)?;
        let work = move || {
            let _turn = turn;
            work()
        };
        spawn_blocking(work).await.map_err(Error::internal)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_as_long_as_its_policies_are_short() {
        let check = |limit: usize, policy_bytes: usize, context_bytes: usize, expected: usize| {
            let page = Page { after: None, limit };
            let found = shorten(&page, policy_bytes, context_bytes).limit;
            assert_eq!(found, expected, "{limit} {policy_bytes} {context_bytes}");
        };
        check(1000, 0, 0, 1000);
        check(1000, 16 * 1024, 0, 1000);
        check(1000, POLICY_BYTES_MAX, 255, 64);
        check(1000, POLICY_BYTES_MAX, 256, 32);
        check(1000, POLICY_BYTES_MAX, CONTEXT_BYTES_MAX, 1);
        check(3, usize::MAX, usize::MAX, 1);
        check(7, 100, CONTEXT_BYTES_MAX, 7);
    }
}
