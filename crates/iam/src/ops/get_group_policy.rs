//! `GetGroupPolicy`: an inline policy of a group.

use weft_model::iam::{GetGroupPolicyRequest, GetGroupPolicyResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::entity::no_inline;
use crate::named::on;
use crate::records::Group;
use crate::{Iam, documents};

/// A parsed `GetGroupPolicy` request.
pub(crate) struct GetGroupPolicy {
    name: String,
    policy: String,
}

impl Operation for GetGroupPolicy {
    const NAME: &'static str = "GetGroupPolicy";
    type Service = Iam;
    type Input = GetGroupPolicyRequest;
    type Output = GetGroupPolicyResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.group_name, policy: input.policy_name })
    }

    /// The group's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        iam.allow::<Group>(cx, on("iam:GetGroupPolicy", &self.name)).await?;
        let group = iam.entity::<Group>(cx, &self.name).await?;
        let document =
            group.grants.inline.get(&self.policy).ok_or_else(|| no_inline::<Group>(&self.policy))?;
        Ok(GetGroupPolicyResponse {
            group_name: Some(group.name),
            policy_document: Some(documents::escape(document)),
            policy_name: Some(self.policy),
        })
    }
}
