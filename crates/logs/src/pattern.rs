//! Filter patterns: plain terms. Patterns over JSON (`{…}`), columns (`[…]`) and regular expressions (`%…%`) are refused.
//!
//! Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>.

use weft_service::Error;

use crate::errors::invalid_parameter;

/// A parsed pattern; matching is case-sensitive.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// All of them must occur.
    all: Vec<String>,
    /// None of them may occur.
    none: Vec<String>,
    /// One of them must occur; without effect beside the others, as AWS documents.
    any: Vec<String>,
}

impl Pattern {
    /// Parses `term "quoted term" -excluded -"excluded too" ?either ?or`.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let mut pattern = Self::default();
        let mut rest = text.trim();
        if let Some(kind) = rest.chars().next().filter(|c| "{[%".contains(*c)) {
            return Err(invalid_parameter(format!(
                "Filter patterns that begin with '{kind}' are not supported by Weft yet; use plain or quoted terms."
            )));
        }
        while !rest.is_empty() {
            let (terms, body) = match rest.as_bytes()[0] {
                b'-' => (&mut pattern.none, &rest[1..]),
                b'?' => (&mut pattern.any, &rest[1..]),
                _ => (&mut pattern.all, rest),
            };
            let (term, tail) = match body.strip_prefix('"') {
                Some(quoted) => take_quoted(quoted)?,
                None => take_plain(body)?,
            };
            terms.push(term);
            rest = tail.trim_start();
        }
        Ok(pattern)
    }

    /// Whether a message is what was asked for.
    pub(crate) fn matches(&self, message: &str) -> bool {
        if self.all.is_empty() && self.none.is_empty() {
            return self.any.is_empty() || self.any.iter().any(|term| message.contains(term));
        }
        self.all.iter().all(|term| message.contains(term))
            && !self.none.iter().any(|term| message.contains(term))
    }
}

fn take_plain(text: &str) -> Result<(String, &str), Error> {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (term, rest) = text.split_at(end);
    if term.is_empty() || !term.chars().all(|c| c.is_alphanumeric() || c == '_') {
        return Err(invalid_parameter(format!("Invalid character(s) in term '{term}'")));
    }
    Ok((term.to_owned(), rest))
}

/// Takes up to the closing quote; `\"` and `\\` stand for the character.
fn take_quoted(text: &str) -> Result<(String, &str), Error> {
    let mut term = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Ok((term, &text[at + 1..])),
            '\\' => term.extend(characters.next().map(|(_, c)| c)),
            _ => term.push(c),
        }
    }
    Err(invalid_parameter("Invalid filter pattern: a quoted term has no end."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, message: &str, expected: bool) {
        assert_eq!(Pattern::parse(pattern).unwrap().matches(message), expected, "{pattern} on {message}");
    }

    #[test]
    fn terms_are_found_as_aws_finds_them() {
        check("", "anything", true);
        check("ERROR", "an ERROR here", true);
        check("ERROR", "an error here", false);
        check("ERROR disk", "disk ERROR", true);
        check("ERROR disk", "ERROR", false);
        check("\"disk full\"", "the disk full", true);
        check("\"disk full\"", "full disk", false);
        check("\"a \\\"b\\\"\"", "say a \"b\" now", true);
        check("ERROR -retry", "ERROR", true);
        check("ERROR -retry", "ERROR retry", false);
        check("-\"will retry\"", "we will retry", false);
        check("?ERROR ?WARN", "WARN", true);
        check("?ERROR ?WARN", "INFO", false);
        check("?ERROR INFO", "INFO", true);
    }

    #[test]
    fn other_syntax_is_refused() {
        for pattern in ["{ $.a = 1 }", "[a, b]", "%x.*%", "a-b", "\"open", "-", "?"] {
            assert_eq!(Pattern::parse(pattern).unwrap_err().code(), "InvalidParameterException", "{pattern}");
        }
    }
}
