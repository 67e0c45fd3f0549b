//! `ListPolicyVersions`: a policy's versions, the newest first, without their documents.

use weft_model::iam::{ListPolicyVersionsRequest, ListPolicyVersionsResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::page::Page;
use crate::policies::{self, PolicyArn, show_version};

/// A parsed `ListPolicyVersions` request.
pub(crate) struct ListPolicyVersions {
    arn: PolicyArn,
    page: Page,
}

impl Operation for ListPolicyVersions {
    const NAME: &'static str = "ListPolicyVersions";
    type Service = Iam;
    type Input = ListPolicyVersionsRequest;
    type Output = ListPolicyVersionsResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self {
            arn: PolicyArn::parse(&input.policy_arn)?,
            page: Page::parse(input.marker, input.max_items)?,
        })
    }

    /// The policy's tags count: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        iam.allow_policy(cx, Access::to("iam:ListPolicyVersions", self.arn.as_str()), &self.arn).await?;
        let policy = iam.read(move |tx| Ok((policies::get(tx, &self.arn)?, self.page))).await?;
        let (policy, page) = policy;
        // Newest first, in the order of a name that falls as the number rises.
        let versions = policy.versions().into_iter().map(|(number, _, created)| {
            (
                format!("{:010}", u32::MAX - number),
                show_version(number, created, policy.default_number(), None),
            )
        });
        let paged = page.cut(versions);
        Ok(ListPolicyVersionsResponse {
            is_truncated: Some(paged.is_truncated()),
            versions: Some(paged.items),
            marker: paged.marker,
        })
    }
}
