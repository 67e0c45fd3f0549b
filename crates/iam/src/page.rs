//! Pages of lists.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use weft_service::Error;
use weft_store::{Read, Record, Table};
use weft_types::AccountId;

use crate::errors::validation;
use crate::records::NameKey;

/// Where a page begins and how long it may be.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// The last name of the page before.
    pub(crate) after: Option<String>,
    /// 1 to 1,000; 100 unless said.
    pub(crate) limit: usize,
}

/// One page.
pub(crate) struct Paged<T> {
    pub(crate) items: Vec<T>,
    /// What the next page's request must carry, where there is one.
    pub(crate) marker: Option<String>,
}

impl Page {
    pub(crate) fn parse(marker: Option<String>, items_max: Option<i32>) -> Result<Self, Error> {
        let after = marker.map(|text| read_marker(&text)).transpose()?;
        let limit = items_max.and_then(|n| usize::try_from(n).ok()).unwrap_or(100).clamp(1, 1000);
        Ok(Self { after, limit })
    }

    /// Cuts the page out of names and their items, in order of names.
    pub(crate) fn cut<T>(&self, items: impl IntoIterator<Item = (String, T)>) -> Paged<T> {
        let after = self.after.as_deref();
        let mut rest =
            items.into_iter().skip_while(|(name, _)| after.is_some_and(|after| name.as_str() <= after));
        let mut page = Vec::new();
        let mut last = String::new();
        while page.len() < self.limit {
            let Some((name, item)) = rest.next() else { return Paged { items: page, marker: None } };
            last = name;
            page.push(item);
        }
        let marker = rest.next().map(|_| URL_SAFE_NO_PAD.encode(&last));
        Paged { items: page, marker }
    }
}

impl Page {
    /// Cuts the page out of `total` items by their numbers; makes no others.
    pub(crate) fn cut_numbered<T>(&self, total: usize, item: impl Fn(usize) -> T) -> Paged<T> {
        let after = self.after.as_deref().map(|text| text.parse::<usize>().unwrap_or(total));
        let start = after.map_or(0, |after| after.saturating_add(1)).min(total);
        let end = total.min(start.saturating_add(self.limit));
        let marker = (start < end && end < total).then(|| URL_SAFE_NO_PAD.encode(format!("{:010}", end - 1)));
        Paged { items: (start..end).map(item).collect(), marker }
    }
}

/// Rows read at a time while a page is filled.
const CHUNK: usize = 256;

impl Page {
    /// Fills the page from an account's rows of a table: those that `show` shows. Reads no more rows than it takes.
    pub(crate) fn scan<V: Record, T>(
        &self,
        tx: &impl Read,
        table: &Table<NameKey, V>,
        account: AccountId,
        show: impl Fn(&V) -> Option<T>,
    ) -> Result<Paged<T>, Error> {
        let account = account.as_u64();
        let mut after = self.after.clone();
        let mut items: Vec<(String, T)> = Vec::new();
        while items.len() <= self.limit {
            let rows = table.query(&(account,));
            let rows = match &after {
                Some(after) => rows.after(&(account, after.as_str())),
                None => rows,
            };
            let rows = rows.limit(CHUNK).rows(tx)?;
            let Some(((_, last), _)) = rows.last() else { break };
            after = Some(last.clone());
            items.extend(rows.iter().filter_map(|((_, name), row)| Some((name.clone(), show(row)?))));
        }
        Ok(self.cut(items))
    }
}

impl<T> Paged<T> {
    pub(crate) fn is_truncated(&self) -> bool {
        self.marker.is_some()
    }
}

fn read_marker(text: &str) -> Result<String, Error> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| validation(format!("Invalid Marker: {text}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_to_the_end() {
        for limit in 1..=8 {
            let names = ["a", "b", "c", "d", "e", "f", "g"];
            let (mut marker, mut seen, mut pages) = (None, Vec::new(), 0);
            loop {
                let page = Page::parse(marker, Some(limit)).expect("our own marker");
                let cut = page.cut(names.iter().map(|name| ((*name).to_owned(), *name)));
                seen.extend(cut.items);
                pages += 1;
                marker = cut.marker;
                if marker.is_none() {
                    break;
                }
            }
            assert_eq!(seen, names, "limit {limit}");
            let (mut marker, mut seen, mut made) = (None, Vec::new(), 0..);
            loop {
                let page = Page::parse(marker, Some(limit)).expect("our own marker");
                let cut = page.cut_numbered(names.len(), |number| names[number]);
                seen.extend(cut.items);
                marker = cut.marker;
                if marker.is_none() || made.next() > Some(names.len()) {
                    break;
                }
            }
            assert_eq!(seen, names, "numbered, limit {limit}");
            assert_eq!(pages, 7usize.div_ceil(usize::try_from(limit).expect("small")), "limit {limit}");
        }
        assert!(Page::parse(Some("§".to_owned()), None).is_err());
    }
}
