//! A Logs service with fakes around it.

use std::sync::Arc;
use std::time::Duration;

use weft_model::{Shape, logs as model};
use weft_policy::{NamedPolicy, Policy};
use weft_service::testing::{self, Client};
pub(crate) use weft_service::testing::{START, refusal};
use weft_service::workload::LogPlace;
use weft_service::{
    BoxFuture, Clock, Credential, CredentialError, Dispatch, DispatchOptions, Error, Holdings, Identities,
    ManualClock, Principal, Registry,
};
use weft_store::{Memory, Store};
use weft_types::{AccountId, Region, Timestamp};
use weft_wire::ServiceFault;

use super::functions::FakeFunctions;
use crate::tables::GroupKey;
use crate::{Logs, LogsOptions};

/// All of it.
pub(crate) struct World {
    pub(crate) client: Client,
    /// Signs well and may do nothing.
    pub(crate) stranger: Client,
    pub(crate) logs: Arc<Logs>,
    pub(crate) functions: Arc<FakeFunctions>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Store,
    pub(crate) memory: Memory,
}

impl World {
    pub(crate) fn new() -> Self {
        let memory = Memory::new();
        Self::open(Store::memory(&memory).unwrap(), memory)
    }

    pub(crate) fn open(store: Store, memory: Memory) -> Self {
        let options = LogsOptions { tail_every: Duration::from_millis(5), ..LogsOptions::default() };
        Self::with(store, memory, options)
    }

    pub(crate) fn with(store: Store, memory: Memory, options: LogsOptions) -> Self {
        let clock = testing::clock();
        let for_logs = Arc::clone(&clock) as Arc<dyn Clock>;
        let logs = Arc::new(Logs::new(store.clone(), for_logs, options));
        let functions = Arc::new(FakeFunctions::default());
        let mut registry = Registry::default();
        registry.add(logs.register());
        registry.add(functions.register());
        let [client, stranger] = testing::clients(registry, &clock);
        logs.connect(&client.dispatch);
        Self { client, stranger, logs, functions, clock, store, memory }
    }

    /// Somebody who may do what this policy says, and nothing else.
    pub(crate) fn limited(&self, policy: &str) -> Client {
        let mut registry = Registry::default();
        registry.add(self.logs.register());
        let user = Limited(Policy::parse(policy).unwrap().into());
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let dispatch = Dispatch::new(registry, Arc::new(user), clock, DispatchOptions::default());
        Client::new(&dispatch, "limited", SECRET)
    }

    pub(crate) async fn call<I: Shape, O: Shape>(
        &self,
        operation: &str,
        input: I,
    ) -> Result<O, ServiceFault> {
        self.client.call(&model::SERVICE, operation, input).await
    }

    pub(crate) async fn create_group(&self, name: &str) -> Result<(), ServiceFault> {
        let input = model::CreateLogGroupRequest { log_group_name: name.to_owned(), ..Default::default() };
        self.call("CreateLogGroup", input).await
    }

    pub(crate) async fn create_stream(&self, group: &str, name: &str) -> Result<(), ServiceFault> {
        let input = model::CreateLogStreamRequest {
            log_group_name: group.to_owned(),
            log_stream_name: name.to_owned(),
        };
        self.call("CreateLogStream", input).await
    }

    /// Puts events of these times (after the start, in milliseconds), whose texts are their times.
    pub(crate) async fn put(
        &self,
        group: &str,
        stream: &str,
        times: &[i64],
    ) -> Result<model::PutLogEventsResponse, ServiceFault> {
        let event =
            |at: &i64| model::InputLogEvent { timestamp: START + at, message: format!("{stream} {at}") };
        let input = model::PutLogEventsRequest {
            log_group_name: group.to_owned(),
            log_stream_name: stream.to_owned(),
            log_events: times.iter().map(event).collect(),
            ..Default::default()
        };
        self.call("PutLogEvents", input).await
    }

    pub(crate) async fn get(&self, input: model::GetLogEventsRequest) -> model::GetLogEventsResponse {
        self.call("GetLogEvents", input).await.unwrap()
    }

    /// The texts of a whole stream.
    pub(crate) async fn texts(&self, group: &str, stream: &str) -> Vec<String> {
        let page = self.get(get_request(group, stream)).await;
        page.events.unwrap().into_iter().filter_map(|event| event.message).collect()
    }

    pub(crate) async fn group(&self, name: &str) -> Option<model::LogGroup> {
        let input = model::DescribeLogGroupsRequest {
            log_group_name_prefix: Some(name.to_owned()),
            ..Default::default()
        };
        let found: model::DescribeLogGroupsResponse = self.call("DescribeLogGroups", input).await.unwrap();
        found.log_groups.unwrap().into_iter().find(|group| group.log_group_name.as_deref() == Some(name))
    }

    /// The streams of a group by the time of their last event, the newest first.
    pub(crate) async fn newest(&self, group: &str) -> Vec<String> {
        let input = model::DescribeLogStreamsRequest {
            log_group_name: Some(group.to_owned()),
            order_by: Some("LastEventTime".to_owned()),
            descending: Some(true),
            ..Default::default()
        };
        let found: model::DescribeLogStreamsResponse = self.call("DescribeLogStreams", input).await.unwrap();
        found.log_streams.unwrap().into_iter().filter_map(|stream| stream.log_stream_name).collect()
    }
}

const SECRET: &str = "secret";

/// Everybody is one user, who has this policy.
struct Limited(Arc<Policy>);

impl Identities for Limited {
    fn credential<'a>(
        &'a self,
        _: &'a str,
        _: Option<&'a str>,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        let (path, name, id) = ("/".to_owned(), "limited".to_owned(), "AIDA".to_owned());
        let principal = Arc::new(Principal::User { account: AccountId::DEFAULT, path, name, id });
        Box::pin(std::future::ready(Ok(Credential::long_lived(SECRET, principal))))
    }

    fn holdings<'a>(&'a self, _: &'a Principal) -> BoxFuture<'a, Result<Arc<Holdings>, Error>> {
        let identity = vec![NamedPolicy::new("limits", Arc::clone(&self.0))];
        Box::pin(std::future::ready(Ok(Arc::new(Holdings { identity, ..Holdings::default() }))))
    }
}

pub(crate) fn get_request(group: &str, stream: &str) -> model::GetLogEventsRequest {
    model::GetLogEventsRequest {
        log_group_name: Some(group.to_owned()),
        log_stream_name: stream.to_owned(),
        start_from_head: Some(true),
        ..Default::default()
    }
}

pub(crate) fn place(group: &str, stream: &str) -> LogPlace {
    LogPlace {
        account: AccountId::DEFAULT,
        region: Region::default(),
        group: group.into(),
        stream: stream.into(),
    }
}

pub(crate) fn group_key(name: &str) -> GroupKey {
    (AccountId::DEFAULT.as_u64(), Region::default().as_str().to_owned(), name.to_owned())
}
