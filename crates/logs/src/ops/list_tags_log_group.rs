//! `ListTagsLogGroup`: a group's tags, by the group's name; the older form of `ListTagsForResource`.

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Logs;
use crate::names::GroupName;

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
        Vec::new()
    }

    async fn run(self, logs: &Logs, cx: &Context) -> Result<Self::Output, Error> {
        let group = logs.authorize_group(cx, "logs:ListTagsLogGroup", &self.name).await?;
        Ok(model::ListTagsLogGroupResponse { tags: Some(group.tags) })
    }
}
