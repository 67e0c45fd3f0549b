//! `ListInstanceProfilesForRole`: the instance profiles that have a role.

use weft_model::iam::{ListInstanceProfilesForRoleRequest, ListInstanceProfilesForRoleResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::{self, on};
use crate::ops::show::show_profiles;
use crate::page::Page;
use crate::records::{PROFILES, Role};

/// A parsed `ListInstanceProfilesForRole` request.
pub(crate) struct ListInstanceProfilesForRole {
    role: String,
    page: Page,
}

impl Operation for ListInstanceProfilesForRole {
    const NAME: &'static str = "ListInstanceProfilesForRole";
    type Service = Iam;
    type Input = ListInstanceProfilesForRoleRequest;
    type Output = ListInstanceProfilesForRoleResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { role: input.role_name, page: Page::parse(input.marker, input.max_items)? })
    }

    /// The role's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        iam.allow::<Role>(cx, on("iam:ListInstanceProfilesForRole", &self.role)).await?;
        let account = cx.scope.account;
        let paged = iam
            .read(move |tx| {
                let role: Role = named::get(tx, account, &self.role)?;
                let found = self.page.scan(tx, &PROFILES, account, |profile| {
                    (profile.role.as_ref() == Some(&role.name)).then(|| profile.clone())
                })?;
                show_profiles(tx, found)
            })
            .await?;
        Ok(ListInstanceProfilesForRoleResponse {
            is_truncated: Some(paged.is_truncated()),
            instance_profiles: Some(paged.items),
            marker: paged.marker,
        })
    }
}
