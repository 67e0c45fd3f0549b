//! Names that users give.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ParseError;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses the name; the type's documentation states the rule.
            pub fn parse(text: &str) -> Result<Self, ParseError> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) { Ok(Self(text.to_owned())) } else { Err(ParseError::new($what, text, $rule)) }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseError;
            fn try_from(text: String) -> Result<Self, ParseError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}

name! {
    /// An app's name: 1 to 24 lower-case letters, digits and inner hyphens, a letter first, so that it can be a host's label.
    AppName, "app name", "use 1 to 24 lower-case letters, digits and inner hyphens, a letter first",
    |text| is_label(text, 24)
}

name! {
    /// A workload's name within its app: 1 to 32 lower-case letters, digits and inner hyphens, a letter first, so that `http://name/` works.
    WorkloadName, "workload name", "use 1 to 32 lower-case letters, digits and inner hyphens, a letter first",
    |text| is_label(text, 32)
}

name! {
    /// What runs a function's code, as AWS spells it: `python3.12`, `nodejs22.x`, `provided.al2023`.
    RuntimeName, "runtime", "use a Lambda runtime's name, such as `python3.12` or `nodejs22.x`",
    |text| (1..=32).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.')
}

fn is_label(text: &str, length_max: usize) -> bool {
    (1..=length_max).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_host_labels() {
        for (text, good) in [
            ("shop", true),
            ("a", true),
            ("a-b2", true),
            ("", false),
            ("-a", false),
            ("a-", false),
            ("2a", false),
            ("Shop", false),
            ("a_b", false),
            ("a.b", false),
        ] {
            assert_eq!(WorkloadName::parse(text).is_ok(), good, "{text}");
        }
        assert!(AppName::parse(&"a".repeat(24)).is_ok());
        assert!(AppName::parse(&"a".repeat(25)).is_err());
    }
}
