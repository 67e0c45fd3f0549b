//! `ListTagsForResource`: a group's tags.

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::names::GroupName;
use crate::{Logs, errors};

/// A parsed `ListTagsForResource` request.
#[derive(Debug)]
pub(crate) struct ListTagsForResource {
    name: GroupName,
}

impl Operation for ListTagsForResource {
    const NAME: &'static str = "ListTagsForResource";
    type Service = Logs;
    type Input = model::ListTagsForResourceRequest;
    type Output = model::ListTagsForResourceResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { name: GroupName::parse_taggable(&input.resource_arn, scope)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, logs: &Logs, cx: &Context) -> Result<Self::Output, Error> {
        let access = Access::to("logs:ListTagsForResource", self.name.arn().as_str());
        let group = logs.authorize(cx, &self.name, access).await?.ok_or_else(errors::no_group)?;
        Ok(model::ListTagsForResourceResponse { tags: Some(group.tags) })
    }
}
