//! How many invocations run, and whether one more may: reserved, provisioned and account concurrency, rates, counts.
//!
//! The warm path takes no lock: counters are atomic, and the map of functions is read behind one pointer. Source:
//! <https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html>.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use imbl::HashMap;
use weft_service::FunctionCounts;
use weft_types::{AccountId, Region, Timestamp};

use crate::name::FunctionKey;
use crate::rates::{Burst, Rate};

/// Functions whose counts are kept; beyond it those of idle ones are forgotten.
const FUNCTIONS_MAX: usize = 50_000;

/// What holds for an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Invocations of an account in a region that may run at a time.
    pub(crate) account: u32,
    /// `ReservedConcurrentExecutions` of the function.
    pub(crate) reserved: Option<u32>,
    /// Environments that are kept for the version.
    pub(crate) provisioned: u32,
    /// What other functions of the account have reserved, and versions of functions without a reserve have provisioned.
    pub(crate) withheld: u32,
    /// Requests a second for each environment that the function may have; 0 for no such limit.
    pub(crate) requests_per_environment: u32,
}

/// Why an invocation may not run now: `Reason` of a `TooManyRequestsException`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Throttle {
    /// All of what is reserved for the function is in use.
    Reserved,
    /// All of the account's is in use.
    Account,
    /// The function gets more requests a second than its environments may take.
    Rate,
    /// The function starts environments faster than is allowed.
    Burst,
}

impl Throttle {
    /// As AWS names it.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Reserved => "ReservedFunctionConcurrentInvocationLimitExceeded",
            Self::Account => "ConcurrentInvocationLimitExceeded",
            Self::Rate => "FunctionInvocationRateLimitExceeded",
            Self::Burst => "CallerRateLimitExceeded",
        }
    }
}

/// What was to tell of an event, and could not be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The event itself, on its way to a dead-letter queue or topic.
    DeadLetter,
    /// The record of it, on its way to a destination.
    Record,
}

/// What runs, of all functions.
#[derive(Default)]
pub(crate) struct Loads {
    functions: ArcSwap<HashMap<FunctionKey, Arc<FunctionLoad>>>,
    accounts: ArcSwap<HashMap<(AccountId, Region), Arc<AccountLoad>>>,
    writes: Mutex<()>,
}

/// What runs in an account's region outside of what functions keep for themselves.
#[derive(Debug)]
pub(crate) struct AccountLoad {
    in_flight: AtomicU32,
    withheld: AtomicU32,
    /// As of when `withheld` is known.
    epoch: AtomicU64,
}

impl Default for AccountLoad {
    fn default() -> Self {
        Self { in_flight: AtomicU32::new(0), withheld: AtomicU32::new(0), epoch: AtomicU64::new(u64::MAX) }
    }
}

impl AccountLoad {
    pub(crate) fn withheld(&self) -> u32 {
        self.withheld.load(Ordering::Relaxed)
    }

    pub(crate) fn is_known_at(&self, epoch: u64) -> bool {
        self.epoch.load(Ordering::Acquire) == epoch
    }

    pub(crate) fn know(&self, withheld: u32, epoch: u64) {
        self.withheld.store(withheld, Ordering::Relaxed);
        self.epoch.store(epoch, Ordering::Release);
    }
}

/// What runs of one function, and what ran since the start.
#[derive(Debug, Default)]
pub(crate) struct FunctionLoad {
    in_flight: AtomicU32,
    peak: AtomicU32,
    /// Environments that the function has had at a time: more than these are started.
    environments: AtomicU32,
    invocations: AtomicU64,
    errors: AtomicU64,
    throttles: AtomicU64,
    dead_letter_errors: AtomicU64,
    destination_failures: AtomicU64,
    micros: AtomicU64,
    rate: Rate,
    burst: Mutex<Burst>,
    /// What runs of versions with provisioned concurrency, by version.
    versions: ArcSwap<HashMap<String, Arc<AtomicU32>>>,
}

/// One invocation that runs; its places are given back when it is dropped.
pub(crate) struct Running {
    function: Arc<FunctionLoad>,
    account: Option<Arc<AccountLoad>>,
    version: Option<Arc<AtomicU32>>,
}

impl Loads {
    /// Takes places for an invocation, or says why there is none. A version without provisioned concurrency is `None`.
    pub(crate) fn begin(
        &self,
        key: &FunctionKey,
        version: &str,
        limits: &Limits,
        now: Timestamp,
    ) -> Result<Running, Throttle> {
        let function = self.function(key);
        let begun = self.try_begin(&function, key, version, limits, now);
        if begun.is_err() {
            function.throttles.fetch_add(1, Ordering::Relaxed);
        }
        begun
    }

