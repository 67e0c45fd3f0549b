//! How a request names a function: a name, a partial ARN or a full one, each with or without a qualifier.

use weft_service::{Error, Scope};
use weft_types::{AccountId, Arn, Region};

use crate::errors;

/// Characters in a function's name.
const NAME_LENGTH_MAX: usize = 64;

/// The version that every function has.
pub(crate) const LATEST: &str = "$LATEST";

/// A function's place: what its record is kept by. The name has 1 to 64 letters, digits, `-` or `_`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunctionKey {
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// The name.
    pub name: String,
}

impl FunctionKey {
    /// A function of the caller's account and region.
    pub fn of(scope: &Scope, name: &str) -> Result<Self, Error> {
        if name.len() > NAME_LENGTH_MAX {
            return Err(errors::validation(name, "functionName", "have length less than or equal to 64"));
        }
        if !is_name(name) {
            return Err(pattern_error(name));
        }
        Ok(Self { account: scope.account, region: scope.region.clone(), name: name.to_owned() })
    }

    /// The unqualified ARN.
    pub fn arn(&self) -> Arn {
        Arn::of("lambda", self.region.as_str(), &self.account.to_string(), &format!("function:{}", self.name))
    }

    /// The ARN with a version or an alias.
    pub(crate) fn qualified_arn(&self, qualifier: &str) -> Arn {
        let account = self.account.to_string();
        Arn::of("lambda", self.region.as_str(), &account, &format!("function:{}:{qualifier}", self.name))
    }

    /// The ARN of a published version.
    pub(crate) fn version_arn(&self, number: u64) -> Arn {
        self.qualified_arn(&number.to_string())
    }

    /// The group that takes the function's log unless it says another.
    pub fn log_group(&self) -> String {
        format!("/aws/lambda/{}", self.name)
    }
}

/// A function with the version or alias that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FunctionRef {
    pub(crate) key: FunctionKey,
    /// `$LATEST`, a version's number or an alias.
    pub(crate) qualifier: Option<String>,
}

impl FunctionRef {
    /// Parses `FunctionName` and `Qualifier`.
    ///
    /// Forms: `name`, `name:qualifier`, `account:function:name[:qualifier]`, `function:name[:qualifier]`,
    /// `[arn:aws:lambda:]region:account:function:name[:qualifier]`.
    pub(crate) fn parse(text: &str, qualifier: Option<&str>, scope: &Scope) -> Result<Self, Error> {
        let (region, account, rest) = split(text).ok_or_else(|| pattern_error(text))?;
        let (name, suffix) = match rest.split_once(':') {
            Some((name, suffix)) => (name, Some(suffix)),
            None => (rest, None),
        };
        if let Some(region) = region
            && region != scope.region.as_str()
        {
            let message = format!(
                "Functions from '{region}' are not reachable in this region ('{}')",
                scope.region.as_str()
            );
            return Err(Error::new("ResourceNotFoundException", message).with_status(404));
        }
        let mut key = FunctionKey::of(scope, name)?;
        if let Some(account) = account {
            key.account = AccountId::parse(account).map_err(|_| pattern_error(text))?;
        }
        if suffix.is_some_and(|suffix| !is_qualifier(suffix)) {
            return Err(pattern_error(text));
        }
        match (suffix, qualifier) {
            (Some(a), Some(b)) if a != b => Err(errors::invalid_parameter(
                "The derived qualifier from the function name does not match the specified qualifier.",
            )),
            (a, b) => Ok(Self { key, qualifier: a.or(b).map(str::to_owned) }),
        }
    }

    /// Parses `FunctionName` of an operation on a function as a whole.
    pub(crate) fn parse_whole(text: &str, scope: &Scope) -> Result<Self, Error> {
        let function = Self::parse(text, None, scope)?;
        match function.qualifier {
            None => Ok(function),
            Some(_) => Err(errors::invalid_parameter(
                "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. \
                 Please specify either a function name or an unqualified function ARN.",
            )),
        }
    }

    /// Parses `FunctionName` beside an alias's `Name`, which becomes the qualifier.
    pub(crate) fn parse_alias(text: &str, alias: &str, scope: &Scope) -> Result<Self, Error> {
        Self::parse(text, Some(alias), scope)
    }

