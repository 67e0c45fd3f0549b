//! `GetRolePolicy`: an inline policy of a role.

use weft_model::iam::{GetRolePolicyRequest, GetRolePolicyResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::entity::no_inline;
use crate::named::on;
use crate::records::Role;
use crate::{Iam, documents};

/// A parsed `GetRolePolicy` request.
pub(crate) struct GetRolePolicy {
    name: String,
    policy: String,
}

impl Operation for GetRolePolicy {
    const NAME: &'static str = "GetRolePolicy";
    type Service = Iam;
    type Input = GetRolePolicyRequest;
    type Output = GetRolePolicyResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.role_name, policy: input.policy_name })
    }

    /// The role's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        iam.allow::<Role>(cx, on("iam:GetRolePolicy", &self.name)).await?;
        let role = iam.entity::<Role>(cx, &self.name).await?;
        let document = role.grants.inline.get(&self.policy).ok_or_else(|| no_inline::<Role>(&self.policy))?;
        Ok(GetRolePolicyResponse {
            role_name: Some(role.name),
            policy_document: Some(documents::escape(document)),
            policy_name: Some(self.policy),
        })
    }
}
