//! `ListTags`: a function's tags.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::name::FunctionRef;

/// A parsed `ListTags` request.
#[derive(Debug)]
pub(crate) struct ListTags {
    function: FunctionRef,
}

impl Operation for ListTags {
    const NAME: &'static str = "ListTags";
    type Service = Lambda;
    type Input = model::ListTagsRequest;
    type Output = model::ListTagsResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { function: FunctionRef::parse_taggable(&input.resource, scope)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:ListTags", self.function.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<Self::Output, Error> {
        let found = lambda.functions.find(&self.function).await?;
        Ok(model::ListTagsResponse { tags: Some(found.latest.tags) })
    }
}
