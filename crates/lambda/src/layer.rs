//! A layer: an archive of files that functions share, under a name with numbered versions.

use serde::{Deserialize, Serialize};
use weft_model::lambda as model;
use weft_service::{Error, Scope};
use weft_types::{AccountId, Arn, Region, Timestamp};

use crate::errors;
use crate::function::Code;
use crate::permission::PolicyRecord;

/// Layers that a function may have.
pub(crate) const LAYERS_MAX: usize = 5;

/// A layer's place: what its record is kept by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct LayerKey {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    /// 1 to 64 letters, digits, `-` or `_`.
    pub(crate) name: String,
}

/// A layer's record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Layer {
    /// The number of the version that was published last, also where it is gone.
    pub(crate) last: u64,
}

/// The record of a layer's version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LayerVersion {
    pub(crate) code: Code,
    pub(crate) description: String,
    pub(crate) license: Option<String>,
    pub(crate) runtimes: Vec<String>,
    pub(crate) architectures: Vec<String>,
    pub(crate) created: Timestamp,
    /// Who may use it beside the account.
    #[serde(default)]
    pub(crate) policy: PolicyRecord,
    /// Changes with the policy; never used twice.
    pub(crate) revision_id: String,
}

/// A layer as a function has it. Holds all that running takes, so that the layer itself may go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LayerUse {
    /// The ARN with the version.
    pub(crate) arn: String,
    pub(crate) code: Code,
}

impl LayerVersion {
    fn created(&self) -> String {
        self.created.format("%Y-%m-%dT%H:%M:%S%.3f+0000")
    }

    /// What `GetLayerVersion` shows, with the address of a download where there is one.
    pub(crate) fn describe(
        &self,
        key: &LayerKey,
        number: u64,
        location: Option<String>,
    ) -> model::GetLayerVersionResponse {
        model::GetLayerVersionResponse {
            content: Some(model::LayerVersionContentOutput {
                location,
                code_sha256: Some(self.code.sha256.clone()),
                code_size: i64::try_from(self.code.size).ok(),
                ..Default::default()
            }),
            layer_arn: Some(key.arn().into()),
            layer_version_arn: Some(key.version_arn(number).into()),
            description: Some(self.description.clone()),
            created_date: Some(self.created()),
            version: i64::try_from(number).ok(),
            compatible_runtimes: some(&self.runtimes),
            license_info: self.license.clone(),
            compatible_architectures: some(&self.architectures),
        }
    }

    /// What `PublishLayerVersion` shows: the same.
    pub(crate) fn describe_published(
        &self,
        key: &LayerKey,
        number: u64,
        location: Option<String>,
    ) -> model::PublishLayerVersionResponse {
        let shown = self.describe(key, number, location);
        model::PublishLayerVersionResponse {
            content: shown.content,
            layer_arn: shown.layer_arn,
            layer_version_arn: shown.layer_version_arn,
            description: shown.description,
            created_date: shown.created_date,
            version: shown.version,
            compatible_runtimes: shown.compatible_runtimes,
            license_info: shown.license_info,
            compatible_architectures: shown.compatible_architectures,
        }
    }

    /// What lists show.
    pub(crate) fn describe_in_list(&self, key: &LayerKey, number: u64) -> model::LayerVersionsListItem {
        model::LayerVersionsListItem {
            layer_version_arn: Some(key.version_arn(number).into()),
            version: i64::try_from(number).ok(),
            description: Some(self.description.clone()),
            created_date: Some(self.created()),
            compatible_runtimes: some(&self.runtimes),
            license_info: self.license.clone(),
            compatible_architectures: some(&self.architectures),
        }
    }
}

fn some(list: &[String]) -> Option<Vec<String>> {
    (!list.is_empty()).then(|| list.to_vec())
}

/// Parses `VersionNumber`.
pub(crate) fn parse_number(number: i64) -> Result<u64, Error> {
    match u64::try_from(number) {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(errors::invalid_parameter("Layer Version Cannot be less than 1.")),
    }
}

