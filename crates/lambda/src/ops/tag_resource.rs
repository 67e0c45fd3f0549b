//! `TagResource`: adds tags to a resource, or changes their values.

use std::collections::BTreeMap;

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::tags::{self, Tagged};

/// A parsed `TagResource` request.
#[derive(Debug)]
pub(crate) struct TagResource {
    tagged: Tagged,
    tags: BTreeMap<String, String>,
}

impl Operation for TagResource {
    const NAME: &'static str = "TagResource";
    type Service = Lambda;
    type Input = model::TagResourceRequest;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        tags::check(&input.tags)?;
        Ok(Self { tagged: Tagged::parse(&input.resource, scope)?, tags: input.tags })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:TagResource", self.tagged.arn().as_str()).with_request_tags(&self.tags)]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<(), Error> {
        let Self { tagged, tags } = self;
        let change = move |all: &mut BTreeMap<String, String>| {
            all.extend(tags.clone());
            tags::check_count(all.len())
        };
        lambda.change_tags(tagged, change).await
    }
}
