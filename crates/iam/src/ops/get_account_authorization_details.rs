//! `GetAccountAuthorizationDetails`: all users, groups, roles and policies with all that they have.

use std::sync::Arc;

use weft_model::iam::{GetAccountAuthorizationDetailsRequest, GetAccountAuthorizationDetailsResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::details::{self, Detail, KINDS};
use crate::page::Page;
use crate::records::Role;

/// A parsed `GetAccountAuthorizationDetails` request.
pub(crate) struct GetAccountAuthorizationDetails {
    wanted: Vec<String>,
    page: Page,
}

impl Operation for GetAccountAuthorizationDetails {
    const NAME: &'static str = "GetAccountAuthorizationDetails";
    type Service = Iam;
    type Input = GetAccountAuthorizationDetailsRequest;
    type Output = GetAccountAuthorizationDetailsResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let all = || KINDS.iter().map(|kind| (*kind).to_owned()).collect();
        let wanted = input.filter.filter(|kinds| !kinds.is_empty()).unwrap_or_else(all);
        Ok(Self { wanted, page: Page::parse(input.marker, input.max_items)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("iam:GetAccountAuthorizationDetails", "*")]
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        let (account, now, last_uses) = (cx.scope.account, cx.scope.now, Arc::clone(&iam.last_uses));
        let use_of = move |role: &Role| last_uses.show(role, now);
        let paged = iam.read(move |tx| details::page(tx, account, &self.page, &self.wanted, use_of)).await?;
        let mut answer = GetAccountAuthorizationDetailsResponse {
            user_detail_list: Some(Vec::new()),
            group_detail_list: Some(Vec::new()),
            role_detail_list: Some(Vec::new()),
            policies: Some(Vec::new()),
            is_truncated: Some(paged.is_truncated()),
            marker: paged.marker,
        };
        for detail in paged.items {
            match detail {
                Detail::User(user) => answer.user_detail_list.get_or_insert_default().push(user),
                Detail::Group(group) => answer.group_detail_list.get_or_insert_default().push(group),
                Detail::Role(role) => answer.role_detail_list.get_or_insert_default().push(role),
                Detail::Policy(policy) => answer.policies.get_or_insert_default().push(policy),
            }
        }
        Ok(answer)
    }
}
