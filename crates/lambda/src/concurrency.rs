//! How much of an account's concurrency functions keep for themselves.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use weft_model::lambda as model;
use weft_service::Error;
use weft_service::workload::WorkerStatus;
use weft_store::{Read, StoreError, WriteTx};
use weft_types::{AccountId, Region, Timestamp};

use crate::errors::{self, invalid_parameter, not_found};
use crate::function::Whole;
use crate::functions::{Functions, change_usage};
use crate::name::{FunctionKey, FunctionRef};
use crate::tables::{ALIASES, FUNCTIONS, PROVISIONED, USAGE};
use crate::version::{Qualifier, VersionId};
use crate::versions::read_found;
use crate::{Lambda, workload};

/// What always stays for functions that keep nothing.
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html>.
const UNRESERVED_MIN: u32 = 100;

/// The record of a provisioned concurrency configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Provisioned {
    /// Workers that are kept; at least 1.
    pub(crate) requested: u32,
    pub(crate) last_modified: Timestamp,
}

/// A provisioned concurrency configuration with what it is for.
pub(crate) type ProvisionedOf = (FunctionRef, VersionId, Provisioned);

impl Lambda {
    /// What `ListProvisionedConcurrencyConfigs` shows of one: how many workers there are by now.
    pub(crate) fn show_provisioned(
        &self,
        (function, version, config): &ProvisionedOf,
    ) -> model::ProvisionedConcurrencyConfigListItem {
        let workload = workload(&function.key, *version, &self.placements.get(&function.key));
        let ready = |worker: &WorkerStatus| {
            worker.workload == workload && matches!(worker.state, "ready" | "busy" | "frozen")
        };
        let all = self.workers.status();
        let count = u32::try_from(all.iter().filter(|worker| ready(worker)).count()).unwrap_or(u32::MAX);
        let allocated = count.min(config.requested);
        let status = if allocated == config.requested { "READY" } else { "IN_PROGRESS" };
        let number = |n: u32| i32::try_from(n).ok();
        model::ProvisionedConcurrencyConfigListItem {
            function_arn: Some(function.arn().into()),
            requested_provisioned_concurrent_executions: number(config.requested),
            available_provisioned_concurrent_executions: number(allocated),
            allocated_provisioned_concurrent_executions: number(allocated),
            status: Some(status.to_owned()),
            status_reason: None,
            last_modified: Some(config.last_modified.format("%Y-%m-%dT%H:%M:%S+0000")),
        }
    }
}

impl Functions {
    /// Sets or removes a function's reserved concurrency, out of the account's `account_max`.
    pub(crate) async fn reserve(
        &self,
        key: &FunctionKey,
        reserved: Option<u32>,
        account_max: u32,
    ) -> Result<(), Error> {
        let row = key.clone();
        self.change_whole(key, move |tx, whole| {
            let provisioned = provisioned_sum(tx, &row)?;
            if reserved.is_some_and(|reserved| reserved < provisioned) {
                return Err(invalid_parameter(format!(
                    "ReservedConcurrentExecutions  {} should not be lower than function's total provisioned concurrency \
                     [{provisioned}].",
                    reserved.unwrap_or_default()
                )));
            }
            let before = held(whole, provisioned);
            whole.reserved_concurrency = reserved;
            hold(tx, &row, before, held(whole, provisioned), account_max, "ReservedConcurrentExecutions for function")
        })
        .await
    }

    /// A function's reserved concurrency; an error where there is no such function.
    pub(crate) async fn reserved(&self, key: &FunctionKey) -> Result<Option<u32>, Error> {
        let key = key.clone();
        self.read(move |tx| match FUNCTIONS.get(tx, &key.row())? {
            Some(function) => Ok(function.whole.reserved_concurrency),
            None => Err(errors::function_not_found(&key.arn())),
        })
        .await
    }

