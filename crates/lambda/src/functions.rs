//! Functions in the store.

use std::collections::BTreeMap;

use weft_service::{Error, Scope, request_id};
use weft_store::{Store, WriteTx};
use weft_types::Timestamp;

use crate::code::count_use;
use crate::errors;
use crate::function::{Code, Function};
use crate::name::{FunctionKey, FunctionRef};
use crate::settings::Settings;
use crate::tables::{FUNCTIONS, USAGE, Usage};

/// How a function is updated.
#[derive(Debug)]
pub(crate) struct Update {
    /// The revision that the caller means to change, where it says one.
    pub(crate) revision_id: Option<String>,
    pub(crate) now: Timestamp,
    /// Whether nothing is to be written.
    pub(crate) dry_run: bool,
}

/// The functions of all accounts.
pub(crate) struct Functions {
    store: Store,
    /// Bytes of code that an account may have in a region.
    code_bytes_max: u64,
}

impl Functions {
    pub(crate) fn new(store: Store, code_bytes_max: u64) -> Self {
        Self { store, code_bytes_max }
    }

    /// The function that a request names, or AWS's error.
    pub(crate) async fn find(&self, function: &FunctionRef) -> Result<Function, Error> {
        function.require_latest()?;
        let found = self.get(&function.key).await?;
        found.ok_or_else(|| errors::function_not_found(&function.arn()))
    }

    pub(crate) async fn get(&self, key: &FunctionKey) -> Result<Option<Function>, Error> {
        let row = key.row();
        self.store.read(move |tx| Ok(FUNCTIONS.get(tx, &row)?)).await
    }

    /// Adds a function that is not there.
    pub(crate) async fn create(
        &self,
        key: &FunctionKey,
        settings: Settings,
        code: Code,
        tags: BTreeMap<String, String>,
        now: Timestamp,
    ) -> Result<Function, Error> {
        let function = Function { settings, code, tags, revision_id: request_id(), last_modified: now };
        let (key, written, max) = (key.clone(), function.clone(), self.code_bytes_max);
        self.write(move |tx| {
            if FUNCTIONS.get(tx, &key.row())?.is_some() {
                let message = format!("Function already exist: {}", key.name);
                return Err(Error::new("ResourceConflictException", message).with_status(409));
            }
            change_usage(tx, &key, max, |usage| {
                usage.functions += 1;
                usage.code_bytes += written.code.size;
            })?;
            count_use(tx, &written.code, key.arn().as_str(), None)?;
            Ok(FUNCTIONS.insert(tx, &key.row(), &written)?)
        })
        .await?;
        Ok(function)
    }

    /// Changes a function and gives it a new revision.
    pub(crate) async fn update(
        &self,
        key: &FunctionKey,
        update: Update,
        change: impl Fn(&mut Function) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<Function, Error> {
        let (key, revision_id, max) = (key.clone(), request_id(), self.code_bytes_max);
        self.write(move |tx| {
            let Some(old) = FUNCTIONS.get(tx, &key.row())? else {
                return Err(errors::function_not_found(&key.arn()));
            };
            if update.revision_id.as_ref().is_some_and(|wanted| *wanted != old.revision_id) {
                return Err(errors::revision_mismatch());
            }
            let mut new = old.clone();
            change(&mut new)?;
            new.revision_id.clone_from(&revision_id);
            new.last_modified = update.now;
            if update.dry_run {
                return Ok(new);
            }
            if new.code != old.code {
                let user = key.arn();
                count_use(tx, &old.code, user.as_str(), Some(update.now))?;
                count_use(tx, &new.code, user.as_str(), None)?;
                change_usage(tx, &key, max, |usage| {
                    usage.code_bytes = usage.code_bytes.saturating_sub(old.code.size) + new.code.size;
                })?;
            }
            FUNCTIONS.insert(tx, &key.row(), &new)?;
            Ok(new)
        })
        .await
    }

    /// Changes a function's tags, which makes no new revision.
    pub(crate) async fn change_tags(
        &self,
        function: &FunctionRef,
        change: impl Fn(&mut BTreeMap<String, String>) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<(), Error> {
        let function = function.clone();
        self.write(move |tx| {
            let key = function.key.row();
            let Some(mut found) = FUNCTIONS.get(tx, &key)? else {
                return Err(errors::function_not_found(&function.arn()));
            };
            change(&mut found.tags)?;
            Ok(FUNCTIONS.insert(tx, &key, &found)?)
        })
        .await
    }

    /// Removes a function.
    pub(crate) async fn remove(&self, key: &FunctionKey, now: Timestamp) -> Result<(), Error> {
        let key = key.clone();
        self.write(move |tx| {
            let Some(old) = FUNCTIONS.get(tx, &key.row())? else {
                return Err(errors::function_not_found(&key.arn()));
            };
            change_usage(tx, &key, u64::MAX, |usage| {
                usage.functions = usage.functions.saturating_sub(1);
                usage.code_bytes = usage.code_bytes.saturating_sub(old.code.size);
            })?;
            count_use(tx, &old.code, key.arn().as_str(), Some(now))?;
            Ok(FUNCTIONS.remove(tx, &key.row())?)
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
        let read = self.store.read(move |tx| {
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
        });
        read.await
    }

    /// What an account uses.
    pub(crate) async fn usage(&self, scope: &Scope) -> Result<Usage, Error> {
        let key = (scope.account.as_u64(), scope.region.as_str().to_owned());
        self.store.read(move |tx| Ok(USAGE.get(tx, &key)?.unwrap_or_default())).await
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut WriteTx<'_>) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Result<T, Error> {
        self.store.write(work).await
    }
}

fn change_usage(
    tx: &mut WriteTx<'_>,
    key: &FunctionKey,
    code_bytes_max: u64,
    change: impl FnOnce(&mut Usage),
) -> Result<(), Error> {
    let row = (key.account.as_u64(), key.region.as_str().to_owned());
    let mut usage = USAGE.get(tx, &row)?.unwrap_or_default();
    let before = usage.code_bytes;
    change(&mut usage);
    if usage.code_bytes > code_bytes_max && usage.code_bytes > before {
        return Err(
            Error::new("CodeStorageExceededException", "Code storage limit exceeded.").with_status(400)
        );
    }
    Ok(USAGE.insert(tx, &row, &usage)?)
}
