//! `ListGroups`: groups by name, of one path and below.

use weft_model::iam::{ListGroupsRequest, ListGroupsResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::page::Page;
use crate::records::GROUPS;
use crate::{Iam, ids};

/// A parsed `ListGroups` request.
pub(crate) struct ListGroups {
    prefix: Option<String>,
    page: Page,
}

impl Operation for ListGroups {
    const NAME: &'static str = "ListGroups";
    type Service = Iam;
    type Input = ListGroupsRequest;
    type Output = ListGroupsResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { prefix: input.path_prefix, page: Page::parse(input.marker, input.max_items)? })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        vec![Access::to("iam:ListGroups", ids::listing_arn(scope, "group", self.prefix.as_deref()))]
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        let account = cx.scope.account;
        let prefix = self.prefix.unwrap_or_default();
        let paged = iam
            .read(move |tx| {
                self.page
                    .scan(tx, &GROUPS, account, |group| group.path.starts_with(&prefix).then(|| group.show()))
            })
            .await?;
        Ok(ListGroupsResponse {
            is_truncated: Some(paged.is_truncated()),
            groups: Some(paged.items),
            marker: paged.marker,
        })
    }
}
