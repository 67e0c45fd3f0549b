//! `DetachGroupPolicy`: takes a managed policy from a group.

use weft_model::iam::DetachGroupPolicyRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::policies::PolicyArn;
use crate::records::Group;

/// A parsed `DetachGroupPolicy` request.
pub(crate) struct DetachGroupPolicy {
    name: String,
    policy: PolicyArn,
}

impl Operation for DetachGroupPolicy {
    const NAME: &'static str = "DetachGroupPolicy";
    type Service = Iam;
    type Input = DetachGroupPolicyRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.group_name, policy: PolicyArn::parse(&input.policy_arn)? })
    }

    /// The group's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        let access = on("iam:DetachGroupPolicy", &self.name).with("iam:PolicyARN", self.policy.as_str());
        iam.allow::<Group>(cx, access).await?;
        iam.detach::<Group>(cx, &self.name, self.policy).await
    }
}
