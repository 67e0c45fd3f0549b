//! `ListAccountAliases`: the account's alias, where it has one.

use weft_model::iam::{ListAccountAliasesRequest, ListAccountAliasesResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::page::Page;
use crate::{Iam, accounts};

/// A parsed `ListAccountAliases` request.
pub(crate) struct ListAccountAliases {
    page: Page,
}

impl Operation for ListAccountAliases {
    const NAME: &'static str = "ListAccountAliases";
    type Service = Iam;
    type Input = ListAccountAliasesRequest;
    type Output = ListAccountAliasesResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { page: Page::parse(input.marker, input.max_items)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("iam:ListAccountAliases", "*")]
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        let account = cx.scope.account;
        let settings = iam.read(move |tx| accounts::get(tx, account)).await?;
        let paged = self.page.cut(settings.alias.map(|alias| (alias.clone(), alias)));
        Ok(ListAccountAliasesResponse {
            is_truncated: Some(paged.is_truncated()),
            account_aliases: Some(paged.items),
            marker: paged.marker,
        })
    }
}
