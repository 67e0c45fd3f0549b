//! How requests name parameters, and their ARNs.

use weft_service::{Error, Scope};
use weft_types::{AccountId, Arn, Region};

use crate::errors::validation;

/// Levels of a hierarchy.
const LEVELS_MAX: usize = 15;
/// Characters of a name together with the rest of its ARN.
const ARN_CHARS_MAX: usize = 1011;

/// A parameter's place. Names that differ only in a leading slash have one ARN, and so one place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    /// The name without a leading slash.
    pub(crate) path: String,
}

/// A parameter as a request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) place: Place,
    /// The name with its slash as given; none where an ARN was given, which does not tell.
    pub(crate) text: Option<String>,
}

/// Which version of a parameter is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Selector {
    Newest,
    Version(i64),
    Label(String),
}

/// A name with its selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selected {
    pub(crate) name: Name,
    pub(crate) selector: Selector,
    /// What the request said.
    pub(crate) given: String,
}

impl Place {
    /// The place of a name of the caller's account and region.
    pub(crate) fn here(name: &str, scope: &Scope) -> Self {
        let path = name.strip_prefix('/').unwrap_or(name).to_owned();
        Self { account: scope.account, region: scope.region.clone(), path }
    }

    /// The place that an ARN of ours names.
    pub(crate) fn of_arn(arn: &Arn) -> Option<Self> {
        let path = arn.resource().strip_prefix("parameter/")?.to_owned();
        let (account, region) = (AccountId::parse(arn.account()), Region::parse(arn.region()));
        Some(Self { account: account.ok()?, region: region.ok()?, path })
    }

    /// The ARN.
    pub(crate) fn arn(&self) -> Arn {
        let (region, account) = (self.region.as_str(), self.account.to_string());
        Arn::of("ssm", region, &account, &format!("parameter/{}", self.path))
    }
}

impl Name {
    /// A name of a parameter that may be there, or its ARN.
    pub(crate) fn parse(text: &str, scope: &Scope) -> Result<Self, Error> {
        if !text.starts_with("arn:") {
            check_characters(text)?;
            return Ok(Self { place: Place::here(text, scope), text: Some(text.to_owned()) });
        }
        let place = Arn::parse(text).ok().filter(|arn| arn.service() == "ssm");
        let place = place.and_then(|arn| Place::of_arn(&arn)).filter(|place| {
            place.account == scope.account && place.region == scope.region && is_path(&place.path)
        });
        let foreign =
            || validation(format!("The ARN {text} is not that of a parameter of this account and region."));
        let place = place.ok_or_else(foreign)?;
        Ok(Self { place, text: None })
    }

    /// The name of a parameter that is to be written.
    pub(crate) fn parse_new(text: &str, scope: &Scope) -> Result<Self, Error> {
        check_characters(text)?;
        let first = text.trim_start_matches('/').to_ascii_lowercase();
        if first == "aws" || first.starts_with("aws/") {
            let message = format!("No access to reserved parameter name: {text}.");
            return Err(Error::new("AccessDeniedException", message).with_status(400));
        }
        if first.starts_with("aws") || first.starts_with("ssm") || text.ends_with('/') {
            return Err(bad_characters());
        }
        if text.contains('/') && !text.starts_with('/') {
            return Err(validation("Parameter name must be a fully qualified name."));
        }
        let place = Place::here(text, scope);
        if place.path.split('/').count() > LEVELS_MAX {
            let message = format!("A parameter hierarchy can have a maximum of {LEVELS_MAX} levels.");
            return Err(Error::new("HierarchyLevelLimitExceededException", message).with_status(400));
        }
        if place.arn().as_str().len() > ARN_CHARS_MAX {
            let message = "The maximum length for a parameter name, including the full content of the parameter ARN, is 1011 characters.";
            return Err(validation(message));
        }
        Ok(Self { place, text: Some(text.to_owned()) })
    }

    /// What a message calls it.
    pub(crate) fn shown(&self) -> String {
        self.text.clone().unwrap_or_else(|| self.place.arn().to_string())
    }
}

impl Selected {
    /// Parses `name`, `name:version`, `name:label` or an ARN with or without one of them.
    pub(crate) fn parse(text: &str, scope: &Scope) -> Result<Self, Error> {
        let start =
            if text.starts_with("arn:") { text.find(":parameter/").map_or(0, |at| at + 1) } else { 0 };
        let (name, selector) = match text[start..].split_once(':') {
            None => (text, Selector::Newest),
            Some((name, selector)) => (&text[..start + name.len()], Selector::parse(selector)?),
        };
        Ok(Self { name: Name::parse(name, scope)?, selector, given: text.to_owned() })
    }
}

