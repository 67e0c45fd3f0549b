//! Splits a command as a shell does, as far as that needs no shell.

/// Why a command cannot be split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SplitError {
    /// A quote has no end.
    #[error("a quote has no end")]
    OpenQuote,
    /// An operator that only a shell understands.
    #[error("`{0}` needs a shell")]
    NeedsShell(char),
    /// No word at all.
    #[error("the command is empty")]
    Empty,
}

/// Splits at white space; `'…'`, `"…"` and `\` quote.
pub(crate) fn split(command: &str) -> Result<Vec<String>, SplitError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = command.chars();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => words.extend(word.take()),
            '\'' | '"' => quoted(c, &mut chars, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().extend(chars.next()),
            '|' | '&' | ';' | '<' | '>' | '`' | '(' | ')' => return Err(SplitError::NeedsShell(c)),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    if words.is_empty() { Err(SplitError::Empty) } else { Ok(words) }
}

/// Splits, or where only a shell understands the command, hands it to one.
pub(crate) fn split_or_shell(command: &str) -> Result<Vec<String>, SplitError> {
    match split(command) {
        Err(SplitError::NeedsShell(_)) => Ok(["sh", "-c", command].map(str::to_owned).to_vec()),
        result => result,
    }
}

fn quoted(quote: char, chars: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), SplitError> {
    loop {
        match chars.next() {
            None => return Err(SplitError::OpenQuote),
            Some(c) if c == quote => return Ok(()),
            Some('\\') if quote == '"' => match chars.next() {
                Some(c @ ('"' | '\\' | '$' | '`')) => word.push(c),
                Some(c) => word.extend(['\\', c]),
                None => return Err(SplitError::OpenQuote),
            },
            Some(c) => word.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(command: &str, expected: &Result<Vec<&str>, SplitError>) {
        let split = split(command);
        let split =
            split.as_ref().map(|words| words.iter().map(String::as_str).collect()).map_err(|error| *error);
        assert_eq!(&split, expected, "{command}");
    }

    #[test]
    fn splits_like_a_shell() {
        check("python app.py", &Ok(vec!["python", "app.py"]));
        check("  a\t b\n", &Ok(vec!["a", "b"]));
        check("sh -c 'a  b'", &Ok(vec!["sh", "-c", "a  b"]));
        check(r#"a "b\"c" d\ e "\n""#, &Ok(vec!["a", "b\"c", "d e", "\\n"]));
        check("a ''", &Ok(vec!["a", ""]));
        check("run --port $PORT", &Ok(vec!["run", "--port", "$PORT"]));
        check("a 'b", &Err(SplitError::OpenQuote));
        check("a && b", &Err(SplitError::NeedsShell('&')));
        check("", &Err(SplitError::Empty));
        assert_eq!(split_or_shell("a && b"), Ok(vec!["sh".into(), "-c".into(), "a && b".into()]));
    }
}
