//! Request paths: read once, so that no spelling of a path escapes the prefix that it was matched by.

use std::borrow::Cow;

/// Why a path is refused with 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It does not begin with `/`.
    #[error("the path does not begin with `/`")]
    NotAbsolute,
    /// A `%` is not followed by two hexadecimal digits.
    #[error("the path has a `%` without two hexadecimal digits")]
    BadEscape,
    /// A control character, plain or escaped.
    #[error("the path has a control character")]
    Control,
    /// A dot segment for programs that undo an escaped `/`, take `\` for `/`, or ignore what follows a `;`.
    #[error("the path hides a dot segment")]
    HiddenDots,
    /// More than 32 KiB.
    #[error("the path is too long")]
    TooLong,
}

/// A path that was read.
///
/// `key` is what routes are matched by: escapes of plain characters undone, dot segments resolved, empty segments
/// gone, no slash at the end (the root is the empty text). `forward` is what the workload gets: the path as it came,
/// unless it had dot segments, which are resolved there too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path<'a> {
    key: Cow<'a, str>,
    forward: Cow<'a, str>,
}

const PATH_BYTES_MAX: usize = 32 << 10;

impl<'a> Path<'a> {
    /// Reads a path as it stands in a request line, without its query.
    pub fn parse(raw: &'a str) -> Result<Self, PathError> {
        if raw.len() > PATH_BYTES_MAX {
            return Err(PathError::TooLong);
        }
        if !raw.starts_with('/') {
            return Err(PathError::NotAbsolute);
        }
        if is_plain(raw) {
            let key = raw.strip_suffix('/').unwrap_or(raw);
            return Ok(Self { key: Cow::Borrowed(key), forward: Cow::Borrowed(raw) });
        }
        let mut resolved: Vec<(String, &str)> = Vec::new();
        let mut dots = false;
        let mut ends_with_slash = true;
        for segment in raw[1..].split('/') {
            let canonical = canonical_segment(segment)?;
            ends_with_slash = matches!(canonical.as_str(), "" | "." | "..");
            match canonical.as_str() {
                "" => {}
                "." => dots = true,
                ".." => {
                    dots = true;
                    resolved.pop();
                }
                _ => resolved.push((canonical, segment)),
            }
        }
        let key = resolved.iter().fold(String::new(), |key, (segment, _)| key + "/" + segment);
        let forward = if dots {
            let mut forward = resolved.iter().fold(String::new(), |path, (_, raw)| path + "/" + raw);
            if ends_with_slash {
                forward.push('/');
            }
            Cow::Owned(forward)
        } else {
            Cow::Borrowed(raw)
        };
        Ok(Self { key: Cow::Owned(key), forward })
    }

    /// What routes are matched by.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What the workload gets.
    pub fn forward(&self) -> &str {
        &self.forward
    }

    /// The prefixes of the key, longest first: `/a/b`, `/a`, and the empty text for the root.
    pub(crate) fn prefixes(&self) -> impl Iterator<Item = &str> {
        let key: &str = &self.key;
        std::iter::successors(Some(key), |prefix| prefix.rfind('/').map(|slash| &prefix[..slash]))
    }

    /// What the workload gets when the first `segments` segments are taken off: at least `/`.
    pub fn without(&self, segments: usize) -> &str {
        let mut rest: &str = &self.forward;
        for _ in 0..segments {
            rest = rest.trim_start_matches('/');
            rest = &rest[rest.find('/').unwrap_or(rest.len())..];
        }
        if rest.is_empty() { "/" } else { rest }
    }
}

/// Whether a path is its own key, but for a slash at the end.
fn is_plain(raw: &str) -> bool {
    let mut before = 0;
    for byte in raw.bytes() {
        let plain = match byte {
            b'/' | b'.' => before != b'/',
            b'%' | b'\\' | 0..0x20 | 0x7f.. => false,
            _ => true,
        };
        if !plain {
            return false;
        }
        before = byte;
    }
    true
}

