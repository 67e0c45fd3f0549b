//! Changes of parameters that count: making one, adding a version, removing one.

use weft_service::{Error, Tags};
use weft_store::{Read, WriteTx};
use weft_types::Timestamp;

use crate::errors::validation;
use crate::names::{Name, Place};
use crate::seal::Seal;
use crate::shown::sealed_for;
use crate::tables::{About, COUNTS, Counts, PARAMETERS, Parameter, VERSIONS, Value, Version, find};
use crate::value::{STANDARD_BYTES_MAX, check_key, check_length, check_pattern};
use crate::{Ssm, SsmOptions};

/// Versions of a parameter; a new one beyond takes the oldest away.
const VERSIONS_MAX: i64 = 100;

/// What `PutParameter` says.
#[derive(Debug, Clone)]
pub(crate) struct Put {
    pub(crate) name: Name,
    pub(crate) value: String,
    pub(crate) kind: Option<String>,
    pub(crate) key_id: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) allowed_pattern: Option<String>,
    pub(crate) data_type: Option<String>,
    pub(crate) tier: Tier,
    pub(crate) overwrite: bool,
    pub(crate) tags: Tags,
}

/// The tier that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tier {
    /// The one that it has, or the standard one.
    Unsaid,
    Standard,
    Advanced,
    /// The standard one while it is enough.
    Intelligent,
}

/// When and by whom.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    pub(crate) now: Timestamp,
    pub(crate) by: Option<String>,
}

impl Put {
    /// Makes the parameter, or adds a version to it; gives the version's number and whether its tier is the advanced one.
    pub(crate) fn carry_out(
        &self,
        tx: &mut WriteTx<'_>,
        (seal, options): (&Seal, &SsmOptions),
        signed: &Signed,
    ) -> Result<(i64, bool), Error> {
        let place = &self.name.place;
        let old = self.old(tx)?;
        let about = self.about(tx, old.as_ref(), options, signed)?;
        check_length(&self.value, about.advanced)?;
        check_pattern(&self.value, about.allowed_pattern.as_deref().unwrap_or_default())?;
        count(tx, place, old.as_ref().map(|old| old.about.advanced), Some(about.advanced), options)?;
        let mut parameter = match old {
            Some(old) => old,
            None => Parameter {
                name: self.name.shown(),
                oldest: 1,
                newest: 0,
                labels: std::collections::BTreeMap::new(),
                tags: self.tags.clone(),
                about: about.clone(),
            },
        };
        parameter.newest += 1;
        let number = parameter.newest;
        self.make_room(tx, &mut parameter)?;
        let value = match about.kind.as_str() {
            "SecureString" => Value::Sealed(seal.seal(&sealed_for(place, number), &self.value)?.into()),
            _ => Value::Plain(self.value.clone()),
        };
        let advanced = about.advanced;
        parameter.about = about.clone();
        VERSIONS.insert(tx, &place.version_key(number), &Version { about, value })?;
        PARAMETERS.insert(tx, &place.key(), &parameter)?;
        Ok((number, advanced))
    }

    /// What is there under this name, or under the one that differs in its slash.
    fn old(&self, tx: &impl Read) -> Result<Option<Parameter>, Error> {
        let found = PARAMETERS.get(tx, &self.name.place.key())?;
        let same = found.as_ref().is_none_or(|found| self.name.text.as_deref() == Some(&found.name));
        if found.is_some() && (!self.overwrite || !same) {
            let message = "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.";
            return Err(Error::new("ParameterAlreadyExists", message).with_status(400));
        }
        Ok(found)
    }

    fn about(
        &self,
        tx: &impl Read,
        old: Option<&Parameter>,
        options: &SsmOptions,
        signed: &Signed,
    ) -> Result<About, Error> {
        let before = old.map(|old| &old.about);
        let kind = match (&self.kind, before) {
            (Some(kind), Some(before)) if *kind != before.kind => return Err(other_type(&before.kind, kind)),
            (Some(kind), _) => kind.clone(),
            (None, Some(before)) => before.kind.clone(),
            (None, None) => {
                return Err(validation("A parameter type is required when you create a parameter."));
            }
        };
        let key_id = match (kind.as_str(), &self.key_id) {
            ("SecureString", given) => Some(check_key(given.as_deref())?),
            (_, None) => None,
            (_, Some(_)) => {
                return Err(validation("KeyId is valid for parameters of type SecureString only."));
            }
        };
        let kept = |new: &Option<String>, old: Option<&String>| {
            new.as_ref().or(old).filter(|text| !text.is_empty()).cloned()
        };
        Ok(About {
            kind,
            advanced: self.is_advanced(tx, before, options)?,
            data_type: kept(&self.data_type, before.map(|old| &old.data_type))
                .unwrap_or_else(|| "text".to_owned()),
            key_id,
            description: kept(&self.description, before.and_then(|old| old.description.as_ref())),
            allowed_pattern: kept(&self.allowed_pattern, before.and_then(|old| old.allowed_pattern.as_ref())),
            modified: signed.now,
            modified_by: signed.by.clone(),
        })
    }

