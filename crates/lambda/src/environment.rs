//! Variables that users set for their functions.

use std::collections::BTreeMap;

use weft_service::Error;
use weft_types::LAMBDA_RESERVED_VARIABLES;

use crate::errors::invalid_parameter;

/// Bytes of all variables together, as JSON.
const SIZE_MAX: usize = 4096;

/// Reserved names that begin with `_`; others of that kind break the rule for names.
const RESERVED_UNDERSCORED: [&str; 2] = ["_HANDLER", "_X_AMZN_TRACE_ID"];

/// Checks names and the total size.
pub(crate) fn check(variables: &BTreeMap<String, String>) -> Result<(), Error> {
    let is_reserved =
        |name: &&str| LAMBDA_RESERVED_VARIABLES.contains(name) || RESERVED_UNDERSCORED.contains(name);
    let reserved: Vec<&str> = variables.keys().map(String::as_str).filter(is_reserved).collect();
    if !reserved.is_empty() {
        return Err(invalid_parameter(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have \
             provided contains reserved keys that are currently not supported for modification. Reserved keys used in \
             this request: {}",
            reserved.join(", ")
        )));
    }
    if let Some(name) = variables.keys().find(|name| !is_name(name)) {
        return Err(crate::errors::validation(
            name,
            "environment.variables",
            "satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]",
        ));
    }
    let text = serde_json::to_string(variables).map_err(Error::internal)?;
    if text.len() > SIZE_MAX {
        return Err(invalid_parameter(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have \
             provided exceeded the 4KB limit. String measured: {text}"
        )));
    }
    Ok(())
}

/// A letter, then at least one letter, digit or `_`.
fn is_name(text: &str) -> bool {
    text.len() >= 2
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(name: &str, value: &str) -> bool {
        check(&BTreeMap::from([(name.to_owned(), value.to_owned())])).is_ok()
    }

    #[test]
    fn variables_keep_to_the_limits() {
        assert!(accepts("TABLE", "orders"));
        assert!(accepts("AWS_LAMBDA_EXEC_WRAPPER", "/opt/wrap"));
        assert!(!accepts("AWS_REGION", "eu-west-1"));
        assert!(!accepts("_HANDLER", "a.b"));
        assert!(!accepts("9A", ""));
        assert!(!accepts("A", ""));
        // {"AB":"…"} is nine bytes around the value.
        assert!(accepts("AB", &"x".repeat(SIZE_MAX - 9)));
        assert!(!accepts("AB", &"x".repeat(SIZE_MAX - 8)));
    }
}
