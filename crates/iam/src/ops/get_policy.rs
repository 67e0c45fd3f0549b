//! `GetPolicy`: one managed policy, without its document.

use weft_model::iam::{GetPolicyRequest, GetPolicyResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::policies::{self, PolicyArn};
use crate::{Iam, uses};

/// A parsed `GetPolicy` request.
pub(crate) struct GetPolicy {
    arn: PolicyArn,
}

impl Operation for GetPolicy {
    const NAME: &'static str = "GetPolicy";
    type Service = Iam;
    type Input = GetPolicyRequest;
    type Output = GetPolicyResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { arn: PolicyArn::parse(&input.policy_arn)? })
    }

    /// The policy's tags count: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        iam.allow_policy(cx, Access::to("iam:GetPolicy", self.arn.as_str()), &self.arn).await?;
        let account = cx.scope.account;
        iam.read(move |tx| {
            let policy = policies::get(tx, &self.arn)?;
            let uses = uses::of(tx, account, self.arn.as_str())?;
            Ok(GetPolicyResponse { policy: Some(policy.show(uses, false)) })
        })
        .await
    }
}
