//! How requests name groups and streams, and their ARNs.

use std::collections::BTreeMap;

use weft_service::{Error, Scope};
use weft_types::{AccountId, Arn, Region};

use crate::errors::{constraint, invalid_parameter};

/// Tags of one group.
pub(crate) const TAGS_MAX: usize = 50;

/// A group's place. The name has 1 to 512 letters, digits, `.`, `-`, `_`, `/` or `#`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct GroupName {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) name: String,
}

impl GroupName {
    /// A group of the caller's account and region.
    pub(crate) fn parse(name: &str, scope: &Scope) -> Result<Self, Error> {
        check_group_text(name, "logGroupName")?;
        if name.is_empty() {
            return Err(constraint(name, "logGroupName", "have length greater than or equal to 1"));
        }
        Ok(Self::here(name.to_owned(), scope))
    }

    /// A name of the caller's account and region, which is known to be good or is only looked for.
    pub(crate) fn here(name: String, scope: &Scope) -> Self {
        Self { account: scope.account, region: scope.region.clone(), name }
    }

    /// The group of a record's key; `None` where the key is none that was written.
    pub(crate) fn of_key((account, region, name): (u64, String, String)) -> Option<Self> {
        let account = AccountId::parse(&format!("{account:012}")).ok()?;
        Some(Self { account, region: Region::parse(&region).ok()?, name })
    }

    /// A group by its name or its ARN, with or without `:*`.
    pub(crate) fn parse_identifier(text: &str, scope: &Scope) -> Result<Self, Error> {
        match Arn::parse(text) {
            Ok(arn) => Self::from_arn(&arn, scope),
            Err(_) => Self::parse(text, scope),
        }
    }

    /// The one of `logGroupName` and `logGroupIdentifier` that was given.
    pub(crate) fn either(
        name: Option<&String>,
        identifier: Option<&String>,
        scope: &Scope,
    ) -> Result<Self, Error> {
        match (name, identifier) {
            (Some(name), None) => Self::parse(name, scope),
            (None, Some(identifier)) => Self::parse_identifier(identifier, scope),
            (Some(_), Some(_)) => {
                Err(invalid_parameter("LogGroup name and LogGroup ARN are mutually exclusive parameters."))
            }
            (None, None) => Err(invalid_parameter(
                "You must include either logGroupIdentifier or logGroupName in your request.",
            )),
        }
    }

    /// A group by the ARN with which it is tagged.
    pub(crate) fn parse_taggable(text: &str, scope: &Scope) -> Result<Self, Error> {
        match Arn::parse(text) {
            Ok(arn) => Self::from_arn(&arn, scope),
            Err(_) => Err(invalid_parameter(format!("Invalid resourceArn: {text}"))),
        }
    }

    fn from_arn(arn: &Arn, scope: &Scope) -> Result<Self, Error> {
        let name =
            arn.resource().strip_prefix("log-group:").map(|rest| rest.strip_suffix(":*").unwrap_or(rest));
        let here = arn.service() == "logs"
            && arn.region() == scope.region.as_str()
            && arn.account() == scope.account.to_string();
        match name {
            Some(name) if here && !name.contains(':') => Self::parse(name, scope),
            _ => Err(invalid_parameter(format!(
                "The ARN {arn} is not that of a log group of this account and region."
            ))),
        }
    }

    /// The ARN without `:*`.
    pub(crate) fn arn(&self) -> Arn {
        self.arn_of(&format!("log-group:{}", self.name))
    }

    /// The resource of an action on the group, against which policies' `…:log-group:NAME:*` is matched.
    pub(crate) fn access(&self) -> String {
        self.arn_of(&format!("log-group:{}:log-stream:", self.name)).to_string()
    }

    /// The ARN of one of the group's streams.
    pub(crate) fn stream_arn(&self, stream: &str) -> Arn {
        self.arn_of(&format!("log-group:{}:log-stream:{stream}", self.name))
    }

