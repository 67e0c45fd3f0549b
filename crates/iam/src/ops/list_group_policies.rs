//! `ListGroupPolicies`: the names of a group's inline policies.

use weft_model::iam::{ListGroupPoliciesRequest, ListGroupPoliciesResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::page::Page;
use crate::records::Group;

/// A parsed `ListGroupPolicies` request.
pub(crate) struct ListGroupPolicies {
    name: String,
    page: Page,
}

impl Operation for ListGroupPolicies {
    const NAME: &'static str = "ListGroupPolicies";
    type Service = Iam;
    type Input = ListGroupPoliciesRequest;
    type Output = ListGroupPoliciesResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.group_name, page: Page::parse(input.marker, input.max_items)? })
    }

    /// The group's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        iam.allow::<Group>(cx, on("iam:ListGroupPolicies", &self.name)).await?;
        let group = iam.entity::<Group>(cx, &self.name).await?;
        let paged = self.page.cut(group.grants.inline.into_keys().map(|name| (name.clone(), name)));
        Ok(ListGroupPoliciesResponse {
            is_truncated: Some(paged.is_truncated()),
            policy_names: Some(paged.items),
            marker: paged.marker,
        })
    }
}
