//! `DeleteRole`: removes a role without policies; its sessions may do nothing from then on.

use weft_model::iam::DeleteRoleRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::errors::{ROLES_FIRST, delete_conflict};
use crate::named::{self, Named as _, on};
use crate::records::{PROFILES, Role};
use crate::{Iam, entity};

/// A parsed `DeleteRole` request.
pub(crate) struct DeleteRole {
    name: String,
}

impl Operation for DeleteRole {
    const NAME: &'static str = "DeleteRole";
    type Service = Iam;
    type Input = DeleteRoleRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.role_name })
    }

    /// The role's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        iam.allow::<Role>(cx, on("iam:DeleteRole", &self.name)).await?;
        let account = cx.scope.account;
        iam.write(move |tx| {
            let role: Role = named::get(tx, account, &self.name)?;
            role.changeable()?;
            let profiles = PROFILES.query(&(account.as_u64(),)).rows(tx)?;
            if profiles.iter().any(|(_, profile)| profile.role.as_ref() == Some(&role.name)) {
                return Err(delete_conflict(ROLES_FIRST));
            }
            entity::remove(tx, &role)
        })
        .await
    }
}
