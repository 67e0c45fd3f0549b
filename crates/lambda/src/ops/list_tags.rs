//! `ListTags`: a resource's tags.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::tags::Tagged;

/// A parsed `ListTags` request.
#[derive(Debug)]
pub(crate) struct ListTags {
    tagged: Tagged,
}

impl Operation for ListTags {
    const NAME: &'static str = "ListTags";
    type Service = Lambda;
    type Input = model::ListTagsRequest;
    type Output = model::ListTagsResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { tagged: Tagged::parse(&input.resource, scope)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:ListTags", self.tagged.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<Self::Output, Error> {
        Ok(model::ListTagsResponse { tags: Some(lambda.list_tags(self.tagged).await?) })
    }
}
