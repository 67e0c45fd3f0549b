//! An alias: a name for a version, or for two between which requests are shared.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weft_model::lambda as model;
use weft_service::Error;

use crate::change::Change;
use crate::errors::{invalid_parameter, validation};
use crate::name::FunctionRef;
use crate::version::VersionId;

/// How many values a random `u32` has.
const RANDOM_VALUES: f64 = 4_294_967_296.0;

/// An alias's record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Alias {
    pub(crate) version: VersionId,
    /// A second version, and the part of the requests that it takes.
    pub(crate) second: Option<Second>,
    pub(crate) description: String,
    /// Changes with each change of the alias or of its policy; never used twice.
    pub(crate) revision_id: String,
}

/// The second version of an alias.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Second {
    pub(crate) version: u64,
    /// 0.0 to 1.0.
    pub(crate) weight: f64,
}

impl Alias {
    /// The version that takes a request. `random` is uniform over all of its values.
    pub(crate) fn choose(&self, random: u32) -> VersionId {
        match self.second {
            // Below and not up to: a weight of 0 takes nothing, one of 1 takes all.
            Some(second) if f64::from(random) < second.weight * RANDOM_VALUES => {
                VersionId::Number(second.version)
            }
            _ => self.version,
        }
    }

    /// The part of `count` workers that a version gets.
    pub(crate) fn share(&self, version: VersionId, count: u32) -> u32 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most `count`")]
        let of_second = |second: Second| (f64::from(count) * second.weight).round() as u32;
        match self.second {
            Some(second) if VersionId::Number(second.version) == version => of_second(second),
            second if self.version == version => count - second.map_or(0, of_second),
            _ => 0,
        }
    }

    /// The versions that take requests.
    pub(crate) fn versions(&self) -> impl Iterator<Item = VersionId> + use<> {
        let second = self.second.map(|second| VersionId::Number(second.version));
        std::iter::once(self.version).chain(second)
    }

    /// What `GetAlias` shows. The reference's qualifier is the alias's name.
    pub(crate) fn describe(&self, function: &FunctionRef) -> model::AliasConfiguration {
        let weights = |second: Second| BTreeMap::from([(second.version.to_string(), second.weight)]);
        model::AliasConfiguration {
            alias_arn: Some(function.arn().into()),
            name: function.qualifier.clone(),
            function_version: Some(self.version.to_string()),
            description: Some(self.description.clone()),
            routing_config: self.second.map(|second| model::AliasRoutingConfiguration {
                additional_version_weights: Some(weights(second)),
            }),
            revision_id: Some(self.revision_id.clone()),
        }
    }
}

/// Parses the version that an alias leads to.
pub(crate) fn parse_version(text: &str) -> Result<VersionId, Error> {
    let bad =
        || validation(text, "functionVersion", "satisfy regular expression pattern: (\\$LATEST|[0-9]+)");
    VersionId::parse(text).ok_or_else(bad)
}

/// Parses `RoutingConfig`: at most one further version with its weight; no weights remove it.
pub(crate) fn parse_routing(
    config: Option<model::AliasRoutingConfiguration>,
) -> Result<Change<Second>, Error> {
    let Some(config) = config else { return Ok(Change::Keep) };
    let weights = config.additional_version_weights.unwrap_or_default();
    if weights.len() > 1 {
        return Err(invalid_parameter(
            "Number of items in AdditionalVersionWeights cannot be greater than 1",
        ));
    }
    let Some((version, weight)) = weights.into_iter().next() else { return Ok(Change::Clear) };
    if !(0.0..=1.0).contains(&weight) {
        return Err(invalid_parameter(format!(
            "The weight of version {version} must be between 0.0 and 1.0"
        )));
    }
    match VersionId::parse(&version) {
        Some(VersionId::Number(version)) => Ok(Change::Set(Second { version, weight })),
        _ => Err(invalid_parameter(format!("Invalid function version {version} in routing configuration."))),
    }
}

/// Checks that two versions may share requests.
pub(crate) fn check_pair(version: VersionId, second: Option<Second>) -> Result<(), Error> {
    let Some(second) = second else { return Ok(()) };
    match version {
        VersionId::Latest => {
            Err(invalid_parameter("$LATEST is not supported for an alias pointing to more than 1 version"))
        }
        VersionId::Number(number) if number == second.version => Err(invalid_parameter(format!(
            "Invalid function version {number}. Function version {number} is already included in routing configuration."
        ))),
        VersionId::Number(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alias(weight: Option<f64>) -> Alias {
        let second = weight.map(|weight| Second { version: 2, weight });
        Alias {
            version: VersionId::Number(1),
            second,
            description: String::new(),
            revision_id: String::new(),
        }
    }

    fn check(weight: Option<f64>, random: u32, expected: u64) {
        assert_eq!(alias(weight).choose(random), VersionId::Number(expected), "{weight:?}, {random}");
    }

    #[test]
    fn a_weight_is_the_part_of_the_requests_that_the_second_version_takes() {
        check(None, 0, 1);
        check(Some(0.0), 0, 1);
        check(Some(1.0), u32::MAX, 2);
        check(Some(0.5), (1 << 31) - 1, 2);
        check(Some(0.5), 1 << 31, 1);
        let steps = (0..1000_u32).map(|n| n * (u32::MAX / 1000));
        let second = steps.filter(|random| alias(Some(0.1)).choose(*random) == VersionId::Number(2)).count();
        assert!((99..=101).contains(&second), "{second}");
    }

    #[test]
    fn a_routing_config_names_at_most_one_further_version() {
        let parse = |list: &[(&str, f64)]| {
            let weights = list.iter().map(|(version, weight)| ((*version).to_owned(), *weight)).collect();
            let config = model::AliasRoutingConfiguration { additional_version_weights: Some(weights) };
            parse_routing(Some(config)).map_err(|error| error.code())
        };
        let bad = Err("InvalidParameterValueException");
        assert_eq!(parse(&[]), Ok(Change::Clear));
        assert_eq!(parse(&[("2", 0.25)]), Ok(Change::Set(Second { version: 2, weight: 0.25 })));
        assert_eq!(parse(&[("2", 0.1), ("3", 0.1)]), bad);
        assert_eq!(parse(&[("2", 1.1)]), bad);
        assert_eq!(parse(&[("2", f64::NAN)]), bad);
        assert_eq!(parse(&[("$LATEST", 0.1)]), bad);
    }

    #[test]
    fn two_versions_that_share_requests_are_published_and_differ() {
        let second = Some(Second { version: 2, weight: 0.5 });
        assert!(check_pair(VersionId::Number(1), second).is_ok());
        assert!(check_pair(VersionId::Latest, None).is_ok());
        assert!(check_pair(VersionId::Number(2), second).is_err());
        assert!(check_pair(VersionId::Latest, second).is_err());
    }
}
