//! Tags.

use std::collections::BTreeMap;

use weft_model::iam::Tag;
use weft_service::Error;

use crate::errors::{invalid_input, limit_exceeded};

/// Tags that one resource may have.
const TAGS_MAX: usize = 50;

/// Tags by their keys.
pub(crate) type Tags = BTreeMap<String, String>;

/// Checks tags: no key twice, whatever its case; none of AWS's own.
pub(crate) fn parse(tags: Option<Vec<Tag>>) -> Result<Tags, Error> {
    let tags = tags.unwrap_or_default();
    let mut keys: Vec<String> = tags.iter().map(|tag| tag.key.to_lowercase()).collect();
    keys.sort_unstable();
    keys.dedup();
    if keys.len() != tags.len() {
        return Err(invalid_input(
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        ));
    }
    if keys.iter().any(|key| key.starts_with("aws:")) {
        return Err(invalid_input("System tags cannot be added/updated/deleted by requester"));
    }
    Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
}

/// Adds tags to those that are there.
pub(crate) fn merge(to: &mut Tags, tags: &Tags) -> Result<(), Error> {
    for (key, value) in tags {
        to.retain(|known, _| known == key || !known.eq_ignore_ascii_case(key));
        to.insert(key.clone(), value.clone());
    }
    if to.len() > TAGS_MAX {
        return Err(limit_exceeded("The number of tags has reached the maximum limit."));
    }
    Ok(())
}

/// Removes tags, whatever their keys' case.
pub(crate) fn remove(from: &mut Tags, keys: &[String]) {
    from.retain(|known, _| !keys.iter().any(|key| known.eq_ignore_ascii_case(key)));
}

/// Tags as answers have them; none where there are none.
pub(crate) fn show(tags: &Tags) -> Option<Vec<Tag>> {
    let tags: Vec<Tag> =
        tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect();
    (!tags.is_empty()).then_some(tags)
}
