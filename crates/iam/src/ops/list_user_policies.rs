//! `ListUserPolicies`: the names of a user's inline policies.

use weft_model::iam::{ListUserPoliciesRequest, ListUserPoliciesResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::page::Page;
use crate::records::User;

/// A parsed `ListUserPolicies` request.
pub(crate) struct ListUserPolicies {
    name: String,
    page: Page,
}

impl Operation for ListUserPolicies {
    const NAME: &'static str = "ListUserPolicies";
    type Service = Iam;
    type Input = ListUserPoliciesRequest;
    type Output = ListUserPoliciesResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.user_name, page: Page::parse(input.marker, input.max_items)? })
    }

    /// The user's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        iam.allow::<User>(cx, on("iam:ListUserPolicies", &self.name)).await?;
        let user = iam.entity::<User>(cx, &self.name).await?;
        let paged = self.page.cut(user.grants.inline.into_keys().map(|name| (name.clone(), name)));
        Ok(ListUserPoliciesResponse {
            is_truncated: Some(paged.is_truncated()),
            policy_names: Some(paged.items),
            marker: paged.marker,
        })
    }
}