    fn arn_of(&self, resource: &str) -> Arn {
        Arn::of("logs", self.region.as_str(), &self.account.to_string(), resource)
    }
}

/// Checks a group's name or a part of one; the empty text passes.
pub(crate) fn check_group_text(text: &str, member: &str) -> Result<(), Error> {
    if text.len() > 512 {
        return Err(constraint(text, member, "have length less than or equal to 512"));
    }
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_/#".contains(&b)) {
        return Err(constraint(text, member, "satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+"));
    }
    Ok(())
}

/// Checks a stream's name: 1 to 512 characters, no `:` and no `*`.
pub(crate) fn check_stream(name: &str, member: &str) -> Result<(), Error> {
    if name.is_empty() {
        return Err(constraint(name, member, "have length greater than or equal to 1"));
    }
    if name.chars().count() > 512 {
        return Err(constraint(name, member, "have length less than or equal to 512"));
    }
    if name.contains([':', '*']) {
        return Err(constraint(name, member, "satisfy regular expression pattern: [^:*]*"));
    }
    Ok(())
}

/// Checks tags that a request sets.
pub(crate) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), Error> {
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > 128 {
            return Err(constraint(key, "tags", "have keys of 1 to 128 characters"));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid_parameter("Tag keys that begin with 'aws:' are reserved."));
        }
        if value.chars().count() > 256 {
            return Err(constraint(value, "tags", "have values of at most 256 characters"));
        }
    }
    check_tag_count(tags.len())
}

/// Checks how many tags a group has after a change.
pub(crate) fn check_tag_count(count: usize) -> Result<(), Error> {
    if count > TAGS_MAX {
        let message = format!("A log group can have at most {TAGS_MAX} tags; this would be {count}.");
        return Err(Error::new("TooManyTagsException", message).with_status(400));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use weft_types::Timestamp;

    use super::*;

    fn scope() -> Scope {
        Scope { account: AccountId::DEFAULT, region: Region::default(), now: Timestamp::default() }
    }

    fn check(identifier: &str, expected: Option<&str>) {
        let found = GroupName::parse_identifier(identifier, &scope()).ok().map(|group| group.name);
        assert_eq!(found.as_deref(), expected, "{identifier}");
    }

    #[test]
    fn a_group_is_named_by_name_or_arn() {
        check("/aws/lambda/hello", Some("/aws/lambda/hello"));
        check("a#b.c-d_e", Some("a#b.c-d_e"));
        check("arn:aws:logs:us-east-1:000000000000:log-group:/app", Some("/app"));
        check("arn:aws:logs:us-east-1:000000000000:log-group:/app:*", Some("/app"));
        check("arn:aws:logs:eu-west-1:000000000000:log-group:/app", None);
        check("arn:aws:logs:us-east-1:000000000000:log-group:/app:log-stream:x", None);
        check("arn:aws:s3:::bucket", None);
        check("", None);
        check("with space", None);
        check(&"g".repeat(512), Some(&"g".repeat(512)));
        check(&"g".repeat(513), None);
    }

    #[test]
    fn stream_names_have_no_colon_and_no_star() {
        for (name, good) in
            [("2026/11/24/[$LATEST]ab", true), ("", false), ("a:b", false), ("a*", false), ("ü", true)]
        {
            assert_eq!(check_stream(name, "logStreamName").is_ok(), good, "{name}");
        }
    }

    #[test]
    fn tags_are_bounded() {
        let many: BTreeMap<String, String> = (0..51).map(|i| (format!("k{i}"), String::new())).collect();
        assert_eq!(check_tags(&many).unwrap_err().code(), "TooManyTagsException");
        let reserved = BTreeMap::from([("aws:x".to_owned(), String::new())]);
        assert_eq!(check_tags(&reserved).unwrap_err().code(), "InvalidParameterException");
    }
}
