//! `UntagResource`: takes tags from a repository.

use weft_model::ecr as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Ecr;
use crate::names::RepoName;

/// A parsed `UntagResource` request.
#[derive(Debug)]
pub(crate) struct UntagResource {
    name: RepoName,
    keys: Vec<String>,
}

impl Operation for UntagResource {
    const NAME: &'static str = "UntagResource";
    type Service = Ecr;
    type Input = model::UntagResourceRequest;
    type Output = model::UntagResourceResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: RepoName::parse_arn(&input.resource_arn)?, keys: input.tag_keys })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, ecr: &Ecr, cx: &Context) -> Result<Self::Output, Error> {
        let Self { name, keys } = self;
        ecr.allow(cx, &name, name.access("ecr:UntagResource").with_tag_keys(keys.clone())).await?;
        ecr.change(&name, move |repo| {
            repo.tags.retain(|key, _| !keys.contains(key));
            Ok(())
        })
        .await?;
        Ok(model::UntagResourceResponse {})
    }
}
