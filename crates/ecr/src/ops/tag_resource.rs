//! `TagResource`: sets tags of a repository.

use weft_model::ecr as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::names::RepoName;
use crate::{Ecr, tags};

/// A parsed `TagResource` request.
#[derive(Debug)]
pub(crate) struct TagResource {
    name: RepoName,
    tags: weft_service::Tags,
}

impl Operation for TagResource {
    const NAME: &'static str = "TagResource";
    type Service = Ecr;
    type Input = model::TagResourceRequest;
    type Output = model::TagResourceResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: RepoName::parse_arn(&input.resource_arn)?, tags: tags::parse(input.tags)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, ecr: &Ecr, cx: &Context) -> Result<Self::Output, Error> {
        let Self { name, tags } = self;
        ecr.allow(cx, &name, name.access("ecr:TagResource").with_request_tags(&tags)).await?;
        ecr.change(&name, move |repo| {
            repo.tags.extend(tags.clone());
            tags::check_count(&repo.tags)
        })
        .await?;
        Ok(model::TagResourceResponse {})
    }
}
