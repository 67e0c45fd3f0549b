//! `ListRoleTags`: a role's tags by key.

use weft_model::iam::{ListRoleTagsRequest, ListRoleTagsResponse, Tag};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::page::Page;
use crate::records::Role;

/// A parsed `ListRoleTags` request.
pub(crate) struct ListRoleTags {
    name: String,
    page: Page,
}

impl Operation for ListRoleTags {
    const NAME: &'static str = "ListRoleTags";
    type Service = Iam;
    type Input = ListRoleTagsRequest;
    type Output = ListRoleTagsResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.role_name, page: Page::parse(input.marker, input.max_items)? })
    }

    /// The role's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        iam.allow::<Role>(cx, on("iam:ListRoleTags", &self.name)).await?;
        let role = iam.entity::<Role>(cx, &self.name).await?;
        let tags = role.tags.into_iter().map(|(key, value)| (key.clone(), Tag { key, value }));
        let paged = self.page.cut(tags);
        Ok(ListRoleTagsResponse {
            is_truncated: Some(paged.is_truncated()),
            tags: Some(paged.items),
            marker: paged.marker,
        })
    }
}
