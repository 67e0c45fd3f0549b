//! Regular expressions, in the subset that AWS documents: no groups, no flags, single-byte characters.
//!
//! Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/regex-expressions.html>.

use regex::bytes::{Regex, RegexBuilder};

use crate::pattern::Invalid;

/// Characters beside letters and digits: symbols and operators.
const SYMBOLS: &str = ":_#=@/;,-";
const OPERATORS: &str = "^$?[]{}|\\*+.";

/// Bytes of a compiled expression: `.{1000}{1000}` is refused, not compiled.
const COMPILED_BYTES_MAX: usize = 256 * 1024;

/// A compiled expression. It takes time by the length of the text, whatever the expression.
#[derive(Debug, Clone)]
pub(crate) struct Expression(Regex);

impl Expression {
    /// Checks and compiles what stands between percent signs.
    pub(super) fn parse(text: &str) -> Result<Self, Invalid> {
        if text.is_empty() {
            return Err(Invalid::new("a regular expression is empty"));
        }
        check(text)?;
        let compiled = RegexBuilder::new(text)
            .unicode(false)
            .size_limit(COMPILED_BYTES_MAX)
            .dfa_size_limit(COMPILED_BYTES_MAX)
            .nest_limit(32)
            .build();
        compiled.map(Self).map_err(|_| Invalid::new(format!("the regular expression '{text}' is not valid")))
    }

    /// Whether it occurs in a text.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        self.0.is_match(text.as_bytes())
    }
}

fn check(text: &str) -> Result<(), Invalid> {
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        if c == '\\' {
            check_escape(&mut characters)?;
        } else if !c.is_ascii_alphanumeric() && !SYMBOLS.contains(c) && !OPERATORS.contains(c) {
            return Err(Invalid::new(format!("'{c}' is not supported in a regular expression")));
        }
    }
    Ok(())
}

/// `\d`, `\s`, `\w` and their opposites, `\xhh`, and characters that mean themselves.
fn check_escape(characters: &mut std::str::Chars<'_>) -> Result<(), Invalid> {
    let escaped = characters.next();
    let good = match escaped {
        Some('d' | 'D' | 's' | 'S' | 'w' | 'W') => true,
        Some('x') => {
            let digits = [characters.next(), characters.next()];
            let hex = digits.iter().all(|digit| digit.is_some_and(|digit| digit.is_ascii_hexdigit()));
            hex && digits[0].is_some_and(|high| high < '8')
        }
        Some(c) => SYMBOLS.contains(c) || OPERATORS.contains(c),
        None => false,
    };
    if good {
        return Ok(());
    }
    let text = escaped.map(String::from).unwrap_or_default();
    Err(Invalid::new(format!("'\\{text}' is not supported in a regular expression")))
}