    /// Sets the provisioned concurrency of a version or an alias, out of the account's `account_max`.
    pub(crate) async fn provision(
        &self,
        function: &FunctionRef,
        new: Provisioned,
        account_max: u32,
    ) -> Result<ProvisionedOf, Error> {
        let function = function.clone();
        self.write(move |tx| {
            let found = read_found(tx, &function)?.ok_or_else(|| qualifier_not_found(&function))?;
            refuse_doubled(tx, &function, found.version)?;
            let key = &function.key;
            let row = key.qualified_row(function.qualifier.as_deref().unwrap_or_default());
            let old = PROVISIONED.get(tx, &row)?.map_or(0, |old| old.requested);
            let before = provisioned_sum(tx, key)?;
            let after = (before - old).saturating_add(new.requested);
            let whole = &found.latest.whole;
            if whole.reserved_concurrency.is_some_and(|reserved| after > reserved) {
                return Err(invalid_parameter(
                    "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for \
                     function",
                ));
            }
            let (from, to) = (held(whole, before), held(whole, after));
            hold(tx, key, from, to, account_max, "ConcurrentExecutions for function")?;
            PROVISIONED.insert(tx, &row, &new)?;
            Ok((function.clone(), found.version, new))
        })
        .await
    }

    /// The provisioned concurrency of a version or an alias, which must be there.
    pub(crate) async fn provisioned(&self, function: &FunctionRef) -> Result<Option<ProvisionedOf>, Error> {
        let function = function.clone();
        self.read(move |tx| {
            let found = read_found(tx, &function)?.ok_or_else(|| qualifier_not_found(&function))?;
            let row = function.key.qualified_row(function.qualifier.as_deref().unwrap_or_default());
            let provisioned = PROVISIONED.get(tx, &row)?;
            Ok(provisioned.map(|provisioned| (function.clone(), found.version, provisioned)))
        })
        .await
    }

    /// The workers that are kept for a version, by itself and through aliases. An alias that shares requests between two
    /// versions shares its workers alike.
    pub(crate) async fn provisioned_at(&self, key: &FunctionKey, version: VersionId) -> Result<u32, Error> {
        let VersionId::Number(number) = version else { return Ok(0) };
        let key = key.clone();
        self.read(move |tx| {
            let mut sum: u32 = 0;
            for (row, provisioned) in PROVISIONED.query(&key.row()).rows(tx)? {
                let own = row.3 == number.to_string();
                let share = match ALIASES.get(tx, &row)? {
                    _ if own => provisioned.requested,
                    Some(alias) => alias.share(version, provisioned.requested),
                    None => 0,
                };
                sum = sum.saturating_add(share);
            }
            Ok(sum)
        })
        .await
    }

    /// The versions of a function for which workers are kept, with how many.
    pub(crate) async fn provisioned_versions(&self, key: &FunctionKey) -> Result<BTreeSet<VersionId>, Error> {
        let key = key.clone();
        self.read(move |tx| {
            let mut versions = BTreeSet::new();
            for (row, _) in PROVISIONED.query(&key.row()).rows(tx)? {
                match (VersionId::parse(&row.3), ALIASES.get(tx, &row)?) {
                    (Some(version), _) => drop(versions.insert(version)),
                    (None, Some(alias)) => versions.extend(alias.versions()),
                    (None, None) => {}
                }
            }
            Ok(versions)
        })
        .await
    }

    /// The functions of all accounts that have versions for which workers are kept.
    pub(crate) async fn provisioned_functions(&self) -> Result<BTreeSet<FunctionKey>, Error> {
        self.read(|tx| {
            let rows = PROVISIONED.query(&()).rows(tx)?;
            let key = |(account, region, name, _): crate::tables::QualifiedKey| {
                let account = AccountId::parse(&format!("{account:012}")).ok()?;
                Some(FunctionKey { account, region: Region::parse(&region).ok()?, name })
            };
            Ok(rows.into_iter().filter_map(|(row, _)| key(row)).collect())
        })
        .await
    }

    /// Removes the provisioned concurrency of a version or an alias, if it has one.
    pub(crate) async fn unprovision(&self, function: &FunctionRef) -> Result<(), Error> {
        let function = function.clone();
        self.write(move |tx| {
            let found = read_found(tx, &function)?.ok_or_else(|| qualifier_not_found(&function))?;
            let qualifier = function.qualifier.as_deref().unwrap_or_default();
            drop_provisioned(tx, &function.key, qualifier, &found.latest.whole)
        })
        .await
    }

