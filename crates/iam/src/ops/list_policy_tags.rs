//! `ListPolicyTags`: a managed policy's tags by key. AWS's own policies have none.

use weft_model::iam::{ListPolicyTagsRequest, ListPolicyTagsResponse, Tag};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::page::Page;
use crate::policies::{self, AnyPolicy, PolicyArn};
use crate::tags::Tags;

/// A parsed `ListPolicyTags` request.
pub(crate) struct ListPolicyTags {
    arn: PolicyArn,
    page: Page,
}

impl Operation for ListPolicyTags {
    const NAME: &'static str = "ListPolicyTags";
    type Service = Iam;
    type Input = ListPolicyTagsRequest;
    type Output = ListPolicyTagsResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self {
            arn: PolicyArn::parse(&input.policy_arn)?,
            page: Page::parse(input.marker, input.max_items)?,
        })
    }

    /// The policy's tags count: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        iam.allow_policy(cx, Access::to("iam:ListPolicyTags", self.arn.as_str()), &self.arn).await?;
        let (policy, page) = iam.read(move |tx| Ok((policies::get(tx, &self.arn)?, self.page))).await?;
        let tags = match policy {
            AnyPolicy::Own(policy) => policy.tags,
            AnyPolicy::Aws(_) => Tags::new(),
        };
        let paged = page.cut(tags.into_iter().map(|(key, value)| (key.clone(), Tag { key, value })));
        Ok(ListPolicyTagsResponse {
            is_truncated: Some(paged.is_truncated()),
            tags: Some(paged.items),
            marker: paged.marker,
        })
    }
}
