//! `GetGroup`: a group, and its users by name.

use weft_model::iam::{GetGroupRequest, GetGroupResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::named::{self, on};
use crate::page::Page;
use crate::records::{Group, User};
use crate::{Iam, members};

/// A parsed `GetGroup` request.
pub(crate) struct GetGroup {
    name: String,
    page: Page,
}

impl Operation for GetGroup {
    const NAME: &'static str = "GetGroup";
    type Service = Iam;
    type Input = GetGroupRequest;
    type Output = GetGroupResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.group_name, page: Page::parse(input.marker, input.max_items)? })
    }

    /// The group's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        iam.allow::<Group>(cx, on("iam:GetGroup", &self.name)).await?;
        let account = cx.scope.account;
        let (group, paged) = iam
            .read(move |tx| {
                let group: Group = named::get(tx, account, &self.name)?;
                let users = members::page(tx, &group, &self.page)?;
                Ok((group, users))
            })
            .await?;
        Ok(GetGroupResponse {
            group: Some(group.show()),
            is_truncated: Some(paged.is_truncated()),
            users: Some(paged.items.iter().map(User::show_listed).collect()),
            marker: paged.marker,
        })
    }
}
