//! `DeleteRolePolicy`: takes an inline policy from a role.

use weft_model::iam::DeleteRolePolicyRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::records::Role;

/// A parsed `DeleteRolePolicy` request.
pub(crate) struct DeleteRolePolicy {
    name: String,
    policy: String,
}

impl Operation for DeleteRolePolicy {
    const NAME: &'static str = "DeleteRolePolicy";
    type Service = Iam;
    type Input = DeleteRolePolicyRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.role_name, policy: input.policy_name })
    }

    /// The role's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        iam.allow::<Role>(cx, on("iam:DeleteRolePolicy", &self.name)).await?;
        iam.delete_inline::<Role>(cx, &self.name, self.policy).await
    }
}
