//! `UntagLogGroup`: removes tags from a group, by the group's name; the older form of `UntagResource`.

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Logs;
use crate::names::GroupName;

/// A parsed `UntagLogGroup` request.
#[derive(Debug)]
pub(crate) struct UntagLogGroup {
    name: GroupName,
    keys: Vec<String>,
}

impl Operation for UntagLogGroup {
    const NAME: &'static str = "UntagLogGroup";
    type Service = Logs;
    type Input = model::UntagLogGroupRequest;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { name: GroupName::parse(&input.log_group_name, scope)?, keys: input.tags })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, logs: &Logs, cx: &Context) -> Result<(), Error> {
        let access = Access::to("logs:UntagLogGroup", self.name.access()).with_tag_keys(self.keys.clone());
        logs.authorize(cx, &self.name, access).await?;
        let Self { name, keys } = self;
        logs.change_group(name, move |group| {
            group.tags.retain(|key, _| !keys.contains(key));
            Ok(())
        })
        .await
    }
}
