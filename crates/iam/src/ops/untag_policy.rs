//! `UntagPolicy`: takes tags from a managed policy; keys that it has not are ignored.

use weft_model::iam::UntagPolicyRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::policies::PolicyArn;
use crate::{Iam, tags};

/// A parsed `UntagPolicy` request.
pub(crate) struct UntagPolicy {
    arn: PolicyArn,
    keys: Vec<String>,
}

impl Operation for UntagPolicy {
    const NAME: &'static str = "UntagPolicy";
    type Service = Iam;
    type Input = UntagPolicyRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { arn: PolicyArn::parse(&input.policy_arn)?, keys: input.tag_keys })
    }

    /// The policy's tags count: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        let access = Access::to("iam:UntagPolicy", self.arn.as_str()).with_tag_keys(self.keys.clone());
        iam.allow_policy(cx, access, &self.arn).await?;
        let keys = self.keys;
        iam.change_policy(cx, self.arn, move |_, policy| {
            tags::remove(&mut policy.tags, &keys);
            Ok(())
        })
        .await
    }
}
