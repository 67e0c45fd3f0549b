//! How requests name repositories, and their ARNs.

use weft_service::{Access, Error, Scope};
use weft_types::{AccountId, Arn, Region};

use crate::errors::invalid;

/// A repository's place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct RepoName {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) name: String,
}

impl RepoName {
    /// A repository of the caller's region, in the registry that is named or the caller's.
    pub(crate) fn parse(name: &str, registry: Option<&str>, scope: &Scope) -> Result<Self, Error> {
        if !is_name(name) {
            return Err(invalid(format!(
                "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*'': {name}"
            )));
        }
        Ok(Self { account: account(registry, scope)?, region: scope.region.clone(), name: name.to_owned() })
    }

    /// The repository that an ARN names.
    pub(crate) fn of_arn(arn: &Arn) -> Option<Self> {
        let name = arn.resource().strip_prefix("repository/").filter(|_| arn.service() == "ecr")?;
        let (account, region) = (AccountId::parse(arn.account()), Region::parse(arn.region()));
        Some(Self { account: account.ok()?, region: region.ok()?, name: name.to_owned() })
    }

    /// The repository that a request names by its ARN.
    pub(crate) fn parse_arn(text: &str) -> Result<Self, Error> {
        let name = Arn::parse(text).ok().and_then(|arn| Self::of_arn(&arn));
        name.ok_or_else(|| {
            invalid(format!(
                "Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN': {text}"
            ))
        })
    }

    pub(crate) fn arn(&self) -> Arn {
        let resource = format!("repository/{}", self.name);
        Arn::of("ecr", self.region.as_str(), &self.account.to_string(), &resource)
    }

    pub(crate) fn key(&self) -> (u64, String, String) {
        (self.account.as_u64(), self.region.as_str().to_owned(), self.name.clone())
    }

    pub(crate) fn access(&self, action: &'static str) -> Access {
        Access::to(action, self.arn().as_str())
    }
}

/// The account of the registry that is named, or the caller's.
pub(crate) fn account(registry: Option<&str>, scope: &Scope) -> Result<AccountId, Error> {
    registry.map_or(Ok(scope.account), |text| {
        AccountId::parse(text).map_err(|_| invalid(format!("Invalid parameter at 'registryId': {text}")))
    })
}

/// Whether a text is a name of 2 to 256 characters: words of small letters and digits with `.`, `_`, `__` or `-` between them,
/// and slashes between names.
pub(crate) fn is_name(text: &str) -> bool {
    let is_part = |part: &str| {
        let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = part.as_bytes();
        let good = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(b);
        let odd = ["..", "._", "_.", ".-", "-.", "_-", "-_", "___"];
        ends(bytes.first())
            && ends(bytes.last())
            && bytes.iter().all(good)
            && !odd.iter().any(|odd| part.contains(odd))
    };
    (2..=256).contains(&text.len()) && text.split('/').all(is_part)
}

/// Whether a text is a tag: 1 to 128 letters, digits, `_`, `.` and `-`, the first no `.` or `-`.
pub(crate) fn is_tag(text: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
    (1..=128).contains(&text.len()) && text.bytes().all(good) && !text.starts_with(['.', '-'])
}

/// Whether a text is a digest that Weft can check.
pub(crate) fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_tags_keep_to_the_rules() {
        for (name, expected) in [
            ("app", true),
            ("team/app_1.x--y", true),
            ("a__b", true),
            ("a", false),
            ("A1", false),
            ("a..b", false),
            ("a/", false),
            ("-ab", false),
            ("a___b", false),
        ] {
            assert_eq!(is_name(name), expected, "{name}");
        }
        for (tag, expected) in
            [("latest", true), ("1.2-x_Y", true), (".a", false), ("", false), ("a b", false)]
        {
            assert_eq!(is_tag(tag), expected, "{tag}");
        }
    }
}