    /// At most `limit` provisioned concurrency configurations of a function by qualifier, and whether there are more.
    pub(crate) async fn list_provisioned(
        &self,
        key: &FunctionKey,
        after: Option<String>,
        limit: usize,
    ) -> Result<(Vec<ProvisionedOf>, bool), Error> {
        let key = key.clone();
        self.read(move |tx| {
            crate::aliases::require_function(tx, &key)?;
            let after = after.as_deref().unwrap_or_default();
            let query = PROVISIONED.query(&key.row()).after(&key.qualified_row(after)).limit(limit + 1);
            let mut all = Vec::new();
            for ((.., qualifier), provisioned) in query.rows(tx)? {
                let function = FunctionRef { key: key.clone(), qualifier: Some(qualifier) };
                if let Some(found) = read_found(tx, &function)? {
                    all.push((function, found.version, provisioned));
                }
            }
            let more = all.len() > limit;
            all.truncate(limit);
            Ok((all, more))
        })
        .await
    }
}

/// What a function keeps of its account's concurrency.
fn held(whole: &Whole, provisioned: u32) -> u32 {
    whole.reserved_concurrency.unwrap_or(provisioned)
}

fn provisioned_sum(tx: &impl Read, key: &FunctionKey) -> Result<u32, StoreError> {
    let rows = PROVISIONED.query(&key.row()).rows(tx)?;
    Ok(rows.iter().map(|(_, provisioned)| provisioned.requested).sum())
}

/// Takes what a function keeps from its account, or gives it back.
fn hold(
    tx: &mut WriteTx<'_>,
    key: &FunctionKey,
    from: u32,
    to: u32,
    account_max: u32,
    what: &str,
) -> Result<(), Error> {
    let row = (key.account.as_u64(), key.region.as_str().to_owned());
    let of_others =
        USAGE.get(tx, &row)?.unwrap_or_default().reserved_concurrency.saturating_sub(u64::from(from));
    let new = of_others + u64::from(to);
    if to > from && new + u64::from(UNRESERVED_MIN) > u64::from(account_max) {
        return Err(invalid_parameter(format!(
            "Specified {what} decreases account's UnreservedConcurrentExecution below its minimum value of \
             [{UNRESERVED_MIN}]."
        )));
    }
    change_usage(tx, &key.place(), u64::MAX, |usage| usage.reserved_concurrency = new)
}

/// Removes a provisioned concurrency configuration, if it is there.
pub(crate) fn drop_provisioned(
    tx: &mut WriteTx<'_>,
    key: &FunctionKey,
    qualifier: &str,
    whole: &Whole,
) -> Result<(), Error> {
    let row = key.qualified_row(qualifier);
    let Some(old) = PROVISIONED.get(tx, &row)? else { return Ok(()) };
    let before = provisioned_sum(tx, key)?;
    hold(tx, key, held(whole, before), held(whole, before - old.requested), u32::MAX, "")?;
    Ok(PROVISIONED.remove(tx, &row)?)
}

/// Gives back all that a function keeps, when it goes.
pub(crate) fn release(tx: &mut WriteTx<'_>, key: &FunctionKey, whole: &Whole) -> Result<(), Error> {
    let rows = PROVISIONED.query(&key.row()).rows(tx)?;
    let sum = rows.iter().map(|(_, provisioned)| provisioned.requested).sum();
    for (row, _) in rows {
        PROVISIONED.remove(tx, &row)?;
    }
    hold(tx, key, held(whole, sum), 0, u32::MAX, "")
}

/// A version is provisioned by itself or through an alias, not both.
fn refuse_doubled(tx: &impl Read, function: &FunctionRef, version: VersionId) -> Result<(), Error> {
    let conflict = |message: &str| Err(Error::new("ResourceConflictException", message).with_status(409));
    let key = &function.key;
    let VersionId::Number(number) = version else {
        return Err(invalid_parameter(
            "Provisioned Concurrency Configs cannot be applied to unpublished function versions.",
        ));
    };
    if let Qualifier::Alias(_) = function.target() {
        return match PROVISIONED.get(tx, &key.qualified_row(&number.to_string()))? {
            Some(_) => conflict(
                "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
            ),
            None => Ok(()),
        };
    }
    for ((.., name), alias) in ALIASES.query(&key.row()).rows(tx)? {
        if alias.version == version && PROVISIONED.get(tx, &key.qualified_row(&name))?.is_some() {
            return conflict("Version is pointed by a Provisioned Concurrency alias");
        }
    }
    Ok(())
}

fn qualifier_not_found(function: &FunctionRef) -> Error {
    match function.target() {
        Qualifier::Alias(_) => not_found(format!("Cannot find alias arn: {}", function.arn())),
        Qualifier::Version(_) => errors::function_not_found(&function.arn()),
    }
}
