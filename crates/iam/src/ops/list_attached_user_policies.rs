//! `ListAttachedUserPolicies`: the managed policies of a user.

use weft_model::iam::{ListAttachedUserPoliciesRequest, ListAttachedUserPoliciesResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::page::Page;
use crate::policies::show_attached;
use crate::records::User;

/// A parsed `ListAttachedUserPolicies` request.
pub(crate) struct ListAttachedUserPolicies {
    name: String,
    prefix: String,
    page: Page,
}

impl Operation for ListAttachedUserPolicies {
    const NAME: &'static str = "ListAttachedUserPolicies";
    type Service = Iam;
    type Input = ListAttachedUserPoliciesRequest;
    type Output = ListAttachedUserPoliciesResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let page = Page::parse(input.marker, input.max_items)?;
        Ok(Self { name: input.user_name, prefix: input.path_prefix.unwrap_or_default(), page })
    }

    /// The user's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        iam.allow::<User>(cx, on("iam:ListAttachedUserPolicies", &self.name)).await?;
        let user = iam.entity::<User>(cx, &self.name).await?;
        let paged = self.page.cut(show_attached(user.grants.attached, &self.prefix));
        Ok(ListAttachedUserPoliciesResponse {
            is_truncated: Some(paged.is_truncated()),
            attached_policies: Some(paged.items),
            marker: paged.marker,
        })
    }
}