impl Selector {
    fn parse(text: &str) -> Result<Self, Error> {
        if let Ok(version) = text.parse::<i64>() {
            return Ok(Self::Version(version));
        }
        if text.is_empty() || text.contains(':') {
            return Err(validation(format!("The selector :{text} is neither a version nor a label.")));
        }
        Ok(Self::Label(text.to_owned()))
    }

    /// The selector as answers have it; none for the newest version.
    pub(crate) fn shown(&self) -> Option<String> {
        match self {
            Self::Newest => None,
            Self::Version(version) => Some(format!(":{version}")),
            Self::Label(label) => Some(format!(":{label}")),
        }
    }
}

/// A path under which parameters are listed, as the beginning of their places: empty, or with a slash at its end.
pub(crate) fn parse_path(text: &str) -> Result<String, Error> {
    let inner = text.strip_prefix('/').map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    match inner {
        Some("") => Ok(String::new()),
        Some(path) if is_path(path) => Ok(format!("{path}/")),
        _ => Err(validation(
            "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \"/\". It can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol \"/\". Valid example: /get/parameters2-/by1./path0_.",
        )),
    }
}

fn check_characters(name: &str) -> Result<(), Error> {
    let path = name.strip_prefix('/').unwrap_or(name);
    if is_path(path.strip_suffix('/').unwrap_or(path)) { Ok(()) } else { Err(bad_characters()) }
}

fn bad_characters() -> Error {
    validation(
        "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_",
    )
}

/// Whether a text is one or more names with a slash between each two.
fn is_path(text: &str) -> bool {
    let good = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
    };
    text.split('/').all(good)
}

#[cfg(test)]
mod tests {
    use weft_types::Timestamp;

    use super::*;

    fn scope() -> Scope {
        Scope { account: AccountId::DEFAULT, region: Region::default(), now: Timestamp::from_millis(0) }
    }

    #[track_caller]
    fn check(text: &str, expected: Result<(&str, Selector), &str>) {
        let found = Selected::parse(text, &scope());
        let found = found.map(|found| (found.name.place.path, found.selector)).map_err(|error| error.code());
        assert_eq!(found, expected.map(|(path, selector)| (path.to_owned(), selector)), "{text}");
    }

    #[test]
    fn parameters_are_named_with_versions_labels_and_arns() {
        check("a", Ok(("a", Selector::Newest)));
        check("/a/b", Ok(("a/b", Selector::Newest)));
        check("/a/b:7", Ok(("a/b", Selector::Version(7))));
        check("a:live", Ok(("a", Selector::Label("live".to_owned()))));
        check("arn:aws:ssm:us-east-1:000000000000:parameter/a/b", Ok(("a/b", Selector::Newest)));
        check("arn:aws:ssm:us-east-1:000000000000:parameter/a:3", Ok(("a", Selector::Version(3))));
        check("/aws/service/x", Ok(("aws/service/x", Selector::Newest)));
        for bad in [
            "",
            "/",
            "a b",
            "a:",
            "a:b:c",
            "//a",
            "/a//b",
            "arn:aws:ssm:eu-west-1:000000000000:parameter/a",
            "arn:aws:ssm:us-east-1:000000000000:document/a",
        ] {
            check(bad, Err("ValidationException"));
        }
    }

    #[track_caller]
    fn check_new(text: &str, expected: Option<&str>) {
        assert_eq!(Name::parse_new(text, &scope()).err().map(|error| error.code()), expected, "{text}");
    }

    #[test]
    fn names_of_new_parameters_keep_to_the_rules() {
        check_new("a.b-c_D9", None);
        check_new(&format!("/{}", ["a"; 15].join("/")), None);
        check_new(&format!("/{}", ["a"; 16].join("/")), Some("HierarchyLevelLimitExceededException"));
        check_new("awsome", Some("ValidationException"));
        check_new("/SSM-x", Some("ValidationException"));
        check_new("/aws/service/x", Some("AccessDeniedException"));
        check_new("a/b", Some("ValidationException"));
        check_new("/a/", Some("ValidationException"));
        check_new("a:1", Some("ValidationException"));
        let rest = "arn:aws:ssm:us-east-1:000000000000:parameter/".len();
        check_new(&"a".repeat(1011 - rest), None);
        check_new(&"a".repeat(1012 - rest), Some("ValidationException"));
    }
}
