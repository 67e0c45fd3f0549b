//! Event source mappings in the store.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use weft_model::lambda as model;
use weft_service::{Error, Once, Scope};
use weft_store::{Record, Store, Table, WriteTx};
use weft_types::{AccountId, Arn, Region, Timestamp};

use crate::errors::not_found;
use crate::mappings::settings::{Kind, MappingSettings};
use crate::name::{FunctionKey, FunctionRef};

/// Account, region, UUID.
type MappingKey = (u64, String, String);

const MAPPINGS: Table<MappingKey, Mapping> = Table::new("event-source-mappings");
/// The mapping of a source and a function: account, region, the source's ARN, the function's.
const PAIRS: Table<(u64, String, String, String), Pair> = Table::new("event-source-mapping-pairs");
/// How far a stream's part was read: UUID, part.
const PLACES: Table<(String, String), ReadUpTo> = Table::new("event-source-mapping-places");

/// Mappings that one look at a list reads.
const PAGE: usize = 500;

/// A mapping's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mapping {
    pub(crate) uuid: String,
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    /// The function's name.
    pub(crate) name: String,
    pub(crate) qualifier: Option<String>,
    pub(crate) source: Arn,
    pub(crate) settings: MappingSettings,
    pub(crate) state: State,
    pub(crate) last_modified: Timestamp,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
}

/// Where a mapping is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum State {
    Creating,
    Enabling,
    Enabled,
    Updating,
    Disabling,
    Disabled,
    Deleting,
}

impl State {
    /// What it becomes once the poller has seen it; none where it stays.
    pub(crate) fn settled(self) -> Option<Self> {
        match self {
            Self::Creating | Self::Enabling | Self::Updating => Some(Self::Enabled),
            Self::Disabling => Some(Self::Disabled),
            Self::Enabled | Self::Disabled | Self::Deleting => None,
        }
    }

