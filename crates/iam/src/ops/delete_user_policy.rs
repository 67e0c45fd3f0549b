//! `DeleteUserPolicy`: takes an inline policy from a user.

use weft_model::iam::DeleteUserPolicyRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::records::User;

/// A parsed `DeleteUserPolicy` request.
pub(crate) struct DeleteUserPolicy {
    name: String,
    policy: String,
}

impl Operation for DeleteUserPolicy {
    const NAME: &'static str = "DeleteUserPolicy";
    type Service = Iam;
    type Input = DeleteUserPolicyRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.user_name, policy: input.policy_name })
    }

    /// The user's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        iam.allow::<User>(cx, on("iam:DeleteUserPolicy", &self.name)).await?;
        iam.delete_inline::<User>(cx, &self.name, self.policy).await
    }
}