    fn try_begin(
        &self,
        function: &Arc<FunctionLoad>,
        key: &FunctionKey,
        version: &str,
        limits: &Limits,
        now: Timestamp,
    ) -> Result<Running, Throttle> {
        let most = limits.reserved.unwrap_or(limits.account);
        let mut running = Running { function: Arc::clone(function), account: None, version: None };
        let own = function.in_flight.fetch_add(1, Ordering::AcqRel) + 1;
        // From here on `running` gives back what was taken.
        if limits.reserved.is_some_and(|reserved| own > reserved) {
            return Err(Throttle::Reserved);
        }
        if limits.provisioned > 0 {
            let count = function.version(version);
            running.version = take(&count, limits.provisioned).then_some(count);
        }
        if limits.reserved.is_none() && running.version.is_none() {
            let open = limits.account.saturating_sub(limits.withheld);
            let account = self.account(key);
            if !take(&account.in_flight, open) {
                return Err(Throttle::Account);
            }
            running.account = Some(account);
        }
        let per_second = u64::from(limits.requests_per_environment) * u64::from(most);
        if per_second > 0 && !function.rate.take(per_second, now) {
            return Err(Throttle::Rate);
        }
        function.grow(own, now)?;
        function.peak.fetch_max(own, Ordering::Relaxed);
        Ok(running)
    }

    /// The counts of a function; zeros for one that nobody invoked.
    pub(crate) fn metrics(&self, key: &FunctionKey) -> FunctionCounts {
        self.functions.load().get(key).map(|function| function.metrics()).unwrap_or_default()
    }

    /// Counts something that was to tell of an event of a function's, and was lost.
    pub(crate) fn lost(&self, key: &FunctionKey, what: Lost) {
        let function = self.function(key);
        let count = match what {
            Lost::DeadLetter => &function.dead_letter_errors,
            Lost::Record => &function.destination_failures,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Forgets a function that is gone.
    pub(crate) fn forget(&self, key: &FunctionKey) {
        let _alone = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        self.functions.store(Arc::new(self.functions.load().without(key)));
    }

    fn function(&self, key: &FunctionKey) -> Arc<FunctionLoad> {
        if let Some(known) = self.functions.load().get(key) {
            return Arc::clone(known);
        }
        let _alone = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = HashMap::clone(&self.functions.load());
        if all.len() >= FUNCTIONS_MAX {
            all.retain(|_, function| function.in_flight.load(Ordering::Acquire) > 0);
        }
        let function = Arc::clone(all.entry(key.clone()).or_default());
        self.functions.store(Arc::new(all));
        function
    }

    /// What runs in a function's account and region.
    pub(crate) fn account(&self, key: &FunctionKey) -> Arc<AccountLoad> {
        let place = (key.account, key.region.clone());
        if let Some(known) = self.accounts.load().get(&place) {
            return Arc::clone(known);
        }
        let _alone = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = HashMap::clone(&self.accounts.load());
        let account = Arc::clone(all.entry(place).or_default());
        self.accounts.store(Arc::new(all));
        account
    }
}

impl FunctionLoad {
    /// Starts more environments where more run than there are.
    fn grow(&self, own: u32, now: Timestamp) -> Result<(), Throttle> {
        if own <= self.environments.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut burst = self.burst.lock().unwrap_or_else(PoisonError::into_inner);
        if own <= self.environments.load(Ordering::Acquire) {
            return Ok(());
        }
        if !burst.take(now) {
            return Err(Throttle::Burst);
        }
        self.environments.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    fn version(&self, version: &str) -> Arc<AtomicU32> {
        if let Some(known) = self.versions.load().get(version) {
            return Arc::clone(known);
        }
        let _alone = self.burst.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = HashMap::clone(&self.versions.load());
        let count = Arc::clone(all.entry(version.to_owned()).or_default());
        self.versions.store(Arc::new(all));
        count
    }

    fn metrics(&self) -> FunctionCounts {
        FunctionCounts {
            invocations: self.invocations.load(Ordering::Relaxed),
            errors: self.errors.load(Ordering::Relaxed),
            throttles: self.throttles.load(Ordering::Relaxed),
            dead_letter_errors: self.dead_letter_errors.load(Ordering::Relaxed),
            destination_delivery_failures: self.destination_failures.load(Ordering::Relaxed),
            duration: Duration::from_micros(self.micros.load(Ordering::Relaxed)),
            concurrent: self.in_flight.load(Ordering::Relaxed),
            concurrent_max: self.peak.load(Ordering::Relaxed),
        }
    }
}

impl Running {
    /// Counts how the invocation ended.
    pub(crate) fn ended(&self, failed: bool, took: Duration) {
        let function = &self.function;
        function.invocations.fetch_add(1, Ordering::Relaxed);
        function.errors.fetch_add(u64::from(failed), Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        function.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Counts a request that the workers refused.
    pub(crate) fn throttled(&self) {
        self.function.throttles.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let account = self.account.as_ref().map(|account| &account.in_flight);
        for count in account.into_iter().chain(self.version.as_deref()) {
            count.fetch_sub(1, Ordering::AcqRel);
        }
        self.function.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Takes one of `most` places, where one is free.
fn take(count: &AtomicU32, most: u32) -> bool {
    let took = count.fetch_add(1, Ordering::AcqRel) < most;
    if !took {
        count.fetch_sub(1, Ordering::AcqRel);
    }
    took
}

#[cfg(test)]
#[path = "loads_tests.rs"]
mod tests;
