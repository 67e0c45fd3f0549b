//! Functions in the store.

use weft_model::lambda as model;
use weft_service::{Error, Once, Scope, request_id};
use weft_store::{Read, ReadTx, Store, WriteTx};
use weft_types::Timestamp;

use crate::belongings::drop_of_function;
use crate::code::change_uses;
use crate::function::{Function, Whole};
use crate::name::{FunctionKey, FunctionRef};
use crate::signing::{change_signing_use, check_unsigned};
use crate::tables::{FUNCTIONS, Place, USAGE, Usage, VERSIONS};
use crate::version::VersionId;
use crate::versions::{Found, read_found};
use crate::{errors, versions};

/// How a function is updated.
#[derive(Debug)]
pub(crate) struct Update {
    /// The revision that the caller means to change, where it says one.
    pub(crate) revision_id: Option<String>,
    pub(crate) now: Timestamp,
    /// Whether nothing is to be written.
    pub(crate) dry_run: bool,
    /// Whether a version is to be published of what comes out.
    pub(crate) publish: bool,
}

impl Update {
    /// An update at a time.
    pub(crate) fn at(now: Timestamp) -> Self {
        Self { revision_id: None, now, dry_run: false, publish: false }
    }
}

/// A function after a change.
#[derive(Debug)]
pub(crate) struct Changed {
    pub(crate) function: Function,
    /// The version that was published of it, or the one that is as it is.
    pub(crate) published: Option<(u64, Function)>,
}

impl Changed {
    /// What the request's answer shows: the version where one was published.
    pub(crate) fn describe(&self, key: &FunctionKey) -> model::FunctionConfiguration {
        let function = FunctionRef { key: key.clone(), qualifier: None };
        match &self.published {
            Some((number, version)) => {
                let number = VersionId::Number(*number);
                version.describe(&function.at(number), number)
            }
            None => self.function.describe(&function, VersionId::Latest),
        }
    }
}

/// The functions of all accounts.
pub(crate) struct Functions {
    store: Store,
    /// Bytes of code that an account may have in a region.
    pub(crate) code_bytes_max: u64,
    /// Bytes of the files of a function and its layers.
    unpacked_bytes_max: u64,
}

impl Functions {
    pub(crate) fn new(store: Store, code_bytes_max: u64, unpacked_bytes_max: u64) -> Self {
        Self { store, code_bytes_max, unpacked_bytes_max }
    }

    /// The function that a request names, at the version that it names, or AWS's error.
    pub(crate) async fn find(&self, function: &FunctionRef) -> Result<Found, Error> {
        let found = self.get(function).await?;
        found.ok_or_else(|| errors::function_not_found(&function.arn()))
    }

    /// The function that a reference means, where it is there.
    pub(crate) async fn get(&self, function: &FunctionRef) -> Result<Option<Found>, Error> {
        let function = function.clone();
        self.read(move |tx| Ok(read_found(tx, &function)?)).await
    }

    /// Adds a function that is not there, and a first version of it where `publish` says so.
    pub(crate) async fn create(
        &self,
        key: &FunctionKey,
        function: Function,
        publish: bool,
        once: Once,
    ) -> Result<Changed, Error> {
        let (key, max) = (key.clone(), self.code_bytes_max);
        function.check_size(self.unpacked_bytes_max)?;
        self.write(move |tx| {
            once.make(
                tx,
                |tx, _| read_created(tx, &key, publish),
                |tx| Ok((key.name.clone(), add(tx, &key, function.clone(), publish, max)?)),
            )
        })
        .await
    }

