//! `DescribeRegistry`: the account's registry, which replicates nowhere.

use weft_model::ecr as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Ecr;

/// A parsed `DescribeRegistry` request.
#[derive(Debug)]
pub(crate) struct DescribeRegistry {}

impl Operation for DescribeRegistry {
    const NAME: &'static str = "DescribeRegistry";
    type Service = Ecr;
    type Input = model::DescribeRegistryRequest;
    type Output = model::DescribeRegistryResponse;

    fn parse(_: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self {})
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("ecr:DescribeRegistry", "*")]
    }

    async fn run(self, _: &Ecr, cx: &Context) -> Result<Self::Output, Error> {
        Ok(model::DescribeRegistryResponse {
            registry_id: Some(cx.scope.account.to_string()),
            replication_configuration: Some(model::ReplicationConfiguration { rules: Vec::new() }),
        })
    }
}
