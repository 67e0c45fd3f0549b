//! What follows a function's name: nothing, a version, or an alias.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::{FunctionRef, LATEST};

/// One version of a function: the one that changes, or a published one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum VersionId {
    /// `$LATEST`.
    Latest,
    /// A published version, from 1.
    Number(u64),
}

impl VersionId {
    /// Parses `$LATEST` or a number.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text == LATEST {
            return Some(Self::Latest);
        }
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse().ok().map(Self::Number)).flatten()
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str(LATEST),
            Self::Number(number) => number.fmt(f),
        }
    }
}

/// What a qualifier names; none names `$LATEST`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Qualifier {
    /// A version.
    Version(VersionId),
    /// An alias, by its name.
    Alias(String),
}

impl FunctionRef {
    /// What the qualifier names.
    pub(crate) fn target(&self) -> Qualifier {
        let Some(text) = self.qualifier.as_deref() else { return Qualifier::Version(VersionId::Latest) };
        match VersionId::parse(text) {
            Some(version) => Qualifier::Version(version),
            None => Qualifier::Alias(text.to_owned()),
        }
    }

    /// The same function at a version, with the version in its ARN.
    pub(crate) fn at(&self, version: VersionId) -> Self {
        Self { key: self.key.clone(), qualifier: Some(version.to_string()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<VersionId>) {
        assert_eq!(VersionId::parse(text), expected, "{text}");
        if let Some(version) = expected {
            assert_eq!(version.to_string(), text);
        }
    }

    #[test]
    fn a_version_is_latest_or_a_number() {
        check("$LATEST", Some(VersionId::Latest));
        check("1", Some(VersionId::Number(1)));
        check("18446744073709551615", Some(VersionId::Number(u64::MAX)));
        check("18446744073709551616", None);
        check("", None);
        check("+1", None);
        check("live", None);
        check("1a", None);
    }
}