    fn is_on(self) -> bool {
        !matches!(self, Self::Disabling | Self::Disabled | Self::Deleting)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pair {
    uuid: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReadUpTo {
    after: String,
}

impl Record for Mapping {}
impl Record for Pair {}
impl Record for ReadUpTo {}

impl Mapping {
    pub(crate) fn function(&self) -> FunctionRef {
        let key = FunctionKey { account: self.account, region: self.region.clone(), name: self.name.clone() };
        FunctionRef { key, qualifier: self.qualifier.clone() }
    }

    pub(crate) fn arn(&self) -> Arn {
        arn(self.account, &self.region, &self.uuid)
    }

    /// Whether it is read as another is: tags change nothing of that.
    pub(crate) fn is_read_as(&self, other: &Self) -> bool {
        *self == Self { tags: self.tags.clone(), ..other.clone() }
    }

    fn row(&self) -> MappingKey {
        (self.account.as_u64(), self.region.as_str().to_owned(), self.uuid.clone())
    }

    fn pair(&self) -> (u64, String, String, String) {
        let (source, function) = (self.source.as_str().to_owned(), self.function().arn().to_string());
        (self.account.as_u64(), self.region.as_str().to_owned(), source, function)
    }

    /// What `GetEventSourceMapping` shows.
    pub(crate) fn describe(&self, last_result: Option<&str>) -> model::EventSourceMappingConfiguration {
        let MappingSettings { kind, filters, .. } = &self.settings;
        let number = |n: u32| i32::try_from(n).ok();
        let of_stream = |n: Option<u32>| kind.is_stream().then(|| n.and_then(number).unwrap_or(-1));
        let filter = |pattern: &String| model::Filter { pattern: Some(pattern.clone()) };
        model::EventSourceMappingConfiguration {
            uuid: Some(self.uuid.clone()),
            batch_size: number(self.settings.batch_size),
            maximum_batching_window_in_seconds: number(self.settings.window_seconds),
            event_source_arn: Some(self.source.to_string()),
            filter_criteria: (!filters.is_empty())
                .then(|| model::FilterCriteria { filters: Some(filters.iter().map(filter).collect()) }),
            function_arn: Some(self.function().arn().into()),
            last_modified: Some(self.last_modified),
            last_processing_result: last_result.map(str::to_owned),
            state: Some(format!("{:?}", self.state)),
            state_transition_reason: Some("USER_INITIATED".to_owned()),
            maximum_record_age_in_seconds: of_stream(self.settings.age_seconds),
            bisect_batch_on_function_error: kind.is_stream().then_some(self.settings.bisects),
            maximum_retry_attempts: of_stream(self.settings.retries),
            parallelization_factor: kind.is_stream().then(|| number(self.settings.factor)).flatten(),
            tumbling_window_in_seconds: kind
                .is_stream()
                .then(|| number(self.settings.tumbling_seconds))
                .flatten(),
            starting_position: self.settings.starting_position.clone(),
            starting_position_timestamp: self.settings.starting_time,
            function_response_types: Some(if self.settings.reports_failures {
                vec!["ReportBatchItemFailures".to_owned()]
            } else {
                Vec::new()
            }),
            scaling_config: self
                .settings
                .concurrency_max
                .map(|max| model::ScalingConfig { maximum_concurrency: number(max) }),
            event_source_mapping_arn: Some(self.arn().into()),
            ..Default::default()
        }
    }
}

/// A mapping's ARN.
pub(crate) fn arn(account: AccountId, region: &Region, uuid: &str) -> Arn {
    Arn::of("lambda", region.as_str(), &account.to_string(), &format!("event-source-mapping:{uuid}"))
}

/// No such mapping.
pub(crate) fn missing() -> Error {
    not_found("The resource you requested does not exist.")
}

/// The mappings of all accounts.
pub(crate) struct Mappings {
    store: Store,
}

impl Mappings {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    /// Adds a mapping, unless its source and its function have one.
    pub(crate) async fn create(&self, new: Mapping, once: Once) -> Result<Mapping, Error> {
        self.store
            .write(move |tx| {
                let (account, region, _) = new.row();
                let find =
                    |tx: &WriteTx<'_>, id: &str| Ok(MAPPINGS.get(tx, &(account, region.as_str(), id))?);
                once.make(tx, find, |tx| add(tx, &new).map(|()| (new.uuid.clone(), new.clone())))
            })
            .await
    }

    /// A mapping of an account and region, or AWS's error.
    pub(crate) async fn get(&self, scope: &Scope, uuid: &str) -> Result<Mapping, Error> {
        let row = (scope.account.as_u64(), scope.region.as_str().to_owned(), uuid.to_owned());
        self.store.read(move |tx| MAPPINGS.get(tx, &row)?.ok_or_else(missing)).await
    }

    /// Changes a mapping. One that is being deleted cannot be changed.
    pub(crate) async fn update(
        &self,
        scope: &Scope,
        uuid: &str,
        change: impl Fn(&mut Mapping) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<Mapping, Error> {
        let row = (scope.account.as_u64(), scope.region.as_str().to_owned(), uuid.to_owned());
        self.store
            .write(move |tx| {
                let old = MAPPINGS.get(tx, &row)?.ok_or_else(missing)?;
                if old.state == State::Deleting {
                    let message =
                        "Cannot update the event source mapping because it is not in a valid state.";
                    return Err(Error::new("ResourceInUseException", message).with_status(400));
                }
                let mut new = old.clone();
                change(&mut new)?;
                if new.pair() != old.pair() {
                    PAIRS.remove(tx, &old.pair())?;
                    PAIRS.insert(tx, &new.pair(), &Pair { uuid: new.uuid.clone() })?;
                }
                MAPPINGS.insert(tx, &row, &new)?;
                Ok(new)
            })
            .await
    }

    /// Moves a mapping on, if it is still as it was seen; gives it as it is then.
    pub(crate) async fn settle(&self, seen: &Mapping, to: State) -> Result<Option<Mapping>, Error> {
        let seen = seen.clone();
        self.store
            .write(move |tx| match MAPPINGS.get(tx, &seen.row())? {
                Some(now) if now == seen => {
                    let settled = Mapping { state: to, ..now };
                    MAPPINGS.insert(tx, &seen.row(), &settled)?;
                    Ok(Some(settled))
                }
                _ => Ok::<_, Error>(None),
            })
            .await
    }

    /// Removes a mapping with how far it was read.
    pub(crate) async fn remove(&self, mapping: &Mapping) -> Result<(), Error> {
        let gone = mapping.clone();
        self.store
            .write(move |tx| {
                for (row, _) in PLACES.query(&(gone.uuid.as_str(),)).rows(tx)? {
                    PLACES.remove(tx, &row)?;
                }
                PAIRS.remove(tx, &gone.pair())?;
                Ok::<_, Error>(MAPPINGS.remove(tx, &gone.row())?)
            })
            .await
    }

    /// At most `limit` mappings of an account and region that `wanted` takes, and whether there may be more.
    pub(crate) async fn list(
        &self,
        scope: &Scope,
        mut after: Option<String>,
        limit: usize,
        wanted: impl Fn(&Mapping) -> bool,
    ) -> Result<(Vec<Mapping>, bool), Error> {
        let (account, region) = (scope.account.as_u64(), scope.region.as_str().to_owned());
        let mut found = Vec::new();
        loop {
            let (from, place) =
                ((account, region.clone(), after.clone().unwrap_or_default()), (account, region.clone()));
            let rows = self
                .store
                .read(move |tx| Ok::<_, Error>(MAPPINGS.query(&place).after(&from).limit(PAGE).rows(tx)?));
            let rows = rows.await?;
            let last = rows.len() < PAGE;
            after = rows.last().map(|((.., uuid), _)| uuid.clone());
            found.extend(rows.into_iter().map(|(_, mapping)| mapping).filter(&wanted));
            if last || found.len() > limit {
                let more = found.len() > limit;
                found.truncate(limit);
                return Ok((found, more));
            }
        }
    }

    /// All mappings.
    pub(crate) async fn all(&self) -> Result<Vec<Mapping>, Error> {
        let rows = self.store.read(|tx| Ok::<_, Error>(MAPPINGS.query(&()).rows(tx)?)).await?;
        Ok(rows.into_iter().map(|(_, mapping)| mapping).collect())
    }

    /// How far a mapping's parts were read.
    pub(crate) async fn places(&self, uuid: &str) -> Result<HashMap<String, String>, Error> {
        let key = uuid.to_owned();
        let rows =
            self.store.read(move |tx| Ok::<_, Error>(PLACES.query(&(key.as_str(),)).rows(tx)?)).await?;
        Ok(rows.into_iter().map(|((_, shard), ReadUpTo { after })| (shard, after)).collect())
    }

    /// Forgets how far parts were read that are there no more.
    pub(crate) async fn keep_places(&self, uuid: &str, kept: HashSet<String>) -> Result<(), Error> {
        let key = uuid.to_owned();
        if self.places(uuid).await?.keys().all(|shard| kept.contains(shard)) {
            return Ok(());
        }
        self.store
            .write(move |tx| {
                for (row, _) in PLACES.query(&(key.as_str(),)).rows(tx)? {
                    if !kept.contains(&row.1) {
                        PLACES.remove(tx, &row)?;
                    }
                }
                Ok::<_, Error>(())
            })
            .await
    }

    /// Remembers how far a part was read.
    pub(crate) async fn read_up_to(&self, uuid: &str, shard: &str, after: &str) -> Result<(), Error> {
        let (row, record) = ((uuid.to_owned(), shard.to_owned()), ReadUpTo { after: after.to_owned() });
        self.store.write(move |tx| Ok::<_, Error>(PLACES.insert(tx, &row, &record)?)).await
    }
}

/// Adds a mapping of a source and a function that have none.
fn add(tx: &mut WriteTx<'_>, new: &Mapping) -> Result<(), Error> {
    if let Some(Pair { uuid }) = PAIRS.get(tx, &new.pair())? {
        let what = match new.settings.kind {
            Kind::Queue | Kind::FifoQueue => "SQS",
            Kind::Kinesis => "kinesis",
            Kind::Dynamo => "dynamodb",
        };
        let message = format!(
            "An event source mapping with {what} arn (\" {} \") and function (\" {} \") already exists. Please update or \
             delete the existing mapping with UUID {uuid}",
            new.source, new.name
        );
        return Err(Error::new("ResourceConflictException", message).with_status(409));
    }
    PAIRS.insert(tx, &new.pair(), &Pair { uuid: new.uuid.clone() })?;
    Ok(MAPPINGS.insert(tx, &new.row(), new)?)
}

/// The state after a request that may turn a mapping on or off.
pub(crate) fn turned(state: State, enabled: Option<bool>) -> State {
    match (state.is_on(), enabled) {
        (true, Some(false)) => State::Disabling,
        (false, Some(true)) => State::Enabling,
        (true, _) => State::Updating,
        (false, _) => state,
    }
}
