//! `AttachUserPolicy`: gives a managed policy to a user.

use weft_model::iam::AttachUserPolicyRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::policies::PolicyArn;
use crate::records::User;

/// A parsed `AttachUserPolicy` request.
pub(crate) struct AttachUserPolicy {
    name: String,
    policy: PolicyArn,
}

impl Operation for AttachUserPolicy {
    const NAME: &'static str = "AttachUserPolicy";
    type Service = Iam;
    type Input = AttachUserPolicyRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.user_name, policy: PolicyArn::parse(&input.policy_arn)? })
    }

    /// The user's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        let access = on("iam:AttachUserPolicy", &self.name).with("iam:PolicyARN", self.policy.as_str());
        iam.allow::<User>(cx, access).await?;
        iam.attach::<User>(cx, &self.name, self.policy).await
    }
}
