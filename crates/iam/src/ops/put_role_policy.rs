//! `PutRolePolicy`: adds an inline policy to a role, or changes it.

use weft_model::iam::PutRolePolicyRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::records::Role;

/// A parsed `PutRolePolicy` request.
pub(crate) struct PutRolePolicy {
    name: String,
    policy: String,
    document: String,
}

impl Operation for PutRolePolicy {
    const NAME: &'static str = "PutRolePolicy";
    type Service = Iam;
    type Input = PutRolePolicyRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.role_name, policy: input.policy_name, document: input.policy_document })
    }

    /// The role's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        iam.allow::<Role>(cx, on("iam:PutRolePolicy", &self.name)).await?;
        iam.put_inline::<Role>(cx, &self.name, self.policy, self.document).await
    }
}
