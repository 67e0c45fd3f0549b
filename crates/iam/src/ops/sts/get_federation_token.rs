//! `GetFederationToken`: temporary keys for a federated user, who may do what both the caller and the passed policies allow.

use weft_model::sts::{FederatedUser, GetFederationTokenRequest, GetFederationTokenResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::assume::NewSession;
use crate::ops::sts::long_lived::{SECONDS_DEFAULT, long_lived};
use crate::ops::sts::session_policies::SessionPolicies;
use crate::seal::Who;
use crate::session_tags::SessionTags;

/// A parsed `GetFederationToken` request.
pub(crate) struct GetFederationToken {
    name: String,
    policies: SessionPolicies,
    tags: SessionTags,
    seconds: i32,
}

impl Operation for GetFederationToken {
    const NAME: &'static str = "GetFederationToken";
    type Service = Iam;
    type Input = GetFederationTokenRequest;
    type Output = GetFederationTokenResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self {
            name: input.name,
            policies: SessionPolicies::parse(input.policy, input.policy_arns)?,
            tags: SessionTags::parse(input.tags, None)?,
            seconds: input.duration_seconds.unwrap_or(SECONDS_DEFAULT),
        })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        let arn = scope.global_arn("sts", &format!("federated-user/{}", self.name)).to_string();
        let get = self.tags.conditions(Access::to("sts:GetFederationToken", arn.clone()));
        let tag = self.tags.conditions(Access::to("sts:TagSession", arn));
        if self.tags.tags.is_empty() { vec![get] } else { vec![get, tag] }
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        let (who, duration) = long_lived(cx, "GetFederationToken", self.seconds)?;
        let account = cx.scope.account;
        let packed = self.tags.packed_percent(self.policies.text(), &self.policies.arns())?;
        let policies = self.policies.check(iam, account).await?;
        let (name, tags) = (self.name, self.tags);
        let who = Who::Federated { name: name.clone(), by: Box::new(who) };
        let grant = NewSession { account, who, policies, tags, source_identity: None };
        Ok(GetFederationTokenResponse {
            credentials: Some(iam.issue(grant, cx.scope.now, duration)),
            federated_user: Some(FederatedUser {
                federated_user_id: format!("{account}:{name}"),
                arn: format!("arn:aws:sts::{account}:federated-user/{name}"),
            }),
            packed_policy_size: packed,
        })
    }
}
