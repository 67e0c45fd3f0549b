//! `GetUserPolicy`: an inline policy of a user.

use weft_model::iam::{GetUserPolicyRequest, GetUserPolicyResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::entity::no_inline;
use crate::named::on;
use crate::records::User;
use crate::{Iam, documents};

/// A parsed `GetUserPolicy` request.
pub(crate) struct GetUserPolicy {
    name: String,
    policy: String,
}

impl Operation for GetUserPolicy {
    const NAME: &'static str = "GetUserPolicy";
    type Service = Iam;
    type Input = GetUserPolicyRequest;
    type Output = GetUserPolicyResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.user_name, policy: input.policy_name })
    }

    /// The user's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        iam.allow::<User>(cx, on("iam:GetUserPolicy", &self.name)).await?;
        let user = iam.entity::<User>(cx, &self.name).await?;
        let document = user.grants.inline.get(&self.policy).ok_or_else(|| no_inline::<User>(&self.policy))?;
        Ok(GetUserPolicyResponse {
            user_name: Some(user.name),
            policy_document: Some(documents::escape(document)),
            policy_name: Some(self.policy),
        })
    }
}
