//! Texts with `*` for any run of characters.

/// A text with wildcards; `\*` and `\\` stand for themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wildcard {
    /// What stands between the wildcards, so one more than those.
    parts: Vec<String>,
}

impl Wildcard {
    /// Reads it; the error says what is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let mut parts = vec![String::new()];
        let mut characters = text.chars();
        let mut after_wildcard = false;
        while let Some(character) = characters.next() {
            let literal = match character {
                '*' if after_wildcard => return Err("Consecutive wildcard characters are not allowed"),
                '*' => None,
                '\\' => match characters.next() {
                    Some(escaped @ ('*' | '\\')) => Some(escaped),
                    _ => return Err("Invalid escape character"),
                },
                literal => Some(literal),
            };
            after_wildcard = literal.is_none();
            match (literal, parts.last_mut()) {
                (Some(literal), Some(part)) => part.push(literal),
                _ => parts.push(String::new()),
            }
        }
        Ok(Self { parts })
    }

    /// Looks for each part behind the one before: the earliest place is as good as any.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let [first, middle @ .., last] = self.parts.as_slice() else {
            return self.parts.first().is_some_and(|whole| whole == text);
        };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
        for part in middle {
            match rest.find(part.as_str()) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last.as_str())
    }
}
