//! `DeleteGroupPolicy`: takes an inline policy from a group.

use weft_model::iam::DeleteGroupPolicyRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::records::Group;

/// A parsed `DeleteGroupPolicy` request.
pub(crate) struct DeleteGroupPolicy {
    name: String,
    policy: String,
}

impl Operation for DeleteGroupPolicy {
    const NAME: &'static str = "DeleteGroupPolicy";
    type Service = Iam;
    type Input = DeleteGroupPolicyRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.group_name, policy: input.policy_name })
    }

    /// The group's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        iam.allow::<Group>(cx, on("iam:DeleteGroupPolicy", &self.name)).await?;
        iam.delete_inline::<Group>(cx, &self.name, self.policy).await
    }
}
