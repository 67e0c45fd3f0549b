//! `GetEventSourceMapping`: how a queue or a stream is read.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::mappings::records::arn;

/// A parsed `GetEventSourceMapping` request.
#[derive(Debug)]
pub(crate) struct GetEventSourceMapping {
    uuid: String,
}

impl Operation for GetEventSourceMapping {
    const NAME: &'static str = "GetEventSourceMapping";
    type Service = Lambda;
    type Input = model::GetEventSourceMappingRequest;
    type Output = model::EventSourceMappingConfiguration;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { uuid: input.uuid })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        let mapping = arn(scope.account, &scope.region, &self.uuid);
        vec![Access::to("lambda:GetEventSourceMapping", mapping.as_str())]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let mapping = lambda.mappings.get(&cx.scope, &self.uuid).await?;
        Ok(mapping.describe(Some(lambda.pollers.result(&mapping.uuid))))
    }
}
