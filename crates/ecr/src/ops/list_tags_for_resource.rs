//! `ListTagsForResource`: a repository's tags.

use weft_model::ecr as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Ecr;
use crate::names::RepoName;

/// A parsed `ListTagsForResource` request.
#[derive(Debug)]
pub(crate) struct ListTagsForResource {
    name: RepoName,
}

impl Operation for ListTagsForResource {
    const NAME: &'static str = "ListTagsForResource";
    type Service = Ecr;
    type Input = model::ListTagsForResourceRequest;
    type Output = model::ListTagsForResourceResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: RepoName::parse_arn(&input.resource_arn)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, ecr: &Ecr, cx: &Context) -> Result<Self::Output, Error> {
        let repo = ecr.authorize(cx, &self.name, "ecr:ListTagsForResource").await?;
        let tags = repo.tags.into_iter().map(|(key, value)| model::Tag { key, value });
        Ok(model::ListTagsForResourceResponse { tags: Some(tags.collect()) })
    }
}