/// Undoes the escapes of visible ASCII characters, except of those that mean something (`/`, `\`, `%`), and writes all
/// other escapes in upper case.
fn canonical_segment(segment: &str) -> Result<String, PathError> {
    let mut canonical = String::with_capacity(segment.len());
    let mut undone = String::with_capacity(segment.len());
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        let byte = if byte == b'%' {
            let digits = [bytes.next(), bytes.next()];
            let [Some(high), Some(low)] = digits.map(|digit| digit.and_then(hex)) else {
                return Err(PathError::BadEscape);
            };
            let byte = (high << 4) | low;
            if byte.is_ascii_graphic() && !matches!(byte, b'/' | b'\\' | b'%') {
                canonical.push(char::from(byte));
            } else {
                push_escape(&mut canonical, byte);
            }
            byte
        } else {
            if byte.is_ascii() && byte != b'\\' {
                canonical.push(char::from(byte));
            } else {
                push_escape(&mut canonical, byte);
            }
            byte
        };
        if byte < 0x20 || byte == 0x7f {
            return Err(PathError::Control);
        }
        undone.push(if byte == b'\\' { '/' } else { char::from(byte) });
    }
    // `undone` is what a careless program behind us would see.
    let is_dots = |part: &str| matches!(part.split(';').next(), Some("." | ".."));
    if undone.contains(['/', ';']) && undone.split('/').any(is_dots) {
        return Err(PathError::HiddenDots);
    }
    Ok(canonical)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn push_escape(text: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    text.push('%');
    text.push(char::from(DIGITS[usize::from(byte >> 4)]));
    text.push(char::from(DIGITS[usize::from(byte & 15)]));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(raw: &str, key: &str, forward: &str) {
        let path = Path::parse(raw).unwrap_or_else(|error| panic!("{raw}: {error}"));
        assert_eq!((path.key(), path.forward()), (key, forward), "{raw}");
    }

    #[test]
    fn spellings_of_one_path_have_one_key() {
        check("/", "", "/");
        check("//", "", "//");
        check("/a", "/a", "/a");
        check("/a/", "/a", "/a/");
        check("/a//b", "/a/b", "/a//b");
        check("/a/b.c", "/a/b.c", "/a/b.c");
        check("/a/.hidden", "/a/.hidden", "/a/.hidden");
        check("/%61", "/a", "/%61");
        check("/%7euser", "/~user", "/%7euser");
        check("/a%20b", "/a%20b", "/a%20b");
        check("/a%2fb", "/a%2Fb", "/a%2fb");
        check("/a%5cb", "/a%5Cb", "/a%5cb");
        check("/%c3%a9", "/%C3%A9", "/%c3%a9");
        check("/100%25", "/100%25", "/100%25");
        check("/%252e%252e/a", "/%252e%252e/a", "/%252e%252e/a");
        check("/a/./b", "/a/b", "/a/b");
        check("/a/.", "/a", "/a/");
        check("/a/../b", "/b", "/b");
        check("/a/..", "", "/");
        check("/a/%2e%2e/b", "/b", "/b");
        check("/a/%2E./b/", "/b", "/b/");
        check("/..", "", "/");
        check("/../../a", "/a", "/a");
        check("/a//../b", "/b", "/b");
        check("/a/..%20/b", "/a/..%20/b", "/a/..%20/b");
        check("/a;v=1/b", "/a;v=1/b", "/a;v=1/b");
    }

    #[test]
    fn what_would_be_read_two_ways_is_refused() {
        for (raw, want) in [
            ("", PathError::NotAbsolute),
            ("*", PathError::NotAbsolute),
            ("a", PathError::NotAbsolute),
            ("/%", PathError::BadEscape),
            ("/%4", PathError::BadEscape),
            ("/%zz", PathError::BadEscape),
            ("/100%/b", PathError::BadEscape),
            ("/%00", PathError::Control),
            ("/a%0d%0ab", PathError::Control),
            ("/%7F", PathError::Control),
            ("/a/..%2fb", PathError::HiddenDots),
            ("/a%2F..", PathError::HiddenDots),
            ("/a%2f%2e%2e%2fb", PathError::HiddenDots),
            ("/a/..%5cb", PathError::HiddenDots),
            ("/a/..\\b", PathError::HiddenDots),
            ("/a/..;/b", PathError::HiddenDots),
            ("/a/..;x=1/b", PathError::HiddenDots),
        ] {
            assert_eq!(Path::parse(raw), Err(want), "{raw}");
        }
        assert_eq!(Path::parse(&format!("/{}", "a".repeat(PATH_BYTES_MAX))), Err(PathError::TooLong));
    }

    #[test]
    fn prefixes_are_taken_off_by_segment() {
        for (raw, segments, want) in [
            ("/a/b", 0, "/a/b"),
            ("/a/b", 1, "/b"),
            ("/a/b/", 1, "/b/"),
            ("/a", 1, "/"),
            ("/a/", 1, "/"),
            ("//a//b", 1, "//b"),
            ("/a/b", 2, "/"),
            ("/a", 5, "/"),
        ] {
            assert_eq!(Path::parse(raw).unwrap().without(segments), want, "{raw} {segments}");
        }
        let path = Path::parse("/a/b/").unwrap();
        assert_eq!(path.prefixes().collect::<Vec<_>>(), ["/a/b", "/a", ""]);
    }

    proptest! {
        #[test]
        fn keys_are_stable_and_without_dots(raw in "/[a-c./%2eEfF;\\\\]{0,24}") {
            if let Ok(path) = Path::parse(&raw) {
                let again = Path::parse(path.forward()).unwrap();
                prop_assert_eq!(again.key(), path.key(), "forwarding keeps the key");
                prop_assert_eq!(again.forward(), path.forward());
                for segment in path.key().split('/').skip(1) {
                    prop_assert!(!matches!(segment, "" | "." | ".."), "{} in {}", segment, path.key());
                }
            }
        }

        #[test]
        fn anything_may_come(raw in any::<String>()) {
            let _ = Path::parse(&raw);
        }
    }
}