impl LayerKey {
    /// Parses `LayerName`: a name of the caller's, or an ARN.
    pub(crate) fn parse(text: &str, scope: &Scope) -> Result<Self, Error> {
        let Ok(arn) = Arn::parse(text) else {
            return Self::of(scope.account, scope.region.clone(), text, text);
        };
        let name = arn.resource().strip_prefix("layer:").ok_or_else(|| pattern_error(text))?;
        Self::parse_parts(&arn, name, text)
    }

    /// Parses the ARN of a layer's version.
    pub(crate) fn parse_version(text: &str) -> Result<(Self, u64), Error> {
        let arn = Arn::parse(text).map_err(|_| pattern_error(text))?;
        let rest = arn.resource().strip_prefix("layer:").ok_or_else(|| pattern_error(text))?;
        let (name, number) = rest.split_once(':').ok_or_else(|| pattern_error(text))?;
        let number = number.parse().map_err(|_| pattern_error(text))?;
        Ok((Self::parse_parts(&arn, name, text)?, number))
    }

    fn parse_parts(arn: &Arn, name: &str, text: &str) -> Result<Self, Error> {
        if arn.service() != "lambda" {
            return Err(pattern_error(text));
        }
        let account = AccountId::parse(arn.account()).map_err(|_| pattern_error(text))?;
        let region = Region::parse(arn.region()).map_err(|_| pattern_error(text))?;
        Self::of(account, region, name, text)
    }

    fn of(account: AccountId, region: Region, name: &str, text: &str) -> Result<Self, Error> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if name.len() > 64 {
            return Err(errors::validation(name, "layerName", "have length less than or equal to 64"));
        }
        if name.is_empty() || !name.bytes().all(plain) {
            return Err(pattern_error(text));
        }
        Ok(Self { account, region, name: name.to_owned() })
    }

    /// The ARN without a version.
    pub(crate) fn arn(&self) -> Arn {
        let account = self.account.to_string();
        Arn::of("lambda", self.region.as_str(), &account, &format!("layer:{}", self.name))
    }

    /// The ARN of a version.
    pub(crate) fn version_arn(&self, number: u64) -> Arn {
        let account = self.account.to_string();
        Arn::of("lambda", self.region.as_str(), &account, &format!("layer:{}:{number}", self.name))
    }
}

fn pattern_error(text: &str) -> Error {
    errors::validation(
        text,
        "layerName",
        "satisfy regular expression pattern: (arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:[a-zA-Z0-9-_]+)|\
         [a-zA-Z0-9-_]+",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_named_alone_or_by_its_arn() {
        let scope =
            Scope { account: AccountId::DEFAULT, region: Region::default(), now: Timestamp::default() };
        let check = |text: &str, expected: Option<&str>| {
            let found = LayerKey::parse(text, &scope).ok().map(|key| key.arn().to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        };
        check("libs", Some("arn:aws:lambda:us-east-1:000000000000:layer:libs"));
        let other = "arn:aws:lambda:eu-west-1:111111111111:layer:libs";
        check(other, Some(other));
        check("arn:aws:lambda:us-east-1:000000000000:function:libs", None);
        check("a b", None);
        check("", None);
        check(&"a".repeat(65), None);
    }

    #[test]
    fn a_version_of_a_layer_is_named_by_its_arn() {
        let check = |text: &str, expected: Option<u64>| {
            let found = LayerKey::parse_version(text).ok();
            assert_eq!(found.as_ref().map(|(_, number)| *number), expected, "{text}");
            if let Some((key, number)) = found {
                assert_eq!(key.version_arn(number).as_str(), text);
            }
        };
        check("arn:aws:lambda:us-east-1:000000000000:layer:libs:7", Some(7));
        check("arn:aws:lambda:us-east-1:000000000000:layer:libs", None);
        check("arn:aws:lambda:us-east-1:000000000000:layer:libs:x", None);
        check("libs:7", None);
    }
}
