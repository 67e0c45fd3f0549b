//! Published versions in the store.

use std::collections::BTreeMap;

use weft_service::{Error, Once, Scope};
use weft_store::{Read, StoreError, WriteTx};
use weft_types::Timestamp;

use crate::belongings::drop_of_qualifier;
use crate::code::change_uses;
use crate::errors;
use crate::function::{Function, Whole};
use crate::functions::{Functions, change_usage};
use crate::name::{FunctionKey, FunctionRef};
use crate::tables::{ALIASES, FUNCTIONS, LastNumber, VERSION_NUMBERS, VERSIONS};
use crate::version::{Qualifier, VersionId};

/// A function as a request's qualifier means it.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) version: VersionId,
    /// At that version.
    pub(crate) function: Function,
    /// At `$LATEST`, with what belongs to the function as a whole.
    pub(crate) latest: Function,
}

/// Reads the function that a reference means.
pub(crate) fn read_found(tx: &impl Read, function: &FunctionRef) -> Result<Option<Found>, StoreError> {
    let key = &function.key;
    let Some(latest) = FUNCTIONS.get(tx, &key.row())? else { return Ok(None) };
    let version = match function.target() {
        Qualifier::Version(version) => version,
        Qualifier::Alias(name) => match ALIASES.get(tx, &key.qualified_row(&name))? {
            Some(alias) => alias.version,
            None => return Ok(None),
        },
    };
    let function = match version {
        VersionId::Latest => Some(latest.clone()),
        VersionId::Number(number) => VERSIONS.get(tx, &key.version_row(number))?,
    };
    Ok(function.map(|function| Found { version, function, latest }))
}

/// What `PublishVersion` asks for.
#[derive(Debug, Default)]
pub(crate) struct Publish {
    /// Taken instead of the function's.
    pub(crate) description: Option<String>,
    /// What `$LATEST` must have, where the caller says so.
    pub(crate) code_sha256: Option<String>,
    pub(crate) revision_id: Option<String>,
}

impl Publish {
    /// `$LATEST`, if it is what the caller means.
    fn latest(&self, tx: &impl Read, key: &FunctionKey) -> Result<Function, Error> {
        let Some(latest) = FUNCTIONS.get(tx, &key.row())? else {
            return Err(errors::function_not_found(&key.arn()));
        };
        if self.revision_id.as_ref().is_some_and(|wanted| *wanted != latest.revision_id) {
            return Err(errors::revision_mismatch());
        }
        match &self.code_sha256 {
            Some(sum) if *sum != latest.code.sha256 => Err(errors::invalid_parameter(format!(
                "CodeSHA256 ({sum}) is different from current CodeSHA256 in $LATEST ({}). Please try again with the \
                 CodeSHA256 in $LATEST.",
                latest.code.sha256
            ))),
            _ => Ok(latest),
        }
    }
}

/// Fails where `latest` is published already: a plan whose step were given the version of another one would delete it with either.
fn require_unpublished(tx: &impl Read, key: &FunctionKey, latest: &Function) -> Result<(), Error> {
    let Some(number) = latest.whole.published else { return Ok(()) };
    if VERSIONS.get(tx, &key.version_row(number))?.is_none() {
        return Ok(());
    }
    let message = format!(
        "A version for this Lambda function exists ( {number} ). Modify the function to create a new version."
    );
    Err(Error::new("ResourceConflictException", message).with_status(409))
}

/// Copies `latest` into a version, unless one is like it, and gives its number. Leaves writing `latest` to the caller.
pub(crate) fn publish(
    tx: &mut WriteTx<'_>,
    key: &FunctionKey,
    latest: &mut Function,
    description: Option<&String>,
    now: Timestamp,
    code_bytes_max: u64,
) -> Result<(u64, Function), Error> {
    if let Some(number) = latest.whole.published
        && let Some(same) = VERSIONS.get(tx, &key.version_row(number))?
    {
        return Ok((number, same));
    }
    let number = VERSION_NUMBERS.get(tx, &key.row())?.unwrap_or_default().last + 1;
    let mut version = Function {
        tags: BTreeMap::new(),
        whole: Whole::default(),
        revision_id: weft_service::request_id(),
        run_id: String::new(),
        last_modified: now,
        ..latest.clone()
    };
    if let Some(description) = description {
        version.settings.description.clone_from(description);
    }
    change_usage(tx, &key.place(), code_bytes_max, |usage| usage.code_bytes += version.code.size)?;
    change_uses(tx, key.version_arn(number).as_str(), None, Some(&version), now)?;
    VERSION_NUMBERS.insert(tx, &key.row(), &LastNumber { last: number })?;
    VERSIONS.insert(tx, &key.version_row(number), &version)?;
    latest.whole.published = Some(number);
    Ok((number, version))
}

