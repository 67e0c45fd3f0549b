//! `ListRoles`: roles by name, of one path and below.

use weft_model::iam::{ListRolesRequest, ListRolesResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::page::{Page, Paged};
use crate::records::{ROLES, Role};
use crate::{Iam, ids};

/// A parsed `ListRoles` request.
pub(crate) struct ListRoles {
    prefix: Option<String>,
    page: Page,
}

impl Operation for ListRoles {
    const NAME: &'static str = "ListRoles";
    type Service = Iam;
    type Input = ListRolesRequest;
    type Output = ListRolesResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { prefix: input.path_prefix, page: Page::parse(input.marker, input.max_items)? })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        vec![Access::to("iam:ListRoles", ids::listing_arn(scope, "role", self.prefix.as_deref()))]
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        let account = cx.scope.account;
        let prefix = self.prefix.unwrap_or_default();
        let paged = iam
            .read(move |tx| {
                let under = |role: &Role| role.path.starts_with(&prefix).then(|| role.clone());
                let Paged { items, marker } = self.page.scan(tx, &ROLES, account, under)?;
                let shown = items.into_iter().map(|role| Ok(role.shown(tx)?.show_listed()));
                Ok(Paged { items: shown.collect::<Result<Vec<_>, Error>>()?, marker })
            })
            .await?;
        Ok(ListRolesResponse {
            is_truncated: Some(paged.is_truncated()),
            roles: Some(paged.items),
            marker: paged.marker,
        })
    }
}
