//! `ListRolePolicies`: the names of a role's inline policies.

use weft_model::iam::{ListRolePoliciesRequest, ListRolePoliciesResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::page::Page;
use crate::records::Role;

/// A parsed `ListRolePolicies` request.
pub(crate) struct ListRolePolicies {
    name: String,
    page: Page,
}

impl Operation for ListRolePolicies {
    const NAME: &'static str = "ListRolePolicies";
    type Service = Iam;
    type Input = ListRolePoliciesRequest;
    type Output = ListRolePoliciesResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.role_name, page: Page::parse(input.marker, input.max_items)? })
    }

    /// The role's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        iam.allow::<Role>(cx, on("iam:ListRolePolicies", &self.name)).await?;
        let role = iam.entity::<Role>(cx, &self.name).await?;
        let paged = self.page.cut(role.grants.inline.into_keys().map(|name| (name.clone(), name)));
        Ok(ListRolePoliciesResponse {
            is_truncated: Some(paged.is_truncated()),
            policy_names: Some(paged.items),
            marker: paged.marker,
        })
    }
}
