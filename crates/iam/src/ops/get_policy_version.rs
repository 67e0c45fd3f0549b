//! `GetPolicyVersion`: one version with its document.

use weft_model::iam::{GetPolicyVersionRequest, GetPolicyVersionResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::policies::{self, PolicyArn, no_version, show_version, version_number};

/// A parsed `GetPolicyVersion` request.
pub(crate) struct GetPolicyVersion {
    arn: PolicyArn,
    version: String,
}

impl Operation for GetPolicyVersion {
    const NAME: &'static str = "GetPolicyVersion";
    type Service = Iam;
    type Input = GetPolicyVersionRequest;
    type Output = GetPolicyVersionResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { arn: PolicyArn::parse(&input.policy_arn)?, version: input.version_id })
    }

    /// The policy's tags count: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        iam.allow_policy(cx, Access::to("iam:GetPolicyVersion", self.arn.as_str()), &self.arn).await?;
        iam.read(move |tx| {
            let policy = policies::get(tx, &self.arn)?;
            let wanted = version_number(&self.version);
            let versions = policy.versions();
            let found = versions.iter().find(|(number, ..)| *number == wanted);
            let (number, document, created) =
                found.ok_or_else(|| no_version(self.arn.as_str(), &self.version))?;
            let shown = show_version(*number, *created, policy.default_number(), Some(document));
            Ok(GetPolicyVersionResponse { policy_version: Some(shown) })
        })
        .await
    }
}
