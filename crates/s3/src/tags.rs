//! Tags of buckets and objects.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use weft_model::s3 as model;
use weft_service::Error;

use crate::errors;

/// Tags of an object.
pub(crate) const OBJECT_TAGS_MAX: usize = 10;
/// Tags of a bucket.
pub(crate) const BUCKET_TAGS_MAX: usize = 50;

/// Reads the header `x-amz-tagging`, a query string.
pub(crate) fn of_header(text: &str) -> Result<BTreeMap<String, String>, Error> {
    let wrong = || {
        let message = "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters \
                       without tag name duplicates.";
        errors::invalid_argument(message, "x-amz-tagging", text)
    };
    let plain = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8().map(std::borrow::Cow::into_owned).map_err(|_| wrong())
    };
    let mut tags = BTreeMap::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if tags.insert(plain(key)?, plain(value)?).is_some() {
            return Err(wrong());
        }
    }
    check(&tags, OBJECT_TAGS_MAX)?;
    Ok(tags)
}

/// Reads a set of tags.
pub(crate) fn of_set(set: Vec<model::Tag>, most: usize) -> Result<BTreeMap<String, String>, Error> {
    let mut tags = BTreeMap::new();
    for tag in set {
        if tags.insert(tag.key, tag.value).is_some() {
            let message = "Cannot provide multiple Tags with the same key";
            return Err(errors::plain("InvalidTag", 400, message));
        }
    }
    check(&tags, most)?;
    Ok(tags)
}

/// Writes a set of tags.
pub(crate) fn to_set(tags: BTreeMap<String, String>) -> Vec<model::Tag> {
    tags.into_iter().map(|(key, value)| model::Tag { key, value }).collect()
}

fn check(tags: &BTreeMap<String, String>, most: usize) -> Result<(), Error> {
    if tags.len() > most {
        let message = if most == OBJECT_TAGS_MAX {
            "Object tags cannot be greater than 10"
        } else {
            "Bucket tag count cannot be greater than 50"
        };
        return Err(errors::plain("BadRequest", 400, message));
    }
    let allowed = |text: &str| {
        text.chars()
            .all(|letter| letter.is_alphanumeric() || letter.is_whitespace() || "_.:/=+-@".contains(letter))
    };
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > 128 || !allowed(key) {
            return Err(errors::plain("InvalidTag", 400, "The TagKey you have provided is invalid"));
        }
        if value.chars().count() > 256 || !allowed(value) {
            return Err(errors::plain("InvalidTag", 400, "The TagValue you have provided is invalid"));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            let message = "System tags cannot be added/updated by requester";
            return Err(errors::plain("InvalidTag", 400, message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_a_query_string() {
        let check = |text: &str, expected: Result<&[(&str, &str)], &str>| {
            let found = of_header(text).map_err(|error| error.code());
            let found = found
                .as_ref()
                .map_err(|code| *code)
                .map(|tags| tags.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect::<Vec<_>>());
            assert_eq!(found.as_deref().map_err(|code| *code), expected, "{text}");
        };
        check("", Ok(&[]));
        check("a=1&b=x+y%2Fz", Ok(&[("a", "1"), ("b", "x y/z")]));
        check("a", Ok(&[("a", "")]));
        check("a=1&a=2", Err("InvalidArgument"));
        check("aws:x=1", Err("InvalidTag"));
        check("a=%FF", Err("InvalidArgument"));
        let many: Vec<String> = (0..11).map(|number| format!("k{number}=v")).collect();
        check(&many.join("&"), Err("BadRequest"));
    }
}
