//! Which version of a parameter a request means.

use weft_service::Error;
use weft_store::Read;

use crate::errors;
use crate::names::{Name, Selected, Selector};
use crate::tables::{Parameter, Version, require, version};

/// A version with what it belongs to.
pub(crate) struct Found {
    pub(crate) parameter: Parameter,
    pub(crate) number: i64,
    pub(crate) version: Version,
}

impl Selected {
    /// The version that is meant, or AWS's error.
    pub(crate) fn read(&self, tx: &impl Read) -> Result<Found, Error> {
        let parameter = require(tx, &self.name)?;
        let number = match &self.selector {
            Selector::Newest => parameter.newest,
            Selector::Version(number) => require_version(&parameter, &self.name, *number)?,
            Selector::Label(label) => match parameter.labels.get(label) {
                Some(number) => *number,
                None => return Err(errors::no_label(&parameter.name, label)),
            },
        };
        let version = version(tx, &self.name.place, number)?;
        Ok(Found { parameter, number, version })
    }
}

/// The number, where the parameter still has that version.
pub(crate) fn require_version(parameter: &Parameter, name: &Name, number: i64) -> Result<i64, Error> {
    if (parameter.oldest..=parameter.newest).contains(&number) {
        return Ok(number);
    }
    Err(errors::no_version(&name.shown(), number))
}
