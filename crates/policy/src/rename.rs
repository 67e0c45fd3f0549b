//! Documents whose principals get other names, and nothing else changes.

use std::collections::BTreeMap;

use crate::parse::is_json;

/// The document with the texts of `AWS` principals replaced where `names` has another for them; every other byte stays. What is
/// not JSON stays as a whole.
pub fn rename_principals(document: &str, names: &BTreeMap<String, String>) -> String {
    if names.is_empty() || !is_json(document) {
        return document.to_owned();
    }
    let mut walk = Walk { text: document, at: 0, names, written: String::new(), copied: 0 };
    walk.value(Place::Document);
    walk.written + &document[walk.copied..]
}

/// What a value is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Document,
    Statement,
    Principal,
    /// The names of users, roles, sessions and accounts.
    Names,
    Elsewhere,
}

impl Place {
    /// Where the value of a key is. A list's values are where the list is.
    fn of(self, key: &str) -> Self {
        match (self, key) {
            (Self::Document, "Statement") => Self::Statement,
            (Self::Statement, "Principal" | "NotPrincipal") => Self::Principal,
            (Self::Principal, "AWS") => Self::Names,
            _ => Self::Elsewhere,
        }
    }
}

/// Walks over JSON that is known to be well-formed, and no deeper than was read.
struct Walk<'a> {
    text: &'a str,
    at: usize,
    names: &'a BTreeMap<String, String>,
    written: String,
    /// How much of the text is written.
    copied: usize,
}

impl<'a> Walk<'a> {
    fn value(&mut self, place: Place) {
        match self.next() {
            Some(b'"') => self.name(place),
            Some(open @ (b'{' | b'[')) => {
                self.at += 1;
                while !matches!(self.next(), Some(b'}' | b']') | None) {
                    let inner = if open == b'{' { place.of(&self.string()) } else { place };
                    self.value(inner);
                }
                self.at += 1;
            }
            _ => self.at += self.rest().find([',', '}', ']']).unwrap_or(self.rest().len()),
        }
    }

    fn name(&mut self, place: Place) {
        let start = self.at;
        let text = self.string();
        if let Some(name) = self.names.get(&text).filter(|_| place == Place::Names) {
            self.written.push_str(&self.text[self.copied..start]);
            self.written.push_str(&serde_json::Value::from(name.as_str()).to_string());
            self.copied = self.at;
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Goes over space and separators to what is next.
    fn next(&mut self) -> Option<u8> {
        let space = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b':');
        self.at += self.rest().bytes().take_while(space).count();
        self.rest().bytes().next()
    }

    /// Goes over a string, and reads it.
    fn string(&mut self) -> String {
        let mut escaped = false;
        let end = self.rest().bytes().skip(1).position(|byte| {
            let closes = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            closes
        });
        let written = self.rest().get(..end.map_or(self.rest().len(), |end| end + 2)).unwrap_or_default();
        self.at += written.len();
        serde_json::from_str(written).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_get_other_names_and_nothing_else_changes() {
        let names =
            BTreeMap::from([("arn:a".to_owned(), "AROA".to_owned()), ("b".to_owned(), "q\"".to_owned())]);
        let check = |document: &str, expected: &str| {
            assert_eq!(rename_principals(document, &names), expected, "{document}");
        };
        check(
            r#"{"Statement":{"Principal":{"AWS":"arn:a"}}}"#,
            r#"{"Statement":{"Principal":{"AWS":"AROA"}}}"#,
        );
        check(
            "{ \"Id\": \"arn:a\",\n\"Statement\" : [ {\"NotPrincipal\":{\"AWS\" : [\"b\",\"c\", \"arn:\\u0061\"], \"Service\":\"arn:a\"}},\n{\"Sid\":\"arn:a\",\"Principal\":\"arn:a\"}] }",
            "{ \"Id\": \"arn:a\",\n\"Statement\" : [ {\"NotPrincipal\":{\"AWS\" : [\"q\\\"\",\"c\", \"AROA\"], \"Service\":\"arn:a\"}},\n{\"Sid\":\"arn:a\",\"Principal\":\"arn:a\"}] }",
        );
        check(
            r#"{"Statement":{"Condition":{"Principal":{"AWS":"arn:a"},"B":{"k":[1,true,null,-2.5e3]}},"Principal":{"AWS":["x\\","arn:a"]}}}"#,
            r#"{"Statement":{"Condition":{"Principal":{"AWS":"arn:a"},"B":{"k":[1,true,null,-2.5e3]}},"Principal":{"AWS":["x\\","AROA"]}}}"#,
        );
        check(r#"{"Principal":{"AWS":"arn:a"}}"#, r#"{"Principal":{"AWS":"arn:a"}}"#);
        for unchanged in
            ["", "{", "[]", "{}", "7", r#"{"Statement":[]}"#, r#"{"Statement":{"Principal":{"AWS":"arn:a""#]
        {
            check(unchanged, unchanged);
        }
    }
}