    /// Changes a function and gives it a new revision.
    pub(crate) async fn update(
        &self,
        key: &FunctionKey,
        update: Update,
        change: impl Fn(&mut Function) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<Changed, Error> {
        let (key, revision_id, max) = (key.clone(), request_id(), self.code_bytes_max);
        let unpacked_max = self.unpacked_bytes_max;
        self.write(move |tx| {
            let Some(old) = FUNCTIONS.get(tx, &key.row())? else {
                return Err(errors::function_not_found(&key.arn()));
            };
            if update.revision_id.as_ref().is_some_and(|wanted| *wanted != old.revision_id) {
                return Err(errors::revision_mismatch());
            }
            let mut new = old.clone();
            change(&mut new)?;
            new.check_size(unpacked_max)?;
            if new.code != old.code {
                check_unsigned(tx, old.whole.code_signing.as_ref())?;
            }
            new.stamp(&old, &revision_id, update.now);
            if update.dry_run {
                return Ok(Changed { function: new, published: None });
            }
            change_uses(tx, key.arn().as_str(), Some(&old), Some(&new), update.now)?;
            change_usage(tx, &key.place(), max, |usage| {
                usage.code_bytes = usage.code_bytes.saturating_sub(old.code.size) + new.code.size;
            })?;
            let published = if update.publish {
                Some(versions::publish(tx, &key, &mut new, None, update.now, max)?)
            } else {
                None
            };
            FUNCTIONS.insert(tx, &key.row(), &new)?;
            Ok(Changed { function: new, published })
        })
        .await
    }

    /// Changes what a function has once for all versions, which makes no new revision.
    pub(crate) async fn change_whole<T: Send + 'static>(
        &self,
        key: &FunctionKey,
        change: impl Fn(&mut WriteTx<'_>, &mut Whole) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Result<T, Error> {
        let key = key.clone();
        self.write(move |tx| {
            let Some(mut found) = FUNCTIONS.get(tx, &key.row())? else {
                return Err(errors::function_not_found(&key.arn()));
            };
            let changed = change(tx, &mut found.whole)?;
            FUNCTIONS.insert(tx, &key.row(), &found)?;
            Ok(changed)
        })
        .await
    }

    /// Removes a function with everything that belongs to it; gives the numbers of its versions.
    pub(crate) async fn remove(&self, key: &FunctionKey, now: Timestamp) -> Result<Vec<u64>, Error> {
        let key = key.clone();
        self.write(move |tx| {
            let Some(old) = FUNCTIONS.get(tx, &key.row())? else {
                return Err(errors::function_not_found(&key.arn()));
            };
            change_usage(tx, &key.place(), u64::MAX, |usage| {
                usage.functions = usage.functions.saturating_sub(1);
                usage.code_bytes = usage.code_bytes.saturating_sub(old.code.size);
            })?;
            change_uses(tx, key.arn().as_str(), Some(&old), None, now)?;
            let mut numbers = Vec::new();
            for ((.., number), version) in VERSIONS.query(&key.row()).rows(tx)? {
                versions::drop_version(tx, &key, number, &version, &old.whole, now)?;
                numbers.push(number);
            }
            drop_of_function(tx, &key, &old.whole)?;
            FUNCTIONS.remove(tx, &key.row())?;
            Ok(numbers)
        })
        .await
    }

    /// At most `limit` functions by name, and whether there are more.
    pub(crate) async fn list(
        &self,
        scope: &Scope,
        after: Option<String>,
        limit: usize,
    ) -> Result<(Vec<(FunctionKey, Function)>, bool), Error> {
        let (account, region) = (scope.account, scope.region.clone());
        self.read(move |tx| {
            let place = (account.as_u64(), region.as_str());
            let query = FUNCTIONS.query(&place).limit(limit + 1);
            let query = match &after {
                Some(name) => query.after(&(place.0, place.1, name)),
                None => query,
            };
            let mut rows = query.rows(tx)?;
            let more = rows.len() > limit;
            rows.truncate(limit);
            let key = |name| FunctionKey { account, region: region.clone(), name };
            let functions = rows.into_iter().map(|((_, _, name), function)| (key(name), function));
            Ok((functions.collect(), more))
        })
        .await
    }

    /// What an account uses.
    pub(crate) async fn usage(&self, scope: &Scope) -> Result<Usage, Error> {
        let key = (scope.account.as_u64(), scope.region.as_str().to_owned());
        self.read(move |tx| Ok(USAGE.get(tx, &key)?.unwrap_or_default())).await
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&ReadTx<'_>) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Result<T, Error> {
        self.store.read(work).await
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut WriteTx<'_>) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Result<T, Error> {
        self.store.write(work).await
    }
}

/// Adds a function that is not there.
fn add(
    tx: &mut WriteTx<'_>,
    key: &FunctionKey,
    mut function: Function,
    publish: bool,
    max: u64,
) -> Result<Changed, Error> {
    if FUNCTIONS.get(tx, &key.row())?.is_some() {
        let message = format!("Function already exist: {}", key.name);
        return Err(Error::new("ResourceConflictException", message).with_status(409));
    }
    let now = function.last_modified;
    change_usage(tx, &key.place(), max, |usage| {
        usage.functions += 1;
        usage.code_bytes += function.code.size;
    })?;
    let signing = function.whole.code_signing.as_ref();
    check_unsigned(tx, signing)?;
    change_signing_use(tx, key, None, signing)?;
    change_uses(tx, key.arn().as_str(), None, Some(&function), now)?;
    let published =
        if publish { Some(versions::publish(tx, key, &mut function, None, now, max)?) } else { None };
    FUNCTIONS.insert(tx, &key.row(), &function)?;
    Ok(Changed { function, published })
}

/// A function as its creation answered, where it is there.
fn read_created(tx: &impl Read, key: &FunctionKey, publish: bool) -> Result<Option<Changed>, Error> {
    let Some(function) = FUNCTIONS.get(tx, &key.row())? else { return Ok(None) };
    let number = function.whole.published.filter(|_| publish);
    let version = number.map(|number| VERSIONS.get(tx, &key.version_row(number))).transpose()?.flatten();
    Ok(Some(Changed { function, published: number.zip(version) }))
}

/// Changes what an account uses, within its limit.
pub(crate) fn change_usage(
    tx: &mut WriteTx<'_>,
    place: &Place,
    code_bytes_max: u64,
    change: impl FnOnce(&mut Usage),
) -> Result<(), Error> {
    let mut usage = USAGE.get(tx, place)?.unwrap_or_default();
    let before = usage.code_bytes;
    change(&mut usage);
    if usage.code_bytes > code_bytes_max && usage.code_bytes > before {
        return Err(
            Error::new("CodeStorageExceededException", "Code storage limit exceeded.").with_status(400)
        );
    }
    Ok(USAGE.insert(tx, place, &usage)?)
}
