//! `ListAccessKeys`: a user's keys, without their secrets.

use weft_model::iam::{AccessKeyMetadata, ListAccessKeysRequest, ListAccessKeysResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::{self, on};
use crate::ops::show::own_name;
use crate::page::Page;
use crate::records::{KEYS, User};

/// A parsed `ListAccessKeys` request.
pub(crate) struct ListAccessKeys {
    user: Option<String>,
    page: Page,
}

impl Operation for ListAccessKeys {
    const NAME: &'static str = "ListAccessKeys";
    type Service = Iam;
    type Input = ListAccessKeysRequest;
    type Output = ListAccessKeysResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { user: input.user_name, page: Page::parse(input.marker, input.max_items)? })
    }

    /// The user's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        let name = own_name(self.user, &cx.principal)?;
        iam.allow::<User>(cx, on("iam:ListAccessKeys", &name)).await?;
        let account = cx.scope.account;
        let paged = iam
            .read(move |tx| {
                let mut user: User = named::get(tx, account, &name)?;
                user.keys.sort_unstable();
                let mut keys = Vec::new();
                for id in user.keys {
                    if let Some(key) = KEYS.get(tx, &(id.as_str(),))? {
                        let shown = AccessKeyMetadata {
                            user_name: Some(user.name.clone()),
                            access_key_id: Some(id.clone()),
                            status: Some(key.status()),
                            create_date: Some(key.created),
                        };
                        keys.push((id, shown));
                    }
                }
                Ok(self.page.cut(keys))
            })
            .await?;
        Ok(ListAccessKeysResponse {
            is_truncated: Some(paged.is_truncated()),
            access_key_metadata: Some(paged.items),
            marker: paged.marker,
        })
    }
}
