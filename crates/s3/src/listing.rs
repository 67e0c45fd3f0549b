//! Lists: keys in the order of their bytes, those with a delimiter after the prefix rolled up. Pure but for `scan`, which reads
//! rows from a place on; it takes as many steps as a page has entries, however many keys a bucket has.

use std::fmt::Write as _;

/// Where a scan begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum From<P> {
    /// At this key or the first after it.
    Key(Vec<u8>),
    /// After this place.
    After(P),
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page<R> {
    /// Rows and rolled up prefixes in their order.
    pub(crate) entries: Vec<Entry<R>>,
    /// Whether more follow.
    pub(crate) truncated: bool,
}

/// An entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry<R> {
    Row(R),
    Prefix(String),
}

/// What of a bucket is listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) prefix: String,
    pub(crate) delimiter: String,
    /// The most entries.
    pub(crate) limit: usize,
}

/// Rows that are read at a time.
const BATCH: usize = 256;

impl Selection {
    /// The part of a key that stands for all keys that begin with it, where there is one.
    pub(crate) fn rolled_up<'k>(&self, key: &'k str) -> Option<&'k str> {
        if self.delimiter.is_empty() {
            return None;
        }
        let rest = key.get(self.prefix.len()..)?;
        let at = rest.find(&self.delimiter)?;
        Some(&key[..self.prefix.len() + at + self.delimiter.len()])
    }

    /// One page. `begin` is where it starts at the earliest; `passed` a prefix that was told already, and `scan` gives at most so many
    /// rows from a place on, each with its place and key.
    pub(crate) fn page<P: Clone, R, E>(
        &self,
        begin: Option<From<P>>,
        mut scan: impl FnMut(&From<P>, usize) -> Result<Vec<(P, String, R)>, E>,
    ) -> Result<Page<R>, E> {
        let mut page = Page { entries: Vec::new(), truncated: false };
        let first = From::Key(self.prefix.as_bytes().to_vec());
        let mut from = match begin {
            Some(From::Key(key)) if key.as_slice() < self.prefix.as_bytes() => first,
            Some(begin) => begin,
            None => first,
        };
        if self.limit == 0 {
            return Ok(page);
        }
        loop {
            let want = (self.limit - page.entries.len() + 1).min(BATCH);
            let rows = scan(&from, want)?;
            let is_last = rows.len() < want;
            let mut skip = None;
            for (place, key, row) in rows {
                if !key.starts_with(&self.prefix) {
                    // Keys before the prefix are there only where a marker is before it.
                    if key.as_str() > self.prefix.as_str() {
                        return Ok(page);
                    }
                    skip = Some(From::Key(self.prefix.as_bytes().to_vec()));
                    break;
                }
                if page.entries.len() == self.limit {
                    page.truncated = true;
                    return Ok(page);
                }
                if let Some(prefix) = self.rolled_up(&key) {
                    page.entries.push(Entry::Prefix(prefix.to_owned()));
                    let Some(next) = after_all(prefix.as_bytes()) else { return Ok(page) };
                    skip = Some(From::Key(next));
                    break;
                }
                page.entries.push(Entry::Row(row));
                from = From::After(place);
            }
            match skip {
                Some(next) => from = next,
                None if is_last => return Ok(page),
                None => {}
            }
        }
    }
}

/// The first bytes after all that begin with `prefix`.
pub(crate) fn after_all(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != 0xff)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

/// A key as `encoding-type=url` has it.
pub(crate) fn url_encoded(key: &str) -> String {
    let mut text = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b' ' => text.push('+'),
            b'/' | b'-' | b'_' | b'.' | b'*' => text.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => text.push(char::from(byte)),
            _ => _ = write!(text, "%{byte:02X}"),
        }
    }
    text
}

#[cfg(test)]
mod tests;