    fn is_advanced(
        &self,
        tx: &impl Read,
        before: Option<&About>,
        options: &SsmOptions,
    ) -> Result<bool, Error> {
        let was = before.is_some_and(|before| before.advanced);
        match self.tier {
            Tier::Advanced => Ok(true),
            Tier::Unsaid => Ok(was),
            Tier::Standard if was => Err(validation(
                "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a standard parameter.",
            )),
            Tier::Standard => Ok(false),
            Tier::Intelligent => {
                let full = before.is_none() && counts(tx, &self.name.place)?.standard >= options.standard_max;
                Ok(was || full || self.value.len() > STANDARD_BYTES_MAX)
            }
        }
    }

    /// Takes the oldest version away where there are too many.
    fn make_room(&self, tx: &mut WriteTx<'_>, parameter: &mut Parameter) -> Result<(), Error> {
        if parameter.newest - parameter.oldest < VERSIONS_MAX {
            return Ok(());
        }
        let (name, oldest) = (&parameter.name, parameter.oldest);
        if parameter.labels.values().any(|number| *number == oldest) {
            let message = format!(
                "You attempted to create a new version of {name} by calling the PutParameter API with the overwrite flag. Version {oldest}, the oldest version, can't be deleted because it has a label associated with it. Move the label to another version of the parameter, and try again."
            );
            return Err(Error::new("ParameterMaxVersionLimitExceeded", message).with_status(400));
        }
        VERSIONS.remove(tx, &self.name.place.version_key(oldest))?;
        parameter.oldest += 1;
        Ok(())
    }
}

fn other_type(before: &str, now: &str) -> Error {
    let message = format!(
        "Parameter Store does not support changing a parameter type in a hierarchy: this one is a {before} and can't become a {now}. You must create a new, unique parameter."
    );
    Error::new("HierarchyTypeMismatchException", message).with_status(400)
}

impl Ssm {
    /// Removes a parameter; gives whether it was there.
    pub(crate) fn remove(tx: &mut WriteTx<'_>, name: &Name, options: &SsmOptions) -> Result<bool, Error> {
        let Some(found) = find(tx, name)? else { return Ok(false) };
        let place = &name.place;
        for number in found.oldest..=found.newest {
            VERSIONS.remove(tx, &place.version_key(number))?;
        }
        PARAMETERS.remove(tx, &place.key())?;
        count(tx, place, Some(found.about.advanced), None, options)?;
        Ok(true)
    }
}

fn counts(tx: &impl Read, place: &Place) -> Result<Counts, Error> {
    let (account, region, _) = place.key();
    Ok(COUNTS.get(tx, &(account, region))?.unwrap_or_default())
}

/// Counts a parameter that changes its tier: advanced or not, none for not there.
fn count(
    tx: &mut WriteTx<'_>,
    place: &Place,
    before: Option<bool>,
    after: Option<bool>,
    options: &SsmOptions,
) -> Result<(), Error> {
    if before == after {
        return Ok(());
    }
    let mut counts = counts(tx, place)?;
    match before {
        Some(true) => counts.advanced = counts.advanced.saturating_sub(1),
        Some(false) => counts.standard = counts.standard.saturating_sub(1),
        None => {}
    }
    match after {
        Some(true) => counts.advanced += 1,
        Some(false) => counts.standard += 1,
        None => {}
    }
    if after.is_some() && (counts.standard > options.standard_max || counts.advanced > options.advanced_max) {
        let message = "You have exceeded the number of parameters for this Amazon Web Services account. Delete one or more parameters and try again.";
        return Err(Error::new("ParameterLimitExceeded", message).with_status(400));
    }
    let (account, region, _) = place.key();
    Ok(COUNTS.insert(tx, &(account, region), &counts)?)
}
