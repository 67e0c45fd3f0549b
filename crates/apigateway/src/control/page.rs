//! Pages of lists. A page's `position` (or `nextToken`) is the key after which the next one begins.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use weft_service::Error;

use super::errors;

/// Items of a page where nobody says how many.
const LIMIT: usize = 25;
/// Items of a page at most.
pub(crate) const LIMIT_MAX: usize = 500;

/// Which page is wanted.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) after: Option<String>,
    pub(crate) limit: usize,
}

impl Page {
    /// Reads `position` and `limit`. A limit above 500 counts as 500.
    pub(crate) fn of(position: Option<&str>, limit: Option<i32>) -> Result<Self, Error> {
        let invalid = || errors::bad_request("Invalid position parameter");
        let decode = |text: &str| -> Result<String, Error> {
            let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid())?;
            String::from_utf8(bytes).map_err(|_| invalid())
        };
        let after = position.filter(|text| !text.is_empty()).map(decode).transpose()?;
        let limit = match limit {
            None | Some(0) => LIMIT,
            Some(limit) => usize::try_from(limit)
                .map_err(|_| errors::bad_request("Invalid limit parameter"))?
                .min(LIMIT_MAX),
        };
        Ok(Self { after, limit })
    }

    /// As [`Self::of`], with `maxResults` as a text.
    pub(crate) fn of_text(token: Option<&str>, max_results: Option<&str>) -> Result<Self, Error> {
        let limit = max_results.map(str::parse).transpose();
        Self::of(token, limit.map_err(|_| errors::bad_request("Invalid maxResults parameter"))?.or(Some(100)))
    }

    /// Cuts a page out of all items, which are in the order of their keys.
    pub(crate) fn cut<T>(
        &self,
        all: impl IntoIterator<Item = T>,
        key: impl Fn(&T) -> String,
    ) -> (Vec<T>, Option<String>) {
        let rest = all.into_iter().filter(|item| self.after.as_ref().is_none_or(|after| key(item) > *after));
        let mut items: Vec<T> = rest.take(self.limit + 1).collect();
        let next = self.end(&mut items, key);
        (items, next)
    }

    /// Drops the item that is beyond the page, and says where the next page begins where there is one.
    pub(crate) fn end<T>(&self, items: &mut Vec<T>, key: impl Fn(&T) -> String) -> Option<String> {
        if items.len() <= self.limit {
            return None;
        }
        items.truncate(self.limit);
        items.last().map(|last| URL_SAFE_NO_PAD.encode(key(last)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_without_a_gap() {
        let all: Vec<String> = (0..60).map(|number| format!("{number:02}")).collect();
        let (mut found, mut position) = (Vec::new(), None);
        let mut pages = 0;
        loop {
            let page = Page::of(position.as_deref(), Some(25)).unwrap();
            let (items, next) = page.cut(all.clone(), Clone::clone);
            found.extend(items);
            pages += 1;
            position = next;
            if position.is_none() {
                break;
            }
        }
        assert_eq!((found, pages), (all, 3));
        assert!(Page::of(Some("!"), None).is_err());
        assert!(Page::of(None, Some(-1)).is_err());
        assert_eq!(Page::of(None, Some(9999)).unwrap().limit, LIMIT_MAX);
    }
}
