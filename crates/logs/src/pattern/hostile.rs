//! Patterns that nobody means well with, and ones that nobody wrote.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::Pattern;
use super::tests::{check, is_in};

#[test]
fn hostile_expressions_take_time_by_the_length_of_the_text_alone() {
    let text = "a".repeat(100_000);
    let start = Instant::now();
    for pattern in ["%^a*a*a*a*a*a*a*a*a*b$%", "%a+a+a+a+a+a+a+$b%", "{ $.a = %a*a*a*a*b% }", "[a=%a*a*a*b%]"]
    {
        check(pattern, &text, false);
    }
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

/// Texts that look like patterns more often than not.
fn patterns() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{", "}", "[", "]", "(", ")", "$", ".", "a", "b1", "=", "!=", ">", "<=", "&&", "||", "*", "%", "\"",
        "\\", "-", "?", ",", "...", " ", "IS", "NULL", "TRUE", "NOT", "EXISTS", "10e-3", "+1", "0", "\\d",
        "{2,3}", "ü", "|",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn any_text_is_a_pattern_or_not(pattern in patterns(), message in "[a-b0-9 \\[\\]\"{}:,ü]{0,40}") {
        if let Ok(pattern) = Pattern::parse(&pattern) {
            let matches = pattern.matches(&message);
            prop_assert!(!matches || pattern.may_match(&|text| is_in(text, &message)));
            let _ = pattern.extract(&message);
        }
    }

    #[test]
    fn any_characters_are_a_pattern_or_not(pattern in "\\PC{0,60}", prefix in "[\\[{%]?") {
        let _ = Pattern::parse(&format!("{prefix}{pattern}"));
    }

    #[test]
    fn conditions_that_are_written_are_conditions_that_are_read(
        name in "[a-zA-Z][a-zA-Z0-9_-]{0,9}", value in "[a-zA-Z0-9 ./_-]{1,12}", number in -1_000_000i64..1_000_000,
    ) {
        let message = format!(r#"{{"{name}":{{"text":"{value}","number":{number}}}}}"#);
        for (pattern, expected) in [
            (format!(r#"{{ $.{name}.text = "{value}" }}"#), true),
            (format!(r#"{{ $.{name}.text != "{value}" }}"#), false),
            (format!("{{ $.{name}.number >= {number} && $.{name}.number <= {number} }}"), true),
            (format!("{{ $.{name}.number > {number} || $.{name}.number < {number} }}"), false),
        ] {
            let parsed = Pattern::parse(&pattern);
            prop_assert!(parsed.is_ok(), "{pattern}");
            prop_assert_eq!(parsed.unwrap().matches(&message), expected, "{}", pattern);
        }
    }
}
