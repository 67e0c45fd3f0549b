//! `DeleteEventSourceMapping`: has a queue or a stream read no more.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::mappings::records::{State, arn};

/// A parsed `DeleteEventSourceMapping` request.
#[derive(Debug)]
pub(crate) struct DeleteEventSourceMapping {
    uuid: String,
}

impl Operation for DeleteEventSourceMapping {
    const NAME: &'static str = "DeleteEventSourceMapping";
    type Service = Lambda;
    type Input = model::DeleteEventSourceMappingRequest;
    type Output = model::EventSourceMappingConfiguration;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { uuid: input.uuid })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        let mapping = arn(scope.account, &scope.region, &self.uuid);
        vec![Access::to("lambda:DeleteEventSourceMapping", mapping.as_str())]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let update = lambda.mappings.update(&cx.scope, &self.uuid, |mapping| {
            mapping.state = State::Deleting;
            Ok(())
        });
        let mapping = update.await?;
        lambda.pollers.changed.notify_one();
        Ok(mapping.describe(Some(lambda.pollers.result(&mapping.uuid))))
    }
}
