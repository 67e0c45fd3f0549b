//! The canonical request: one spelling for all ways to send the same thing.

use std::fmt::Write as _;

use http::header::HOST;
use http::request::Parts;

use crate::uri;

/// What differs between S3 and all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// The path is normalized, and escaped a second time.
    Usual,
    /// The path is escaped once and otherwise taken as it is.
    S3,
}

impl Style {
    pub(super) fn of(service: &str) -> Self {
        if service.starts_with("s3") { Self::S3 } else { Self::Usual }
    }
}

/// The canonical request of a request and its signed headers.
pub(super) fn request(parts: &Parts, signed_headers: &[String], payload_hash: &str, style: Style) -> String {
    let mut text = String::with_capacity(512);
    let _ = writeln!(text, "{}", parts.method);
    let _ = writeln!(text, "{}", path(parts.uri.path(), style));
    let _ = writeln!(text, "{}", query(parts.uri.query().unwrap_or("")));
    for name in signed_headers {
        let _ = writeln!(text, "{}:{}", name.to_ascii_lowercase(), header(parts, name));
    }
    let _ = write!(text, "\n{}\n{payload_hash}", signed_headers.join(";"));
    text
}

fn path(path: &str, style: Style) -> String {
    if style == Style::S3 {
        // As sent, in one spelling of the escapes.
        let bytes: Vec<u8> = percent_encoding::percent_decode_str(path).collect();
        let escaped = escape_bytes(&bytes);
        return if escaped.is_empty() { "/".to_owned() } else { escaped };
    }
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => _ = kept.pop(),
            segment => kept.push(segment),
        }
    }
    let end = if path.ends_with('/') && !kept.is_empty() { "/" } else { "" };
    uri::escape_path(&format!("/{}{end}", kept.join("/")))
}

fn escape_bytes(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// The query's pairs in one spelling, sorted; without the signature itself.
fn query(query: &str) -> String {
    let spell = |text: &str| {
        let text = text.replace('+', " ");
        let bytes: Vec<u8> = percent_encoding::percent_decode_str(&text).collect();
        escape_bytes(&bytes).replace('/', "%2F")
    };
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (spell(name), spell(value)))
        .filter(|(name, _)| name != "X-Amz-Signature")
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// All values of a header, each trimmed and with single spaces, joined by commas.
fn header(parts: &Parts, name: &str) -> String {
    let values = parts.headers.get_all(name).iter();
    let values: Vec<String> = values.map(|value| fold(&String::from_utf8_lossy(value.as_bytes()))).collect();
    let is_host = name.eq_ignore_ascii_case(HOST.as_str()) || name == ":authority";
    match parts.uri.authority() {
        Some(authority) if values.is_empty() && is_host => authority.to_string(),
        _ => values.join(","),
    }
}

fn fold(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut pending = false;
    for letter in value.chars() {
        if letter == ' ' || letter == '\t' {
            pending = !text.is_empty();
        } else {
            if pending {
                text.push(' ');
            }
            pending = false;
            text.push(letter);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalized_but_for_s3() {
        let check = |given: &str, usual: &str, s3: &str| {
            assert_eq!(path(given, Style::Usual), usual, "{given}");
            assert_eq!(path(given, Style::S3), s3, "{given} (S3)");
        };
        check("/", "/", "/");
        check("", "/", "/");
        check("//", "/", "//");
        check("/a/b", "/a/b", "/a/b");
        check("/a/./b/../c/", "/a/c/", "/a/./b/../c/");
        check("/../..", "/", "/../..");
        check("/a%20b", "/a%2520b", "/a%20b");
        check("/a%2fb", "/a%252fb", "/a/b");
        check("/f:1", "/f%3A1", "/f%3A1");
        check("/~x", "/~x", "/~x");
    }

    #[test]
    fn queries_are_sorted_in_one_spelling() {
        let check = |given: &str, expected: &str| assert_eq!(query(given), expected);
        check("", "");
        check("b=2&a=1", "a=1&b=2");
        check("a=2&a=1&a", "a=&a=1&a=2");
        check("a=x+y&b=%7e%2f", "a=x%20y&b=~%2F");
        check("X-Amz-Signature=1&a=b", "a=b");
        check("a=b=c", "a=b%3Dc");
        check("&&a=1&", "a=1");
    }

    #[test]
    fn white_space_is_folded() {
        assert_eq!(fold("  a   b\t c  "), "a b c");
        assert_eq!(fold(" \t"), "");
    }
}
