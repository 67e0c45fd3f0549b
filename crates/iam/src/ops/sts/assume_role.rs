//! `AssumeRole`: temporary keys with a role's rights, for whom the role trusts.

use weft_model::sts::{AssumeRoleRequest, AssumeRoleResponse, AssumedRoleUser};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::assume::{self, NewSession, RoleArn};
use crate::errors::{unsupported, validation};
use crate::ops::sts::refuse_mfa;
use crate::ops::sts::request::{Request, seconds};
use crate::ops::sts::session_policies::SessionPolicies;
use crate::session_tags::SessionTags;

/// A parsed `AssumeRole` request.
pub(crate) struct AssumeRole {
    request: Request,
    policies: SessionPolicies,
}

impl Operation for AssumeRole {
    const NAME: &'static str = "AssumeRole";
    type Service = Iam;
    type Input = AssumeRoleRequest;
    type Output = AssumeRoleResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        refuse_mfa(input.serial_number.as_ref(), input.token_code.as_ref())?;
        if input.provided_contexts.is_some() {
            return Err(unsupported("ProvidedContexts"));
        }
        let arn = &input.role_arn;
        let request = Request {
            role: RoleArn::parse(arn).ok_or_else(|| validation(format!("{arn} is invalid")))?,
            session: input.role_session_name,
            external_id: input.external_id,
            tags: SessionTags::parse(input.tags, input.transitive_tag_keys)?,
            source_identity: input.source_identity,
            seconds: input.duration_seconds.unwrap_or(3600),
        };
        Ok(Self { request, policies: SessionPolicies::parse(input.policy, input.policy_arns)? })
    }

    /// Whether the caller's own policies must allow it depends on the role's: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        let request = self.request.inherit(cx.session.as_deref())?;
        let role = request.authorize(iam, cx).await?;
        request.check_duration(cx, &role)?;
        let Request { session, tags, source_identity, seconds: duration, .. } = request;
        let packed = tags.packed_percent(self.policies.text(), &self.policies.arns())?;
        let policies = self.policies.check(iam, role.account).await?;
        let who = assume::role_session(&role, &session);
        let shown = source_identity.clone();
        let grant = NewSession { account: role.account, who, policies, tags, source_identity };
        let (account, name) = (role.account, role.name);
        Ok(AssumeRoleResponse {
            credentials: Some(iam.issue(grant, cx.scope.now, seconds(duration))),
            assumed_role_user: Some(AssumedRoleUser {
                assumed_role_id: format!("{}:{session}", role.id),
                arn: format!("arn:aws:sts::{account}:assumed-role/{name}/{session}"),
            }),
            packed_policy_size: packed,
            source_identity: shown,
        })
    }
}
