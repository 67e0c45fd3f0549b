//! Code signing configurations, and how functions update their runtime. Nothing here is ever signed, so code for a
//! function whose configuration enforces signatures is refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weft_model::lambda as model;
use weft_service::{Error, Once, Scope, Tags};
use weft_store::{Read, WriteTx};
use weft_types::{Arn, Timestamp};

use crate::errors::not_found;
use crate::functions::Functions;
use crate::name::FunctionKey;
use crate::tables::{FUNCTIONS, Key, Mark, SIGNING, SIGNING_USES};

/// The record of a code signing configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Signing {
    pub(crate) description: Option<String>,
    pub(crate) publishers: Vec<String>,
    /// Whether unsigned code is refused, and not only warned of.
    pub(crate) enforced: bool,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) last_modified: Timestamp,
}

impl Signing {
    /// What `GetCodeSigningConfig` shows.
    pub(crate) fn describe(&self, arn: &Arn) -> model::CodeSigningConfig {
        let policy = if self.enforced { "Enforce" } else { "Warn" };
        model::CodeSigningConfig {
            code_signing_config_id: id_of(arn).to_owned(),
            code_signing_config_arn: arn.as_str().to_owned(),
            description: self.description.clone(),
            allowed_publishers: model::AllowedPublishers {
                signing_profile_version_arns: self.publishers.clone(),
            },
            code_signing_policies: model::CodeSigningPolicies {
                untrusted_artifact_on_deployment: Some(policy.to_owned()),
            },
            last_modified: self.last_modified.iso8601(),
        }
    }
}

fn id_of(arn: &Arn) -> &str {
    arn.resource().strip_prefix("code-signing-config:").unwrap_or_default()
}

fn row(arn: &Arn) -> Key {
    let account = arn.account().parse().unwrap_or_default();
    (account, arn.region().to_owned(), id_of(arn).to_owned())
}

/// Parses the ARN of a configuration of the caller's account and region.
pub(crate) fn parse_arn(text: &str, scope: &Scope) -> Result<Arn, Error> {
    let own = |arn: &Arn| arn.region() == scope.region.as_str() && arn.account() == scope.account.to_string();
    Arn::parse(text).ok().filter(own).ok_or_else(|| config_missing(text))
}

fn config_missing(arn: &str) -> Error {
    not_found(format!("The Lambda code signing configuration {arn} can not be found."))
}

fn config_missing_for_function(arn: &str) -> Error {
    let message = format!(
        "The code signing configuration cannot be found. Check that the provided configuration is not deleted: {arn}."
    );
    Error::new("CodeSigningConfigNotFoundException", message).with_status(404)
}

/// Fails where code that nobody signed may not be deployed under a configuration.
pub(crate) fn check_unsigned(tx: &impl Read, arn: Option<&String>) -> Result<(), Error> {
    let Some(arn) = arn else { return Ok(()) };
    let parsed = Arn::parse(arn).map_err(|_| config_missing_for_function(arn))?;
    let signing = SIGNING.get(tx, &row(&parsed))?.ok_or_else(|| config_missing_for_function(arn))?;
    if !signing.enforced {
        return Ok(());
    }
    let message = "The code signature failed one or more of the validation checks for signature mismatch or expiry, and \
                   the code signing policy is set to ENFORCE. Lambda blocks the deployment.";
    Err(Error::new("CodeVerificationFailedException", message).with_status(400))
}

/// Notes that a function goes from one configuration to another.
pub(crate) fn change_signing_use(
    tx: &mut weft_store::WriteTx<'_>,
    key: &FunctionKey,
    from: Option<&String>,
    to: Option<&String>,
) -> Result<(), Error> {
    let of = |arn: &String| Arn::parse(arn).ok().map(|arn| row(&arn));
    if let Some((account, region, id)) = from.and_then(of) {
        SIGNING_USES.remove(tx, &(account, region, id, key.name.clone()))?;
    }
    if let Some((account, region, id)) = to.and_then(of) {
        SIGNING_USES.insert(tx, &(account, region, id, key.name.clone()), &Mark {})?;
    }
    Ok(())
}

