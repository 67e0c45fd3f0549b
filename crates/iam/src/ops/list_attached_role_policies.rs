//! `ListAttachedRolePolicies`: the managed policies of a role.

use weft_model::iam::{ListAttachedRolePoliciesRequest, ListAttachedRolePoliciesResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::page::Page;
use crate::policies::show_attached;
use crate::records::Role;

/// A parsed `ListAttachedRolePolicies` request.
pub(crate) struct ListAttachedRolePolicies {
    name: String,
    prefix: String,
    page: Page,
}

impl Operation for ListAttachedRolePolicies {
    const NAME: &'static str = "ListAttachedRolePolicies";
    type Service = Iam;
    type Input = ListAttachedRolePoliciesRequest;
    type Output = ListAttachedRolePoliciesResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let page = Page::parse(input.marker, input.max_items)?;
        Ok(Self { name: input.role_name, prefix: input.path_prefix.unwrap_or_default(), page })
    }

    /// The role's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        iam.allow::<Role>(cx, on("iam:ListAttachedRolePolicies", &self.name)).await?;
        let role = iam.entity::<Role>(cx, &self.name).await?;
        let paged = self.page.cut(show_attached(role.grants.attached, &self.prefix));
        Ok(ListAttachedRolePoliciesResponse {
            is_truncated: Some(paged.is_truncated()),
            attached_policies: Some(paged.items),
            marker: paged.marker,
        })
    }
}
