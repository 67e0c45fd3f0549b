//! `TagLogGroup`: adds tags to a group, by the group's name; the older form of `TagResource`.

use std::collections::BTreeMap;

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Logs;
use crate::names::{GroupName, check_tag_count, check_tags};

/// A parsed `TagLogGroup` request.
#[derive(Debug)]
pub(crate) struct TagLogGroup {
    name: GroupName,
    tags: BTreeMap<String, String>,
}

impl Operation for TagLogGroup {
    const NAME: &'static str = "TagLogGroup";
    type Service = Logs;
    type Input = model::TagLogGroupRequest;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        check_tags(&input.tags)?;
        Ok(Self { name: GroupName::parse(&input.log_group_name, scope)?, tags: input.tags })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, logs: &Logs, cx: &Context) -> Result<(), Error> {
        let access = Access::to("logs:TagLogGroup", self.name.access()).with_request_tags(&self.tags);
        logs.authorize(cx, &self.name, access).await?;
        let Self { name, tags } = self;
        logs.change_group(name, move |group| {
            group.tags.extend(tags.clone());
            check_tag_count(group.tags.len())
        })
        .await
    }
}
