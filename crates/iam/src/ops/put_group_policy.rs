//! `PutGroupPolicy`: adds an inline policy to a group, or changes it.

use weft_model::iam::PutGroupPolicyRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::records::Group;

/// A parsed `PutGroupPolicy` request.
pub(crate) struct PutGroupPolicy {
    name: String,
    policy: String,
    document: String,
}

impl Operation for PutGroupPolicy {
    const NAME: &'static str = "PutGroupPolicy";
    type Service = Iam;
    type Input = PutGroupPolicyRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.group_name, policy: input.policy_name, document: input.policy_document })
    }

    /// The group's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        iam.allow::<Group>(cx, on("iam:PutGroupPolicy", &self.name)).await?;
        iam.put_inline::<Group>(cx, &self.name, self.policy, self.document).await
    }
}
