//! What the store holds.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use weft_service::Error;
use weft_store::{Read, Record, Table};
use weft_types::Timestamp;

use crate::errors;
use crate::names::{Name, Place};

/// Account, region, name without a leading slash.
pub(crate) type PlaceKey = (u64, String, String);

pub(crate) const PARAMETERS: Table<PlaceKey, Parameter> = Table::new("parameters");
/// Account, region, name without a leading slash, number.
pub(crate) const VERSIONS: Table<(u64, String, String, i64), Version> = Table::new("versions");
/// How many parameters an account has in a region.
pub(crate) const COUNTS: Table<(u64, String), Counts> = Table::new("counts");

/// A parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Parameter {
    /// The name with its slash as it was made.
    pub(crate) name: String,
    /// The numbers of its oldest and its newest version; all between are there.
    pub(crate) oldest: i64,
    pub(crate) newest: i64,
    /// The versions' numbers by their labels.
    pub(crate) labels: BTreeMap<String, i64>,
    pub(crate) tags: BTreeMap<String, String>,
    /// The newest version's.
    pub(crate) about: About,
}

/// What is known of a version beside its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    /// `String`, `StringList` or `SecureString`.
    pub(crate) kind: String,
    pub(crate) advanced: bool,
    pub(crate) data_type: String,
    pub(crate) key_id: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) allowed_pattern: Option<String>,
    pub(crate) modified: Timestamp,
    /// The ARN of who wrote it.
    pub(crate) modified_by: Option<String>,
}

/// One version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) about: About,
    pub(crate) value: Value,
}

/// A version's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Value {
    Plain(String),
    Sealed(Bytes),
}

/// Parameters by tier.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) standard: u64,
    pub(crate) advanced: u64,
}

impl Record for Parameter {}
impl Record for Version {}
impl Record for Counts {}

impl Place {
    pub(crate) fn key(&self) -> PlaceKey {
        (self.account.as_u64(), self.region.as_str().to_owned(), self.path.clone())
    }

    pub(crate) fn version_key(&self, number: i64) -> (u64, String, String, i64) {
        let (account, region, path) = self.key();
        (account, region, path, number)
    }
}

impl Parameter {
    /// The labels of a version.
    pub(crate) fn labels_of(&self, version: i64) -> Vec<String> {
        let of = self.labels.iter().filter(|(_, number)| **number == version);
        of.map(|(label, _)| label.clone()).collect()
    }
}

impl About {
    /// The tier's name.
    pub(crate) fn tier(&self) -> &'static str {
        if self.advanced { "Advanced" } else { "Standard" }
    }
}

/// The parameter with this name; none where there is none, or it is written with a slash and named without, or the other way.
pub(crate) fn find(tx: &impl Read, name: &Name) -> Result<Option<Parameter>, Error> {
    let found = PARAMETERS.get(tx, &name.place.key())?;
    Ok(found.filter(|found| name.text.as_ref().is_none_or(|text| *text == found.name)))
}

/// The parameter with this name, or AWS's error.
pub(crate) fn require(tx: &impl Read, name: &Name) -> Result<Parameter, Error> {
    find(tx, name)?.ok_or_else(|| errors::not_found(&name.shown()))
}

/// A version that the parameter's record says is there.
pub(crate) fn version(tx: &impl Read, place: &Place, number: i64) -> Result<Version, Error> {
    let found = VERSIONS.get(tx, &place.version_key(number))?;
    found.ok_or_else(|| Error::internal(format!("version {number} of {} is gone", place.arn())))
}
