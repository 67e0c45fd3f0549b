//! The service on stores in memory, with clients.

use std::sync::Arc;

use weft_model::{Shape, ssm as model};
use weft_service::testing::{self, Client};
use weft_service::{ManualClock, Registry};
use weft_store::{Memory, Store};
use weft_wire::ServiceFault;

use crate::{Ssm, SsmOptions};

pub(crate) struct World {
    pub(crate) client: Client,
    /// Signs well and may do nothing.
    pub(crate) stranger: Client,
    pub(crate) clock: Arc<ManualClock>,
    memory: Memory,
    keys: Memory,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(SsmOptions::default()).await
    }

    pub(crate) async fn with(options: SsmOptions) -> Self {
        Self::open(Memory::new(), Memory::new(), options).await
    }

    async fn open(memory: Memory, keys: Memory, options: SsmOptions) -> Self {
        let store = |memory| Store::memory(memory).unwrap();
        let ssm = Ssm::open(store(&memory), &store(&keys), options).await.unwrap();
        let mut registry = Registry::default();
        registry.add(ssm.register());
        let clock = testing::clock();
        let [client, stranger] = testing::clients(registry, &clock);
        Self { client, stranger, clock, memory, keys }
    }

    /// The same data in a new process.
    pub(crate) async fn restarted(self) -> Self {
        Self::open(self.memory, self.keys, SsmOptions::default()).await
    }

    /// The parameters without the store that has their key.
    pub(crate) async fn without_keys(self) -> Self {
        Self::open(self.memory, Memory::new(), SsmOptions::default()).await
    }

    pub(crate) async fn call<I: Shape, O: Shape>(
        &self,
        operation: &str,
        input: I,
    ) -> Result<O, ServiceFault> {
        self.client.call(&model::SERVICE, operation, input).await
    }

    pub(crate) async fn put(&self, input: model::PutParameterRequest) -> Result<(i64, String), String> {
        let answer: Result<model::PutParameterResult, _> = self.call("PutParameter", input).await;
        answer.map(|made| (made.version.unwrap(), made.tier.unwrap())).map_err(|fault| fault.code)
    }

    /// The value of a parameter, decrypted.
    pub(crate) async fn value(&self, name: &str) -> Result<String, String> {
        self.parameter(name, true).await.map(|found| found.value.unwrap())
    }

    pub(crate) async fn parameter(&self, name: &str, decrypt: bool) -> Result<model::Parameter, String> {
        let input = model::GetParameterRequest { name: name.to_owned(), with_decryption: Some(decrypt) };
        let answer: Result<model::GetParameterResult, _> = self.call("GetParameter", input).await;
        answer.map(|found| found.parameter.unwrap()).map_err(|fault| fault.code)
    }

    pub(crate) async fn describe(&self, name: &str) -> model::ParameterMetadata {
        let filter = filter("Name", None, &[name]);
        let input =
            model::DescribeParametersRequest { parameter_filters: Some(vec![filter]), ..Default::default() };
        let found: model::DescribeParametersResult = self.call("DescribeParameters", input).await.unwrap();
        found.parameters.unwrap().pop().unwrap()
    }
}

/// A new parameter of type `String`.
pub(crate) fn plain(name: &str, value: &str) -> model::PutParameterRequest {
    model::PutParameterRequest {
        name: name.to_owned(),
        value: value.to_owned(),
        r#type: Some("String".to_owned()),
        ..Default::default()
    }
}

/// A new version of a parameter.
pub(crate) fn over(name: &str, value: &str) -> model::PutParameterRequest {
    model::PutParameterRequest {
        name: name.to_owned(),
        value: value.to_owned(),
        overwrite: Some(true),
        ..Default::default()
    }
}

pub(crate) fn filter(key: &str, option: Option<&str>, values: &[&str]) -> model::ParameterStringFilter {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    model::ParameterStringFilter {
        key: key.to_owned(),
        option: option.map(str::to_owned),
        values: Some(values),
    }
}
