//! `UntagResource`: removes tags from a group.

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Logs;
use crate::names::GroupName;

/// A parsed `UntagResource` request.
#[derive(Debug)]
pub(crate) struct UntagResource {
    name: GroupName,
    keys: Vec<String>,
}

impl Operation for UntagResource {
    const NAME: &'static str = "UntagResource";
    type Service = Logs;
    type Input = model::UntagResourceRequest;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { name: GroupName::parse_taggable(&input.resource_arn, scope)?, keys: input.tag_keys })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, logs: &Logs, cx: &Context) -> Result<(), Error> {
        let access =
            Access::to("logs:UntagResource", self.name.arn().as_str()).with_tag_keys(self.keys.clone());
        logs.authorize(cx, &self.name, access).await?;
        let Self { name, keys } = self;
        logs.change_group(name, move |group| {
            group.tags.retain(|key, _| !keys.contains(key));
            Ok(())
        })
        .await
    }
}
