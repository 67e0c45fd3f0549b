//! `ListUserTags`: a user's tags by key.

use weft_model::iam::{ListUserTagsRequest, ListUserTagsResponse, Tag};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::page::Page;
use crate::records::User;

/// A parsed `ListUserTags` request.
pub(crate) struct ListUserTags {
    name: String,
    page: Page,
}

impl Operation for ListUserTags {
    const NAME: &'static str = "ListUserTags";
    type Service = Iam;
    type Input = ListUserTagsRequest;
    type Output = ListUserTagsResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.user_name, page: Page::parse(input.marker, input.max_items)? })
    }

    /// The user's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        iam.allow::<User>(cx, on("iam:ListUserTags", &self.name)).await?;
        let user = iam.entity::<User>(cx, &self.name).await?;
        let tags = user.tags.into_iter().map(|(key, value)| (key.clone(), Tag { key, value }));
        let paged = self.page.cut(tags);
        Ok(ListUserTagsResponse {
            is_truncated: Some(paged.is_truncated()),
            tags: Some(paged.items),
            marker: paged.marker,
        })
    }
}
