//! `TagPolicy`: adds tags to a managed policy, or changes their values.

use weft_model::iam::TagPolicyRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::policies::PolicyArn;
use crate::tags::{self, Tags};

/// A parsed `TagPolicy` request.
pub(crate) struct TagPolicy {
    arn: PolicyArn,
    tags: Tags,
}

impl Operation for TagPolicy {
    const NAME: &'static str = "TagPolicy";
    type Service = Iam;
    type Input = TagPolicyRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { arn: PolicyArn::parse(&input.policy_arn)?, tags: tags::parse(Some(input.tags))? })
    }

    /// The policy's tags count: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        iam.allow_policy(
            cx,
            Access::to("iam:TagPolicy", self.arn.as_str()).with_request_tags(&self.tags),
            &self.arn,
        )
        .await?;
        let tags = self.tags;
        iam.change_policy(cx, self.arn, move |_, policy| tags::merge(&mut policy.tags, &tags)).await
    }
}
