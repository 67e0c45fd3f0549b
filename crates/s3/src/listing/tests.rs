//! Lists against a model that looks at every key.

use std::collections::BTreeSet;

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use super::*;

/// The keys of a bucket, and how many rows were read of it.
struct Keys {
    keys: BTreeSet<String>,
    read: usize,
}

impl Keys {
    fn page(&mut self, selection: &Selection, begin: Option<From<String>>) -> Page<String> {
        let scan = |from: &From<String>, limit: usize| {
            let rows = self.keys.iter().filter(|key| match from {
                From::Key(first) => key.as_bytes() >= first.as_slice(),
                From::After(last) => *key > last,
            });
            let rows: Vec<_> = rows.take(limit).map(|key| (key.clone(), key.clone(), key.clone())).collect();
            self.read += rows.len();
            Ok::<_, ()>(rows)
        };
        selection.page(begin, scan).unwrap_or(Page { entries: Vec::new(), truncated: false })
    }

    /// All pages, one after the other, as a caller goes on.
    fn all(&mut self, selection: &Selection) -> Vec<String> {
        let (mut all, mut begin) = (Vec::new(), None);
        loop {
            let page = self.page(selection, begin.take());
            assert!(page.entries.len() <= selection.limit);
            begin = page.entries.last().map(|entry| match entry {
                Entry::Row(key) => From::After(key.clone()),
                Entry::Prefix(prefix) => From::Key(after_all(prefix.as_bytes()).unwrap_or_default()),
            });
            all.extend(page.entries.iter().map(|entry| match entry {
                Entry::Row(key) => key.clone(),
                Entry::Prefix(prefix) => format!("{prefix}*"),
            }));
            if !page.truncated {
                return all;
            }
        }
    }
}

/// What a list has to be.
fn model(keys: &BTreeSet<String>, selection: &Selection) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for key in keys.iter().filter(|key| key.starts_with(&selection.prefix)) {
        let rest = &key[selection.prefix.len()..];
        let at = rest.find(&selection.delimiter).filter(|_| !selection.delimiter.is_empty());
        let shown = match at {
            Some(at) => format!("{}{}*", selection.prefix, &rest[..at + selection.delimiter.len()]),
            None => key.clone(),
        };
        if all.last() != Some(&shown) {
            all.push(shown);
        }
    }
    all
}

fn key() -> impl Strategy<Value = String> {
    let letters = ['a', 'b', '/', '\0', 'é', '\u{10ffff}', '-'];
    vec(proptest::sample::select(letters.to_vec()), 1..6).prop_map(|letters| letters.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn pages_together_are_the_list(
        keys in btree_set(key(), 0..40),
        prefix in prop_oneof![Just(String::new()), key()],
        delimiter in prop_oneof![Just(String::new()), Just("/".to_owned()), Just("a".to_owned()), Just("/a".to_owned())],
        limit in 1_usize..8,
    ) {
        let selection = Selection { prefix, delimiter, limit };
        let expected = model(&keys, &selection);
        prop_assert_eq!(Keys { keys, read: 0 }.all(&selection), expected);
    }

    #[test]
    fn a_marker_is_a_place_and_need_not_be_a_key(
        keys in btree_set(key(), 0..30),
        prefix in prop_oneof![Just(String::new()), key()],
        marker in key(),
    ) {
        let selection = Selection { prefix: prefix.clone(), delimiter: String::new(), limit: 100 };
        let expected: Vec<Entry<String>> = keys
            .iter()
            .filter(|key| key.starts_with(&prefix) && **key > marker)
            .map(|key| Entry::Row(key.clone()))
            .collect();
        let page = Keys { keys, read: 0 }.page(&selection, Some(From::After(marker)));
        prop_assert_eq!(page.entries, expected);
    }
}

#[test]
fn a_page_reads_as_much_of_a_large_bucket_as_of_a_small_one() {
    let read = |folders: usize, delimiter: &str| {
        let keys = (0..folders).flat_map(|folder| (0..50).map(move |file| format!("{folder:06}/{file}")));
        let mut keys = Keys { keys: keys.collect(), read: 0 };
        let selection = Selection { delimiter: delimiter.to_owned(), limit: 10, ..Selection::default() };
        let page = keys.page(&selection, None);
        assert!(page.truncated && page.entries.len() == 10);
        keys.read
    };
    for delimiter in ["", "/"] {
        assert_eq!(read(20, delimiter), read(400, delimiter), "{delimiter}");
    }
}

#[test]
fn keys_are_encoded_as_in_a_form() {
    let check = |key: &str, expected: &str| assert_eq!(url_encoded(key), expected);
    check("a/b c+d", "a/b+c%2Bd");
    check("é\0", "%C3%A9%00");
    check("-_.*~", "-_.*%7E");
}
