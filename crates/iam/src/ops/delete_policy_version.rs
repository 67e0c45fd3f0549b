//! `DeletePolicyVersion`: removes a version that is not the default.

use weft_model::iam::DeletePolicyVersionRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::errors::delete_conflict;
use crate::policies::{PolicyArn, no_version, version_number};

/// A parsed `DeletePolicyVersion` request.
pub(crate) struct DeletePolicyVersion {
    arn: PolicyArn,
    version: String,
}

impl Operation for DeletePolicyVersion {
    const NAME: &'static str = "DeletePolicyVersion";
    type Service = Iam;
    type Input = DeletePolicyVersionRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { arn: PolicyArn::parse(&input.policy_arn)?, version: input.version_id })
    }

    /// The policy's tags count: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        iam.allow_policy(cx, Access::to("iam:DeletePolicyVersion", self.arn.as_str()), &self.arn).await?;
        let version = self.version;
        iam.change_policy(cx, self.arn, move |_, policy| {
            let number = version_number(&version);
            if number == policy.default {
                return Err(delete_conflict("Cannot delete the default version of a policy."));
            }
            match policy.versions.remove(&number) {
                Some(_) => Ok(()),
                None => Err(no_version(&policy.arn(), &version)),
            }
        })
        .await
    }
}
