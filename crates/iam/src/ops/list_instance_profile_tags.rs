//! `ListInstanceProfileTags`: an instance profile's tags by key.

use weft_model::iam::{ListInstanceProfileTagsRequest, ListInstanceProfileTagsResponse, Tag};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::page::Page;
use crate::records::InstanceProfile;

/// A parsed `ListInstanceProfileTags` request.
pub(crate) struct ListInstanceProfileTags {
    name: String,
    page: Page,
}

impl Operation for ListInstanceProfileTags {
    const NAME: &'static str = "ListInstanceProfileTags";
    type Service = Iam;
    type Input = ListInstanceProfileTagsRequest;
    type Output = ListInstanceProfileTagsResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.instance_profile_name, page: Page::parse(input.marker, input.max_items)? })
    }

    /// The profile's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        iam.allow::<InstanceProfile>(cx, on("iam:ListInstanceProfileTags", &self.name)).await?;
        let profile = iam.entity::<InstanceProfile>(cx, &self.name).await?;
        let tags = profile.tags.into_iter().map(|(key, value)| (key.clone(), Tag { key, value }));
        let paged = self.page.cut(tags);
        Ok(ListInstanceProfileTagsResponse {
            is_truncated: Some(paged.is_truncated()),
            tags: Some(paged.items),
            marker: paged.marker,
        })
    }
}
