//! `DeleteRole`: removes a role without policies; its sessions may do nothing from then on.

use weft_model::iam::DeleteRoleRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::entity::{self, on};
use crate::records::Role;

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
            let role: Role = entity::get(tx, account, &self.name)?;
            entity::remove(tx, &role)
        })
        .await
    }
}
