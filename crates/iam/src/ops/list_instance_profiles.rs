//! `ListInstanceProfiles`: instance profiles by name, of one path and below.

use weft_model::iam::{ListInstanceProfilesRequest, ListInstanceProfilesResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::ops::show::show_profiles;
use crate::page::Page;
use crate::records::PROFILES;
use crate::{Iam, ids};

/// A parsed `ListInstanceProfiles` request.
pub(crate) struct ListInstanceProfiles {
    prefix: Option<String>,
    page: Page,
}

impl Operation for ListInstanceProfiles {
    const NAME: &'static str = "ListInstanceProfiles";
    type Service = Iam;
    type Input = ListInstanceProfilesRequest;
    type Output = ListInstanceProfilesResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { prefix: input.path_prefix, page: Page::parse(input.marker, input.max_items)? })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        vec![Access::to(
            "iam:ListInstanceProfiles",
            ids::listing_arn(scope, "instance-profile", self.prefix.as_deref()),
        )]
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        let account = cx.scope.account;
        let prefix = self.prefix.unwrap_or_default();
        let paged = iam
            .read(move |tx| {
                let found = self.page.scan(tx, &PROFILES, account, |profile| {
                    profile.path.starts_with(&prefix).then(|| profile.clone())
                })?;
                show_profiles(tx, found)
            })
            .await?;
        Ok(ListInstanceProfilesResponse {
            is_truncated: Some(paged.is_truncated()),
            instance_profiles: Some(paged.items),
            marker: paged.marker,
        })
    }
}
