//! Layers in the store.

use weft_service::{Error, Once, Scope, request_id};
use weft_store::{Read, ReadTx, Store, StoreError, WriteTx};
use weft_types::Timestamp;

use crate::code::{begin_use, end_use};
use crate::errors::{not_found, policy_revision_mismatch};
use crate::functions::change_usage;
use crate::layer::{LayerKey, LayerVersion};
use crate::permission::PolicyRecord;
use crate::tables::{LAYER_VERSIONS, LAYERS};

/// What versions of layers must be good for, where a request says so.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    pub(crate) runtime: Option<String>,
    pub(crate) architecture: Option<String>,
}

impl Wanted {
    fn fits(&self, version: &LayerVersion) -> bool {
        let has =
            |list: &[String], wanted: Option<&String>| wanted.is_none_or(|wanted| list.contains(wanted));
        has(&version.runtimes, self.runtime.as_ref())
            && has(&version.architectures, self.architecture.as_ref())
    }
}

/// The layers of all accounts.
pub(crate) struct Layers {
    store: Store,
    /// Bytes of code that an account may have in a region.
    code_bytes_max: u64,
}

/// AWS's error where there is no such version.
pub(crate) fn missing() -> Error {
    not_found("The resource you requested does not exist.")
}

impl Layers {
    pub(crate) fn new(store: Store, code_bytes_max: u64) -> Self {
        Self { store, code_bytes_max }
    }

    /// Adds a version, and gives it with its number.
    pub(crate) async fn publish(
        &self,
        key: &LayerKey,
        version: LayerVersion,
        once: Once,
    ) -> Result<(u64, LayerVersion), Error> {
        let (key, max) = (key.clone(), self.code_bytes_max);
        self.write(move |tx| {
            let find = |tx: &WriteTx<'_>, id: &str| {
                let Ok(number) = id.parse() else { return Ok(None) };
                let found = LAYER_VERSIONS.get(tx, &key.version_row(number))?;
                Ok(found.map(|version| (number, version)))
            };
            once.make(tx, find, |tx| {
                let number = publish(tx, &key, &version, max)?;
                Ok((number.to_string(), (number, version.clone())))
            })
        })
        .await
    }

    /// A version, where it is there.
    pub(crate) async fn get(&self, key: &LayerKey, number: u64) -> Result<Option<LayerVersion>, Error> {
        let row = key.version_row(number);
        self.read(move |tx| Ok(LAYER_VERSIONS.get(tx, &row)?)).await
    }

    /// Removes a version, if it is there. Functions that have it keep it.
    pub(crate) async fn remove(&self, key: &LayerKey, number: u64, now: Timestamp) -> Result<(), Error> {
        let key = key.clone();
        self.write(move |tx| {
            let row = key.version_row(number);
            let Some(version) = LAYER_VERSIONS.get(tx, &row)? else { return Ok(()) };
            change_usage(tx, &key.place(), u64::MAX, |usage| {
                usage.code_bytes = usage.code_bytes.saturating_sub(version.code.size);
            })?;
            end_use(tx, &version.code.use_name(), key.version_arn(number).as_str(), now)?;
            Ok(LAYER_VERSIONS.remove(tx, &row)?)
        })
        .await
    }

    /// At most `limit` versions of a layer that fit, the newest first, and whether there are more.
    pub(crate) async fn versions(
        &self,
        key: &LayerKey,
        wanted: Wanted,
        before: Option<u64>,
        limit: usize,
    ) -> Result<(Vec<(u64, LayerVersion)>, bool), Error> {
        let key = key.clone();
        self.read(move |tx| {
            let mut versions = newest(tx, &key, &wanted, before, limit + 1)?;
            let more = versions.len() > limit;
            versions.truncate(limit);
            Ok((versions, more))
        })
        .await
    }

    /// At most `limit` layers of an account by name, each at its newest version that fits, and whether there are more.
    pub(crate) async fn list(
        &self,
        scope: &Scope,
        wanted: Wanted,
        after: Option<String>,
        limit: usize,
    ) -> Result<(Vec<(LayerKey, u64, LayerVersion)>, bool), Error> {
        let scope = scope.clone();
        self.read(move |tx| {
            let place = (scope.account.as_u64(), scope.region.as_str());
            let after = after.as_deref().unwrap_or_default();
            let mut found = Vec::new();
            for ((_, _, name), _) in LAYERS.query(&place).after(&(place.0, place.1, after)).rows(tx)? {
                if found.len() > limit {
                    break;
                }
                let key = LayerKey { account: scope.account, region: scope.region.clone(), name };
                let version = newest(tx, &key, &wanted, None, 1)?.pop();
                found.extend(version.map(|(number, version)| (key, number, version)));
            }
            let more = found.len() > limit;
            found.truncate(limit);
            Ok((found, more))
        })
        .await
    }

    /// Changes the policy of a version; gives its new revision.
    pub(crate) async fn change_policy(
        &self,
        key: &LayerKey,
        number: u64,
        revision_id: Option<String>,
        change: impl Fn(&mut WriteTx<'_>, &mut PolicyRecord) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<String, Error> {
        let row = key.version_row(number);
        self.write(move |tx| {
            let mut version = LAYER_VERSIONS.get(tx, &row)?.ok_or_else(missing)?;
            if revision_id.as_ref().is_some_and(|wanted| *wanted != version.revision_id) {
                return Err(policy_revision_mismatch());
            }
            let before = version.policy.clone();
            change(tx, &mut version.policy)?;
            if version.policy == before {
                return Ok(version.revision_id);
            }
            version.revision_id = request_id();
            LAYER_VERSIONS.insert(tx, &row, &version)?;
            Ok(version.revision_id)
        })
        .await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&ReadTx<'_>) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Result<T, Error> {
        self.store.read(work).await
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut WriteTx<'_>) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Result<T, Error> {
        self.store.write(work).await
    }
}

/// At most `limit` versions that fit, the newest first. Reads as many as it looks at, a few at a time.
fn newest(
    tx: &impl Read,
    key: &LayerKey,
    wanted: &Wanted,
    mut before: Option<u64>,
    limit: usize,
) -> Result<Vec<(u64, LayerVersion)>, StoreError> {
    let mut found = Vec::new();
    loop {
        let query = LAYER_VERSIONS.query(&key.row()).backward().limit(limit);
        let rows = match before {
            Some(number) => query.before(&key.version_row(number)).rows(tx)?,
            None => query.rows(tx)?,
        };
        let end = rows.len() < limit;
        before = rows.last().map(|((.., number), _)| *number);
        let fitting = rows.into_iter().filter(|(_, version)| wanted.fits(version));
        found.extend(fitting.map(|((.., number), version)| (number, version)));
        if end || found.len() >= limit {
            found.truncate(limit);
            return Ok(found);
        }
    }
}

/// Adds a version and gives its number.
fn publish(tx: &mut WriteTx<'_>, key: &LayerKey, version: &LayerVersion, max: u64) -> Result<u64, Error> {
    let mut layer = LAYERS.get(tx, &key.row())?.unwrap_or_default();
    layer.last += 1;
    change_usage(tx, &key.place(), max, |usage| usage.code_bytes += version.code.size)?;
    begin_use(tx, &version.code.use_name(), key.version_arn(layer.last).as_str())?;
    LAYERS.insert(tx, &key.row(), &layer)?;
    LAYER_VERSIONS.insert(tx, &key.version_row(layer.last), version)?;
    Ok(layer.last)
}
