//! Errors for people.

use std::error::Error;
use std::fmt::Write as _;

/// An error's text with those of all its causes: `what: why: why that`.
pub fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Link {
        text: &'static str,
        source: Option<Box<Link>>,
    }

    #[test]
    fn an_error_is_told_with_its_causes() {
        let link = |text, source: Option<Link>| Link { text, source: source.map(Box::new) };
        let check = |error: &Link, expected| assert_eq!(error_chain(error), expected);
        check(&link("a", None), "a");
        check(&link("a", Some(link("b", Some(link("c", None))))), "a: b: c");
    }
}
