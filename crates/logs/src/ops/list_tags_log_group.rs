//! `ListTagsLogGroup`: a group's tags, by the group's name; the older form of `ListTagsForResource`.

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Logs;
use crate::names::GroupName;
use crate::tables::require_group;

/// A parsed `ListTagsLogGroup` request.
#[derive(Debug)]
pub(crate) struct ListTagsLogGroup {
    name: GroupName,
}

impl Operation for ListTagsLogGroup {
    const NAME: &'static str = "ListTagsLogGroup";
    type Service = Logs;
    type Input = model::ListTagsLogGroupRequest;
    type Output = model::ListTagsLogGroupResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { name: GroupName::parse(&input.log_group_name, scope)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("logs:ListTagsLogGroup", self.name.access())]
    }

    async fn run(self, logs: &Logs, _: &Context) -> Result<Self::Output, Error> {
        let group = logs.read(move |tx| require_group(tx, &self.name)).await?;
        Ok(model::ListTagsLogGroupResponse { tags: Some(group.tags) })
    }
}
