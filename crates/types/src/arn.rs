//! Amazon resource names and their parts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ParseError;

/// A twelve-digit AWS account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(u64);

impl AccountId {
    /// The account of a fresh installation, `000000000000`.
    pub const DEFAULT: Self = Self(0);

    /// Parses exactly twelve digits.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let digits = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse() {
            Ok(number) if digits => Ok(Self(number)),
            _ => Err(ParseError::new("account id", text, "it has exactly 12 digits")),
        }
    }

    /// The number behind the digits, for keys of records.
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012}", self.0)
    }
}

impl TryFrom<String> for AccountId {
    type Error = ParseError;
    fn try_from(text: String) -> Result<Self, ParseError> {
        Self::parse(&text)
    }
}

impl From<AccountId> for String {
    fn from(id: AccountId) -> Self {
        id.to_string()
    }
}

/// An AWS region's name, such as `us-east-1`: lower-case words joined by `-`, a number last, at most 32 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(String);

impl Region {
    /// Parses a region's name.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let words: Vec<&str> = text.split('-').collect();
        let (number, rest) = words.split_last().unwrap_or((&"", &[]));
        let well_formed = text.len() <= 32
            && rest.len() >= 2
            && rest.iter().all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase()))
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit());
        if well_formed {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseError::new("region", text, "it looks like `us-east-1`"))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Region {
    fn default() -> Self {
        Self("us-east-1".to_owned())
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Region {
    type Error = ParseError;
    fn try_from(text: String) -> Result<Self, ParseError> {
        Self::parse(&text)
    }
}

impl From<Region> for String {
    fn from(region: Region) -> Self {
        region.0
    }
}

/// An Amazon resource name: `arn:partition:service:region:account:resource`; region and account may be empty.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Arn {
    text: String,
    /// Where the service, region, account and resource begin.
    starts: [u16; 4],
}

impl Arn {
    /// Parses an ARN: six parts, the resource not empty, at most 2,048 characters.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let bad = |rule| Err(ParseError::new("ARN", text, rule));
        if text.len() > 2048 {
            return bad("it has at most 2,048 characters");
        }
        let mut starts = [0u16; 5];
        let mut from = 0;
        for start in &mut starts {
            let Some(colon) = text[from..].find(':') else {
                return bad("it looks like `arn:aws:service:region:account:resource`");
            };
            from += colon + 1;
            *start = u16::try_from(from).unwrap_or(u16::MAX);
        }
        if !text.starts_with("arn:") || from == text.len() {
            return bad("it looks like `arn:aws:service:region:account:resource`");
        }
        let [_, service, region, account, resource] = starts;
        Ok(Self { text: text.to_owned(), starts: [service, region, account, resource] })
    }

    /// Joins parts that are known to be valid, in partition `aws`. `region` and `account` may be empty.
    pub fn of(service: &str, region: &str, account: &str, resource: &str) -> Self {
        let starts = [8, 9 + service.len(), 10 + service.len() + region.len()]
            .map(|n| u16::try_from(n).unwrap_or(u16::MAX));
        let resource_start = 11 + service.len() + region.len() + account.len();
        Self {
            text: format!("arn:aws:{service}:{region}:{account}:{resource}"),
            starts: [starts[0], starts[1], starts[2], u16::try_from(resource_start).unwrap_or(u16::MAX)],
        }
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The service's namespace, such as `lambda`.
    pub fn service(&self) -> &str {
        self.between(0)
    }

    /// The region; empty for services without regions.
    pub fn region(&self) -> &str {
        self.between(1)
    }

    /// The account's digits; empty for resources without one.
    pub fn account(&self) -> &str {
        self.between(2)
    }

    /// All after the account, such as `function:hello:live`.
    pub fn resource(&self) -> &str {
        &self.text[usize::from(self.starts[3])..]
    }

    fn between(&self, part: usize) -> &str {
        &self.text[usize::from(self.starts[part])..usize::from(self.starts[part + 1]) - 1]
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Arn {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Arn {
    type Error = ParseError;
    fn try_from(text: String) -> Result<Self, ParseError> {
        Self::parse(&text)
    }
}

impl From<Arn> for String {
    fn from(arn: Arn) -> Self {
        arn.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, parts: Option<[&str; 4]>) {
        let parsed = Arn::parse(text).ok();
        let found = parsed.as_ref().map(|a| [a.service(), a.region(), a.account(), a.resource()]);
        assert_eq!(found, parts, "{text}");
        if let (Some(arn), Some([service, region, account, resource])) = (&parsed, parts)
            && text.starts_with("arn:aws:")
        {
            assert_eq!(*arn, Arn::of(service, region, account, resource));
        }
    }

    #[test]
    fn an_arn_is_cut_into_its_parts() {
        check(
            "arn:aws:lambda:us-east-1:000000000000:function:f:live",
            Some(["lambda", "us-east-1", "000000000000", "function:f:live"]),
        );
        check("arn:aws:iam::123456789012:user/a/b", Some(["iam", "", "123456789012", "user/a/b"]));
        check("arn:aws:s3:::bucket/key:with:colons", Some(["s3", "", "", "bucket/key:with:colons"]));
        check("arn:aws-cn:s3:::b", Some(["s3", "", "", "b"]));
        check("arn:aws:s3:::", None);
        check("arn:aws:s3", None);
        check("", None);
        check("nra:aws:iam::123456789012:user/a", None);
    }

    #[test]
    fn accounts_and_regions_have_one_form() {
        for (text, good) in [
            ("000000000000", true),
            ("12345678901", false),
            ("1234567890123", false),
            ("+12345678901", false),
        ] {
            assert_eq!(AccountId::parse(text).is_ok(), good, "{text}");
        }
        assert_eq!(AccountId::parse("000000000042").map(|a| a.to_string()), Ok("000000000042".to_owned()));
        for (text, good) in [
            ("us-east-1", true),
            ("us-gov-west-1", true),
            ("useast1", false),
            ("us-east-", false),
            ("us--1", false),
            ("", false),
        ] {
            assert_eq!(Region::parse(text).is_ok(), good, "{text}");
        }
    }
}
