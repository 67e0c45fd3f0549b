//! `ListUsers`: users by name, of one path and below.

use weft_model::iam::{ListUsersRequest, ListUsersResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::page::Page;
use crate::records::USERS;
use crate::{Iam, ids};

/// A parsed `ListUsers` request.
pub(crate) struct ListUsers {
    prefix: Option<String>,
    page: Page,
}

impl Operation for ListUsers {
    const NAME: &'static str = "ListUsers";
    type Service = Iam;
    type Input = ListUsersRequest;
    type Output = ListUsersResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { prefix: input.path_prefix, page: Page::parse(input.marker, input.max_items)? })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        vec![Access::to("iam:ListUsers", ids::listing_arn(scope, "user", self.prefix.as_deref()))]
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        let account = cx.scope.account;
        let prefix = self.prefix.unwrap_or_default();
        let paged = iam
            .read(move |tx| {
                self.page.scan(tx, &USERS, account, |user| {
                    user.path.starts_with(&prefix).then(|| user.show_listed())
                })
            })
            .await?;
        Ok(ListUsersResponse {
            is_truncated: Some(paged.is_truncated()),
            users: Some(paged.items),
            marker: paged.marker,
        })
    }
}