    /// The ARN as it was asked for.
    pub(crate) fn arn(&self) -> Arn {
        match &self.qualifier {
            Some(qualifier) => self.key.qualified_arn(qualifier),
            None => self.key.arn(),
        }
    }

    /// Fails where the request names a version or an alias other than `$LATEST`, which alone can be changed.
    pub(crate) fn require_latest(&self) -> Result<(), Error> {
        match self.qualifier.as_deref() {
            None | Some(LATEST) => Ok(()),
            Some(_) => Err(errors::function_not_found(&self.arn())),
        }
    }
}

/// Region, account and the rest (`name[:qualifier]`).
fn split(text: &str) -> Option<(Option<&str>, Option<&str>, &str)> {
    if let Ok(arn) = Arn::parse(text) {
        let place = &text[text.len() - arn.resource().len()..];
        let rest = place.strip_prefix("function:")?;
        if arn.service() != "lambda" {
            return None;
        }
        // The parts borrow from `text`, which outlives the parsed ARN.
        let mut parts = text.splitn(6, ':').skip(3);
        return Some((parts.next(), parts.next(), rest));
    }
    if let Some(rest) = text.strip_prefix("function:") {
        return Some((None, None, rest));
    }
    match text.split_once(":function:") {
        Some((place, rest)) => match place.split_once(':') {
            Some((region, account)) => Some((Some(region), Some(account), rest)),
            None => Some((None, Some(place), rest)),
        },
        None => Some((None, None, text)),
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn is_qualifier(text: &str) -> bool {
    text == LATEST || is_name(text)
}

fn pattern_error(text: &str) -> Error {
    errors::validation(
        text,
        "functionName",
        "satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\\d{1}:)?\
         (\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?",
    )
}

#[cfg(test)]
mod tests {
    use weft_types::Timestamp;

    use super::*;

    fn check(text: &str, qualifier: Option<&str>, expected: Result<&str, &str>) {
        let scope =
            Scope { account: AccountId::DEFAULT, region: Region::default(), now: Timestamp::from_millis(0) };
        let found = FunctionRef::parse(text, qualifier, &scope);
        let found = found.map(|function| function.arn().to_string()).map_err(|error| error.code());
        assert_eq!(found.as_deref().map_err(|code| *code), expected, "{text}");
    }

    #[test]
    fn a_function_is_named_in_every_form_that_aws_takes() {
        let plain = Ok("arn:aws:lambda:us-east-1:000000000000:function:hello");
        let live = Ok("arn:aws:lambda:us-east-1:000000000000:function:hello:live");
        check("hello", None, plain);
        check("hello:live", None, live);
        check("hello", Some("live"), live);
        check("hello:live", Some("live"), live);
        check("function:hello", None, plain);
        check("000000000000:function:hello:live", None, live);
        check("us-east-1:000000000000:function:hello", None, plain);
        check("arn:aws:lambda:us-east-1:000000000000:function:hello", None, plain);
        check("arn:aws:lambda:us-east-1:000000000000:function:hello:live", None, live);
        check("hello:$LATEST", None, Ok("arn:aws:lambda:us-east-1:000000000000:function:hello:$LATEST"));
    }

    #[test]
    fn a_name_that_aws_would_refuse_is_refused() {
        let bad = Err("ValidationException");
        check("", None, bad);
        check("he llo", None, bad);
        check("hello.world", None, bad);
        check("hello:a:b", None, bad);
        check("hello:", None, bad);
        check("arn:aws:s3:us-east-1:000000000000:function:hello", None, bad);
        check("arn:aws:lambda:us-east-1:000000000000:layer:hello", None, bad);
        check("12:function:hello", None, bad);
        check(&"a".repeat(65), None, bad);
        check("hello:live", Some("test"), Err("InvalidParameterValueException"));
        check("arn:aws:lambda:eu-west-1:000000000000:function:hello", None, Err("ResourceNotFoundException"));
    }

    #[test]
    fn the_longest_name_has_64_characters() {
        let name = "a".repeat(64);
        check(&name, None, Ok(&format!("arn:aws:lambda:us-east-1:000000000000:function:{name}")));
    }
}
