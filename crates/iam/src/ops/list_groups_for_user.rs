//! `ListGroupsForUser`: the groups that a user is in.

use weft_model::iam::{ListGroupsForUserRequest, ListGroupsForUserResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::named::{self, on};
use crate::page::Page;
use crate::records::User;
use crate::{Iam, members};

/// A parsed `ListGroupsForUser` request.
pub(crate) struct ListGroupsForUser {
    user: String,
    page: Page,
}

impl Operation for ListGroupsForUser {
    const NAME: &'static str = "ListGroupsForUser";
    type Service = Iam;
    type Input = ListGroupsForUserRequest;
    type Output = ListGroupsForUserResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { user: input.user_name, page: Page::parse(input.marker, input.max_items)? })
    }

    /// The user's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        iam.allow::<User>(cx, on("iam:ListGroupsForUser", &self.user)).await?;
        let account = cx.scope.account;
        let paged = iam
            .read(move |tx| {
                let user: User = named::get(tx, account, &self.user)?;
                let groups = members::groups(tx, &user)?;
                Ok(self.page.cut(groups.iter().map(|group| (group.name.to_lowercase(), group.show()))))
            })
            .await?;
        Ok(ListGroupsForUserResponse {
            is_truncated: Some(paged.is_truncated()),
            groups: Some(paged.items),
            marker: paged.marker,
        })
    }
}
