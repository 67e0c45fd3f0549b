//! `UntagResource`: removes tags from a resource.

use std::collections::BTreeMap;

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::tags::Tagged;

/// A parsed `UntagResource` request.
#[derive(Debug)]
pub(crate) struct UntagResource {
    tagged: Tagged,
    keys: Vec<String>,
}

impl Operation for UntagResource {
    const NAME: &'static str = "UntagResource";
    type Service = Lambda;
    type Input = model::UntagResourceRequest;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { tagged: Tagged::parse(&input.resource, scope)?, keys: input.tag_keys })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        let access = Access::to("lambda:UntagResource", self.tagged.arn().as_str());
        vec![access.with_tag_keys(self.keys.clone())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<(), Error> {
        let Self { tagged, keys } = self;
        let change = move |all: &mut BTreeMap<String, String>| {
            all.retain(|key, _| !keys.contains(key));
            Ok(())
        };
        lambda.change_tags(tagged, change).await
    }
}
