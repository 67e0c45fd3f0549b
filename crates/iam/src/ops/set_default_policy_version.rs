//! `SetDefaultPolicyVersion`: which document is in force.

use weft_model::iam::SetDefaultPolicyVersionRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::policies::{PolicyArn, no_version, version_number};

/// A parsed `SetDefaultPolicyVersion` request.
pub(crate) struct SetDefaultPolicyVersion {
    arn: PolicyArn,
    version: String,
}

impl Operation for SetDefaultPolicyVersion {
    const NAME: &'static str = "SetDefaultPolicyVersion";
    type Service = Iam;
    type Input = SetDefaultPolicyVersionRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { arn: PolicyArn::parse(&input.policy_arn)?, version: input.version_id })
    }

    /// The policy's tags count: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        iam.allow_policy(cx, Access::to("iam:SetDefaultPolicyVersion", self.arn.as_str()), &self.arn).await?;
        let (now, version) = (cx.scope.now, self.version);
        iam.change_policy(cx, self.arn, move |_, policy| {
            let number = version_number(&version);
            if !policy.versions.contains_key(&number) {
                return Err(no_version(&policy.arn(), &version));
            }
            policy.default = number;
            policy.updated = now;
            Ok(())
        })
        .await
    }
}
