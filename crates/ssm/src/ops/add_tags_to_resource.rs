//! `AddTagsToResource`: sets tags of a parameter.

use weft_model::ssm as model;
use weft_service::{Access, Context, Error, Operation, Scope, Tags};

use crate::Ssm;
use crate::names::Name;
use crate::tags;

/// A parsed `AddTagsToResource` request.
#[derive(Debug)]
pub(crate) struct AddTagsToResource {
    name: Name,
    tags: Tags,
}

impl Operation for AddTagsToResource {
    const NAME: &'static str = "AddTagsToResource";
    type Service = Ssm;
    type Input = model::AddTagsToResourceRequest;
    type Output = model::AddTagsToResourceResult;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let tags = tags::parse(input.tags)?;
        Ok(Self { name: tags::tagged(&input.resource_type, &input.resource_id, scope)?, tags })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![tags::access("ssm:AddTagsToResource", &self.name).with_request_tags(&self.tags)]
    }

    async fn run(self, ssm: &Ssm, _: &Context) -> Result<Self::Output, Error> {
        let Self { name, tags } = self;
        ssm.change_tags(name, move |found| found.extend(tags.clone())).await?;
        Ok(model::AddTagsToResourceResult {})
    }
}