impl Functions {
    /// Publishes what `$LATEST` is.
    pub(crate) async fn publish(
        &self,
        key: &FunctionKey,
        request: Publish,
        now: Timestamp,
        once: Once,
    ) -> Result<(u64, Function), Error> {
        let (key, max) = (key.clone(), self.code_bytes_max);
        self.write(move |tx| {
            let find = |tx: &WriteTx<'_>, id: &str| {
                let Ok(number) = id.parse() else { return Ok(None) };
                let found = VERSIONS.get(tx, &key.version_row(number))?;
                Ok(found.map(|version| (number, version)))
            };
            once.make(tx, find, |tx| {
                let mut latest = request.latest(tx, &key)?;
                if once.is_step() {
                    require_unpublished(tx, &key, &latest)?;
                }
                let published = publish(tx, &key, &mut latest, request.description.as_ref(), now, max)?;
                FUNCTIONS.insert(tx, &key.row(), &latest)?;
                Ok((published.0.to_string(), published))
            })
        })
        .await
    }

    /// At most `limit` versions, `$LATEST` first, and whether there are more.
    pub(crate) async fn list_versions(
        &self,
        key: &FunctionKey,
        after: Option<VersionId>,
        limit: usize,
    ) -> Result<(Vec<(VersionId, Function)>, bool), Error> {
        let key = key.clone();
        self.read(move |tx| {
            let Some(latest) = FUNCTIONS.get(tx, &key.row())? else {
                return Err(errors::function_not_found(&key.arn()));
            };
            Ok(versions_after(tx, &key, latest, after, limit)?)
        })
        .await
    }

    /// At most `limit` versions of all of an account's functions, by name, and whether there are more.
    pub(crate) async fn list_all_versions(
        &self,
        scope: &Scope,
        after: Option<(String, VersionId)>,
        limit: usize,
    ) -> Result<(Vec<(FunctionKey, VersionId, Function)>, bool), Error> {
        let (account, region) = (scope.account, scope.region.clone());
        self.read(move |tx| {
            let place = (account.as_u64(), region.as_str());
            let query = FUNCTIONS.query(&place).limit(limit + 1);
            let query = match &after {
                Some((name, _)) => query.from(&(place.0, place.1, name)),
                None => query,
            };
            let mut all = Vec::new();
            for ((_, _, name), latest) in query.rows(tx)? {
                if all.len() > limit {
                    break;
                }
                let after = after.as_ref().filter(|(last, _)| *last == name).map(|(_, version)| *version);
                let key = FunctionKey { account, region: region.clone(), name };
                let (versions, _) = versions_after(tx, &key, latest, after, limit)?;
                all.extend(versions.into_iter().map(|(version, function)| (key.clone(), version, function)));
            }
            let more = all.len() > limit;
            all.truncate(limit);
            Ok((all, more))
        })
        .await
    }

    /// Removes a published version that no alias needs.
    pub(crate) async fn remove_version(
        &self,
        key: &FunctionKey,
        number: u64,
        now: Timestamp,
    ) -> Result<(), Error> {
        let key = key.clone();
        self.write(move |tx| {
            let Some(version) = VERSIONS.get(tx, &key.version_row(number))? else {
                return Err(errors::function_not_found(&key.version_arn(number)));
            };
            let users = aliases_of(tx, &key, number)?;
            if !users.is_empty() {
                let message = format!(
                    "Unable to delete version because the following aliases reference it: [{}]",
                    users.join(", ")
                );
                return Err(Error::new("ResourceConflictException", message).with_status(409));
            }
            let latest = FUNCTIONS.get(tx, &key.row())?;
            let whole = latest.map(|latest| latest.whole).unwrap_or_default();
            drop_version(tx, &key, number, &version, &whole, now)
        })
        .await
    }
}

/// Versions in the order in which they are listed.
pub(crate) fn versions_after(
    tx: &impl Read,
    key: &FunctionKey,
    latest: Function,
    after: Option<VersionId>,
    limit: usize,
) -> Result<(Vec<(VersionId, Function)>, bool), StoreError> {
    let from = match after {
        Some(VersionId::Number(number)) => number,
        Some(VersionId::Latest) | None => 0,
    };
    let rows = VERSIONS.query(&key.row()).after(&key.version_row(from)).limit(limit + 1).rows(tx)?;
    let first = after.is_none().then_some((VersionId::Latest, latest));
    let numbers = rows.into_iter().map(|((.., number), function)| (VersionId::Number(number), function));
    let mut versions: Vec<_> = first.into_iter().chain(numbers).collect();
    let more = versions.len() > limit;
    versions.truncate(limit);
    Ok((versions, more))
}

fn aliases_of(tx: &impl Read, key: &FunctionKey, number: u64) -> Result<Vec<String>, StoreError> {
    let rows = ALIASES.query(&key.row()).rows(tx)?;
    let version = VersionId::Number(number);
    let users = rows.into_iter().filter(|(_, alias)| alias.versions().any(|used| used == version));
    Ok(users.map(|((.., name), _)| name).collect())
}

/// Removes a version with what belongs to it.
pub(crate) fn drop_version(
    tx: &mut WriteTx<'_>,
    key: &FunctionKey,
    number: u64,
    version: &Function,
    whole: &Whole,
    now: Timestamp,
) -> Result<(), Error> {
    change_usage(tx, &key.place(), u64::MAX, |usage| {
        usage.code_bytes = usage.code_bytes.saturating_sub(version.code.size);
    })?;
    change_uses(tx, key.version_arn(number).as_str(), Some(version), None, now)?;
    drop_of_qualifier(tx, key, &number.to_string(), whole)?;
    Ok(VERSIONS.remove(tx, &key.version_row(number))?)
}