impl Functions {
    /// Adds a configuration under an ARN that is new.
    pub(crate) async fn create_signing(
        &self,
        arn: Arn,
        signing: Signing,
        once: Once,
    ) -> Result<(Arn, Signing), Error> {
        self.write(move |tx| {
            let find = |tx: &WriteTx<'_>, id: &str| {
                let Ok(arn) = Arn::parse(id) else { return Ok(None) };
                let found = SIGNING.get(tx, &row(&arn))?;
                Ok(found.map(|signing| (arn, signing)))
            };
            once.make(tx, find, |tx| {
                SIGNING.insert(tx, &row(&arn), &signing)?;
                Ok((arn.as_str().to_owned(), (arn.clone(), signing.clone())))
            })
        })
        .await
    }

    /// A configuration, or AWS's error.
    pub(crate) async fn signing(&self, arn: &Arn) -> Result<Signing, Error> {
        let arn = arn.clone();
        self.read(move |tx| SIGNING.get(tx, &row(&arn))?.ok_or_else(|| config_missing(arn.as_str()))).await
    }

    /// The tags of a configuration; none where it is not there.
    pub(crate) async fn signing_tags(&self, arn: &Arn) -> Result<Option<Tags>, Error> {
        let row = row(arn);
        self.read(move |tx| Ok(SIGNING.get(tx, &row)?.map(|signing| signing.tags))).await
    }

    /// Changes a configuration.
    pub(crate) async fn update_signing(
        &self,
        arn: &Arn,
        change: impl Fn(&mut Signing) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<Signing, Error> {
        let arn = arn.clone();
        self.write(move |tx| {
            let found = SIGNING.get(tx, &row(&arn))?;
            let mut signing = found.ok_or_else(|| config_missing(arn.as_str()))?;
            change(&mut signing)?;
            SIGNING.insert(tx, &row(&arn), &signing)?;
            Ok(signing)
        })
        .await
    }

    /// Removes a configuration that no function has.
    pub(crate) async fn remove_signing(&self, arn: &Arn) -> Result<(), Error> {
        let arn = arn.clone();
        self.write(move |tx| {
            let row = row(&arn);
            SIGNING.get(tx, &row)?.ok_or_else(|| config_missing(arn.as_str()))?;
            if SIGNING_USES.query(&row).limit(1).rows(tx)?.is_empty() {
                return Ok(SIGNING.remove(tx, &row)?);
            }
            let message = format!("The code signing configuration {arn} is in use by functions.");
            Err(Error::new("ResourceConflictException", message).with_status(409))
        })
        .await
    }

    /// At most `limit` configurations of an account by id, and whether there are more.
    pub(crate) async fn list_signings(
        &self,
        scope: &Scope,
        after: Option<String>,
        limit: usize,
    ) -> Result<(Vec<(Arn, Signing)>, bool), Error> {
        let scope = scope.clone();
        self.read(move |tx| {
            let place = (scope.account.as_u64(), scope.region.as_str());
            let after = after.as_deref().unwrap_or_default();
            let query = SIGNING.query(&place).after(&(place.0, place.1, after)).limit(limit + 1);
            let mut rows = query.rows(tx)?;
            let more = rows.len() > limit;
            rows.truncate(limit);
            let arn = |id: &str| scope.arn("lambda", &format!("code-signing-config:{id}"));
            Ok((rows.into_iter().map(|((.., id), signing)| (arn(&id), signing)).collect(), more))
        })
        .await
    }

    /// At most `limit` names of functions that have a configuration, and whether there are more.
    pub(crate) async fn list_signed(
        &self,
        arn: &Arn,
        after: Option<String>,
        limit: usize,
    ) -> Result<(Vec<String>, bool), Error> {
        let arn = arn.clone();
        self.read(move |tx| {
            let (account, region, id) = row(&arn);
            SIGNING.get(tx, &row(&arn))?.ok_or_else(|| config_missing(arn.as_str()))?;
            let after = (account, region.as_str(), id.as_str(), after.as_deref().unwrap_or_default());
            let query = SIGNING_USES.query(&(account, region.as_str(), id.as_str()));
            let rows = query.after(&after).limit(limit + 1).rows(tx)?;
            let mut names: Vec<String> = rows.into_iter().map(|((.., name), _)| name).collect();
            let more = names.len() > limit;
            names.truncate(limit);
            Ok((names, more))
        })
        .await
    }

    /// Gives a function a configuration, or takes the one that it has.
    pub(crate) async fn set_signing(&self, key: &FunctionKey, arn: Option<Arn>) -> Result<(), Error> {
        let function = key.clone();
        self.change_whole(key, move |tx, whole| {
            let new = arn.as_ref().map(|arn| arn.as_str().to_owned());
            if let Some(arn) = &arn {
                SIGNING.get(tx, &row(arn))?.ok_or_else(|| config_missing_for_function(arn.as_str()))?;
            }
            change_signing_use(tx, &function, whole.code_signing.as_ref(), new.as_ref())?;
            whole.code_signing = new;
            Ok(())
        })
        .await
    }

    /// The configuration of a function, where it has one.
    pub(crate) async fn signing_of(&self, key: &FunctionKey) -> Result<Option<String>, Error> {
        let key = key.clone();
        self.read(move |tx| match FUNCTIONS.get(tx, &key.row())? {
            Some(function) => Ok(function.whole.code_signing),
            None => Err(crate::errors::function_not_found(&key.arn())),
        })
        .await
    }
}
