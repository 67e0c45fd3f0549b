//! `TagResource`: adds tags to a group, or changes their values.

use std::collections::BTreeMap;

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Logs;
use crate::names::{GroupName, check_tag_count, check_tags};

/// A parsed `TagResource` request.
#[derive(Debug)]
pub(crate) struct TagResource {
    name: GroupName,
    tags: BTreeMap<String, String>,
}

impl Operation for TagResource {
    const NAME: &'static str = "TagResource";
    type Service = Logs;
    type Input = model::TagResourceRequest;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        check_tags(&input.tags)?;
        Ok(Self { name: GroupName::parse_taggable(&input.resource_arn, scope)?, tags: input.tags })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, logs: &Logs, cx: &Context) -> Result<(), Error> {
        let access = Access::to("logs:TagResource", self.name.arn().as_str()).with_request_tags(&self.tags);
        logs.authorize(cx, &self.name, access).await?;
        let Self { name, tags } = self;
        logs.change_group(name, move |group| {
            group.tags.extend(tags.clone());
            check_tag_count(group.tags.len())
        })
        .await
    }
}
