//! Regular expressions, in the subset that AWS documents: no groups, no flags, single-byte characters.
//!
//! Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/regex-expressions.html>.

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind};

use crate::pattern::Invalid;
use crate::pattern::expression::Expression as Combined;

/// Characters beside letters and digits: symbols and operators.
const SYMBOLS: &str = ":_#=@/;,-";
const OPERATORS: &str = "^$?[]{}|\\*+.";

/// Bytes of a compiled expression: `.{1000}{1000}` is refused, not compiled.
const COMPILED_BYTES_MAX: usize = 256 * 1024;

/// Operators within each other.
const NEST_MAX: u32 = 32;

/// A compiled expression. It takes time by the length of the text, whatever the expression.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    regex: Regex,
    /// Texts that are in everything that matches, where there are any.
    required: Option<Combined<Vec<u8>>>,
}

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
            .nest_limit(NEST_MAX)
            .build();
        let invalid = || Invalid::new(format!("the regular expression '{text}' is not valid"));
        let regex = compiled.map_err(|_| invalid())?;
        let parsed = ParserBuilder::new().unicode(false).utf8(false).nest_limit(NEST_MAX).build().parse(text);
        Ok(Self { regex, required: required(&parsed.map_err(|_| invalid())?) })
    }

    /// Whether it occurs in a text.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        self.regex.is_match(text.as_bytes())
    }

    /// Whether it may occur where `may_have` says which texts may be there.
    pub(super) fn may_be_in(&self, may_have: &dyn Fn(&[u8]) -> bool) -> bool {
        self.required.as_ref().is_none_or(|required| required.holds(&|text: &Vec<u8>| may_have(text)))
    }
}

/// What must be in a text for an expression to occur there; `None` where that is not known.
fn required(part: &Hir) -> Option<Combined<Vec<u8>>> {
    match part.kind() {
        HirKind::Literal(literal) => Some(Combined::One(literal.0.to_vec())),
        HirKind::Capture(group) => required(&group.sub),
        HirKind::Repetition(repeated) if repeated.min > 0 => required(&repeated.sub),
        HirKind::Concat(parts) => required_in_row(parts),
        HirKind::Alternation(parts) => parts.iter().map(required).collect::<Option<_>>().map(Combined::Any),
        HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) | HirKind::Repetition(_) => None,
    }
}

/// As [`required`], for parts that follow each other: texts without a gap are one. A text that is repeated ends one and begins
/// the next.
fn required_in_row(parts: &[Hir]) -> Option<Combined<Vec<u8>>> {
    let (mut known, mut text) = (Vec::new(), Vec::new());
    for part in parts {
        if let HirKind::Literal(literal) = part.kind() {
            text.extend_from_slice(&literal.0);
            continue;
        }
        let repeated = match part.kind() {
            HirKind::Repetition(repeated) if repeated.min > 0 => match repeated.sub.kind() {
                HirKind::Literal(literal) => Some(&*literal.0),
                _ => None,
            },
            _ => None,
        };
        text.extend_from_slice(repeated.unwrap_or_default());
        known.push(Combined::One(std::mem::replace(&mut text, repeated.unwrap_or_default().to_vec())));
        known.extend(required(part).filter(|_| repeated.is_none()));
    }
    known.push(Combined::One(text));
    known.retain(|one| !matches!(one, Combined::One(text) if text.is_empty()));
    (!known.is_empty()).then_some(Combined::All(known))
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

#[cfg(test)]
mod tests {
    use memchr::memmem;
    use proptest::prelude::*;

    use super::*;

    fn may_be_in(regex: &Expression, block: &str) -> bool {
        regex.may_be_in(&|text| memmem::find(block.as_bytes(), text).is_some())
    }

    fn check(expression: &str, block: &str, expected: bool) {
        let regex = Expression::parse(expression).unwrap();
        assert_eq!(may_be_in(&regex, block), expected, "{expression} in {block}");
    }

    #[test]
    fn what_stands_in_an_expression_must_be_there() {
        check("ERROR", "all is well", false);
        check("^ERROR[0-9]+$", "all is well", false);
        check("ERROR|well", "all is well", true);
        check("ERROR|WARN", "all is well", false);
        check("ERROR|.*", "all is well", true);
        check("user=[a-z]+,code=4..", "user=ada,code=500", false);
        check("user=[a-z]+,code=4..", "user=ada,code=404", true);
        check("wells?", "all is well", true);
        check("x*", "all is well", true);
        check("x+", "all is well", false);
        check("x{0,3}", "all is well", true);
        check("[xy]", "all is well", true);
        check("[x]y", "all is well", false);
        check("30+1", "3 0 01", false);
        check("30+1", "30 01", true);
        check("30+1", "30 1", false);
        check("30*1", "3 1", true);
    }

    proptest! {
        #[test]
        fn what_matches_is_never_ruled_out(
            expression in "[ab.*+?|x^$]{1,10}|(\\[ab\\]|a|b\\{2\\}|\\||\\.\\*|x\\?){1,8}",
            text in "[abx]{0,20}",
        ) {
            if let Ok(regex) = Expression::parse(&expression) {
                prop_assert!(!regex.is_in(&text) || may_be_in(&regex, &text));
            }
        }
    }
}
