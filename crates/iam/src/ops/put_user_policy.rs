//! `PutUserPolicy`: adds an inline policy to a user, or changes it.

use weft_model::iam::PutUserPolicyRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::records::User;

/// A parsed `PutUserPolicy` request.
pub(crate) struct PutUserPolicy {
    name: String,
    policy: String,
    document: String,
}

impl Operation for PutUserPolicy {
    const NAME: &'static str = "PutUserPolicy";
    type Service = Iam;
    type Input = PutUserPolicyRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.user_name, policy: input.policy_name, document: input.policy_document })
    }

    /// The user's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        iam.allow::<User>(cx, on("iam:PutUserPolicy", &self.name)).await?;
        iam.put_inline::<User>(cx, &self.name, self.policy, self.document).await
    }
}
