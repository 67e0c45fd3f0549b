//! `ListTagsForResource`: a parameter's tags.

use weft_model::ssm as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::names::Name;
use crate::tables::find;
use crate::{Ssm, errors, tags};

/// A parsed `ListTagsForResource` request.
#[derive(Debug)]
pub(crate) struct ListTagsForResource {
    name: Name,
}

impl Operation for ListTagsForResource {
    const NAME: &'static str = "ListTagsForResource";
    type Service = Ssm;
    type Input = model::ListTagsForResourceRequest;
    type Output = model::ListTagsForResourceResult;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { name: tags::tagged(&input.resource_type, &input.resource_id, scope)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![tags::access("ssm:ListTagsForResource", &self.name)]
    }

    async fn run(self, ssm: &Ssm, _: &Context) -> Result<Self::Output, Error> {
        let name = self.name;
        let found = ssm
            .read(move |tx| find(tx, &name)?.ok_or_else(|| errors::invalid_resource(&name.shown())))
            .await?;
        let tags = found.tags.into_iter().map(|(key, value)| model::Tag { key, value });
        Ok(model::ListTagsForResourceResult { tag_list: Some(tags.collect()) })
    }
}
