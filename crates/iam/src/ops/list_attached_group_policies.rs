//! `ListAttachedGroupPolicies`: the managed policies of a group.

use weft_model::iam::{ListAttachedGroupPoliciesRequest, ListAttachedGroupPoliciesResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::page::Page;
use crate::policies::show_attached;
use crate::records::Group;

/// A parsed `ListAttachedGroupPolicies` request.
pub(crate) struct ListAttachedGroupPolicies {
    name: String,
    prefix: String,
    page: Page,
}

impl Operation for ListAttachedGroupPolicies {
    const NAME: &'static str = "ListAttachedGroupPolicies";
    type Service = Iam;
    type Input = ListAttachedGroupPoliciesRequest;
    type Output = ListAttachedGroupPoliciesResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let page = Page::parse(input.marker, input.max_items)?;
        Ok(Self { name: input.group_name, prefix: input.path_prefix.unwrap_or_default(), page })
    }

    /// The group's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        iam.allow::<Group>(cx, on("iam:ListAttachedGroupPolicies", &self.name)).await?;
        let group = iam.entity::<Group>(cx, &self.name).await?;
        let paged = self.page.cut(show_attached(group.grants.attached, &self.prefix));
        Ok(ListAttachedGroupPoliciesResponse {
            is_truncated: Some(paged.is_truncated()),
            attached_policies: Some(paged.items),
            marker: paged.marker,
        })
    }
}
