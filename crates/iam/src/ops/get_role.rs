//! `GetRole`: one role.

use weft_model::iam::{self as model, GetRoleRequest, GetRoleResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::{self, on};
use crate::records::Role;

/// A parsed `GetRole` request.
pub(crate) struct GetRole {
    name: String,
}

impl Operation for GetRole {
    const NAME: &'static str = "GetRole";
    type Service = Iam;
    type Input = GetRoleRequest;
    type Output = GetRoleResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.role_name })
    }

    /// The role's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        iam.allow::<Role>(cx, on("iam:GetRole", &self.name)).await?;
        let account = cx.scope.account;
        let role = iam.read(move |tx| named::get::<Role>(tx, account, &self.name)?.shown(tx)).await?;
        let role_last_used = Some(iam.last_uses.show(&role, cx.scope.now));
        Ok(GetRoleResponse { role: Some(model::Role { role_last_used, ..role.show() }) })
    }
}
