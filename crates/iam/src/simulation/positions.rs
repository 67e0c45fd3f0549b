//! Where a document's statements are, as answers of the simulator tell it.

use weft_model::iam::Position;

/// Where a statement begins and ends. Lines and columns count from 1. As with AWS, the end is the column after the closing
/// brace; a list's statement begins after what stands before it (the bracket or the statement before), one that stands alone after
/// its opening brace.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Span {
    pub(super) start: Position,
    pub(super) end: Position,
}

/// The spans of the statements of a document that was parsed before; none for what is no policy.
pub(super) fn spans(text: &str) -> Vec<Span> {
    let mut scan = Scan { bytes: text.as_bytes(), at: 0 };
    let mut place = Place { text, at: 0, line: 1, column: 1 };
    scan.statements()
        .into_iter()
        .map(|(start, end)| Span { start: place.go_to(start), end: place.go_to(end) })
        .collect()
}

/// A place in a text that is only moved on, so that all places together take one walk over it.
struct Place<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    column: usize,
}

impl Place<'_> {
    fn go_to(&mut self, at: usize) -> Position {
        for character in self.text.get(self.at..at).unwrap_or_default().chars() {
            (self.line, self.column) =
                if character == '\n' { (self.line + 1, 1) } else { (self.line, self.column + 1) };
        }
        self.at = at;
        let whole = |number: usize| Some(i32::try_from(number).unwrap_or(i32::MAX));
        Position { line: whole(self.line), column: whole(self.column) }
    }
}

/// Walks over JSON that is known to be well-formed.
struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn statements(&mut self) -> Vec<(usize, usize)> {
        self.skip(b'{');
        while self.peek() == Some(b'"') {
            let begin = self.at;
            self.value();
            let is_statement = self.bytes.get(begin..self.at) == Some(&b"\"Statement\""[..]);
            self.skip(b':');
            if is_statement {
                return self.list();
            }
            self.value();
            self.skip(b',');
        }
        Vec::new()
    }

    fn list(&mut self) -> Vec<(usize, usize)> {
        let begin = self.at + 1;
        if self.peek() != Some(b'[') {
            self.value();
            return vec![(begin, self.at)];
        }
        self.at += 1;
        let mut spans = Vec::new();
        let mut start = begin;
        self.space();
        while self.peek() == Some(b'{') {
            self.value();
            spans.push((start, self.at));
            start = self.at;
            self.skip(b',');
        }
        spans
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Goes over a separator and the space around it.
    fn skip(&mut self, separator: u8) {
        self.space();
        if self.peek() == Some(separator) {
            self.at += 1;
        }
        self.space();
    }

    /// Goes over a value: brackets are balanced, and strings are taken whole.
    fn value(&mut self) {
        let mut depth = 0usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => self.string(),
                b'{' | b'[' => depth += 1,
                b'}' | b']' | b',' | b':' if depth == 0 => return,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 && matches!(byte, b'"' | b'}' | b']') {
                return;
            }
        }
    }

    /// Goes to a string's closing quote.
    fn string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => return,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_where_aws_says() {
        let check = |text: &str, expected: &[[i32; 4]]| {
            let whole = |number: Option<i32>| number.expect("a number");
            let found: Vec<_> = spans(text)
                .into_iter()
                .map(|Span { start, end }| {
                    [whole(start.line), whole(start.column), whole(end.line), whole(end.column)]
                })
                .collect();
            assert_eq!(found, expected, "{text}");
        };
        // The examples of `aws iam simulate-custom-policy help` and of `simulate-principal-policy help`.
        check(
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}"#,
            &[[1, 38, 1, 167]],
        );
        let lines = "{\n    \"Version\": \"2012-10-17\",\n    \"Statement\": [\n        {\n            \"Sid\": \"a\",\n            \
                     \"Effect\": \"Allow\",\n            \"Action\": \"x:y\",\n            \"Resource\": \"*\"\n        }\n    ]\n}";
        check(lines, &[[3, 19, 9, 10]]);
        check(r#"{"Statement":[{"Sid":"}\"]"},{"Sid":"b"}],"Id":"i"}"#, &[[1, 15, 1, 29], [1, 29, 1, 41]]);
        check(r#"{"Id":{"Statement":1},"Statement":[]}"#, &[]);
        check("nonsense", &[]);
        check("", &[]);
    }

    #[test]
    fn nothing_that_is_cut_off_makes_it_fail() {
        let text =
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["a:b"],"Resource":"é\""}]}"#;
        for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
            let _ = spans(&text[..at]);
        }
    }
}
