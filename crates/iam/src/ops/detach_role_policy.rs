//! `DetachRolePolicy`: takes a managed policy from a role.

use weft_model::iam::DetachRolePolicyRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::policies::PolicyArn;
use crate::records::Role;

/// A parsed `DetachRolePolicy` request.
pub(crate) struct DetachRolePolicy {
    name: String,
    policy: PolicyArn,
}

impl Operation for DetachRolePolicy {
    const NAME: &'static str = "DetachRolePolicy";
    type Service = Iam;
    type Input = DetachRolePolicyRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.role_name, policy: PolicyArn::parse(&input.policy_arn)? })
    }

    /// The role's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        let access = on("iam:DetachRolePolicy", &self.name).with("iam:PolicyARN", self.policy.as_str());
        iam.allow::<Role>(cx, access).await?;
        iam.detach::<Role>(cx, &self.name, self.policy).await
    }
}
