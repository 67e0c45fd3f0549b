//! `RemoveTagsFromResource`: takes tags from a parameter.

use weft_model::ssm as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Ssm;
use crate::names::Name;
use crate::tags;

/// A parsed `RemoveTagsFromResource` request.
#[derive(Debug)]
pub(crate) struct RemoveTagsFromResource {
    name: Name,
    keys: Vec<String>,
}

impl Operation for RemoveTagsFromResource {
    const NAME: &'static str = "RemoveTagsFromResource";
    type Service = Ssm;
    type Input = model::RemoveTagsFromResourceRequest;
    type Output = model::RemoveTagsFromResourceResult;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let name = tags::tagged(&input.resource_type, &input.resource_id, scope)?;
        Ok(Self { name, keys: input.tag_keys })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![tags::access("ssm:RemoveTagsFromResource", &self.name).with_tag_keys(self.keys.clone())]
    }

    async fn run(self, ssm: &Ssm, _: &Context) -> Result<Self::Output, Error> {
        let Self { name, keys } = self;
        ssm.change_tags(name, move |found| found.retain(|key, _| !keys.contains(key))).await?;
        Ok(model::RemoveTagsFromResourceResult {})
    }
}
