//! Tags of functions.

use std::collections::BTreeMap;

use weft_service::Error;

use crate::errors::invalid_parameter;

/// Tags of one function.
const COUNT_MAX: usize = 50;

/// Checks tags that a request sets.
///
/// Limits: key 1 to 128 characters and not beginning with `aws:`, value at most 256.
/// Source: <https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html>.
pub(crate) fn check(tags: &BTreeMap<String, String>) -> Result<(), Error> {
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > 128 {
            return Err(invalid_parameter(format!("The tag key '{key}' must have 1 to 128 characters.")));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid_parameter("The tag keys beginning with 'aws:' are reserved for system use."));
        }
        if value.chars().count() > 256 {
            return Err(invalid_parameter(format!("The value of tag '{key}' exceeds 256 characters.")));
        }
    }
    check_count(tags.len())
}

/// Checks how many tags a function has after a change.
pub(crate) fn check_count(count: usize) -> Result<(), Error> {
    if count > COUNT_MAX {
        return Err(invalid_parameter(format!(
            "A function can have at most {COUNT_MAX} tags; this would be {count}."
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_keep_to_the_limits() {
        let one =
            |key: &str, value: &str| check(&BTreeMap::from([(key.to_owned(), value.to_owned())])).is_ok();
        assert!(one("team", "payments"));
        assert!(one(&"k".repeat(128), &"v".repeat(256)));
        assert!(!one("", "v"));
        assert!(!one(&"k".repeat(129), "v"));
        assert!(!one("k", &"v".repeat(257)));
        assert!(!one("aws:cloudformation:stack-name", "v"));
        assert!(check_count(50).is_ok());
        assert!(check_count(51).is_err());
    }
}
