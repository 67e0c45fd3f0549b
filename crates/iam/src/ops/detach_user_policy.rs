//! `DetachUserPolicy`: takes a managed policy from a user.

use weft_model::iam::DetachUserPolicyRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::policies::PolicyArn;
use crate::records::User;

/// A parsed `DetachUserPolicy` request.
pub(crate) struct DetachUserPolicy {
    name: String,
    policy: PolicyArn,
}

impl Operation for DetachUserPolicy {
    const NAME: &'static str = "DetachUserPolicy";
    type Service = Iam;
    type Input = DetachUserPolicyRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.user_name, policy: PolicyArn::parse(&input.policy_arn)? })
    }

    /// The user's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        let access = on("iam:DetachUserPolicy", &self.name).with("iam:PolicyARN", self.policy.as_str());
        iam.allow::<User>(cx, access).await?;
        iam.detach::<User>(cx, &self.name, self.policy).await
    }
}
