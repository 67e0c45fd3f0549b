//! `AssumeRole`: temporary keys with a role's rights, for whom the role trusts.

use std::time::Duration;

use weft_model::sts::{AssumeRoleRequest, AssumeRoleResponse, AssumedRoleUser};
use weft_policy::Trust;
use weft_service::{Access, Context, Error, Grant, Operation, Principal, Scope};

use crate::Iam;
use crate::assume::{self, NewSession, RoleArn};
use crate::errors::validation;
use crate::ops::sts::session_policies::SessionPolicies;
use crate::ops::sts::{refuse_mfa, refuse_tags};
use crate::records::Role;

/// The longest session of a role that another role's session assumes.
const CHAINED_SECONDS_MAX: i32 = 3600;

/// A parsed `AssumeRole` request.
pub(crate) struct AssumeRole {
    role: RoleArn,
    session: String,
    external_id: Option<String>,
    policies: SessionPolicies,
    seconds: i32,
}

impl Operation for AssumeRole {
    const NAME: &'static str = "AssumeRole";
    type Service = Iam;
    type Input = AssumeRoleRequest;
    type Output = AssumeRoleResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        refuse_mfa(input.serial_number.as_ref(), input.token_code.as_ref())?;
        refuse_tags(&input)?;
        let arn = &input.role_arn;
        Ok(Self {
            role: RoleArn::parse(arn).ok_or_else(|| validation(format!("{arn} is invalid")))?,
            session: input.role_session_name,
            external_id: input.external_id,
            policies: SessionPolicies::parse(input.policy, input.policy_arns)?,
            seconds: input.duration_seconds.unwrap_or(3600),
        })
    }

    /// Whether the caller's own policies must allow it depends on the role's: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        if matches!(*cx.principal, Principal::Root(_)) {
            return Err(Error::new("AccessDeniedException", "Roles may not be assumed by root accounts."));
        }
        let role = self.authorize(iam, cx).await?;
        if self.seconds > role.session_seconds_max {
            return Err(validation(
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            ));
        }
        if matches!(*cx.principal, Principal::Session { .. }) && self.seconds > CHAINED_SECONDS_MAX {
            return Err(validation(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
            ));
        }
        let packed = self.policies.packed_percent();
        let (policy, policy_arns) = self.policies.check(iam).await?;
        let who = assume::role_session(&role, &self.session);
        let grant = NewSession { account: role.account, who, policy, policy_arns };
        let duration = Duration::from_secs(u64::from(self.seconds.unsigned_abs()));
        let (account, name, session) = (role.account, role.name, &self.session);
        Ok(AssumeRoleResponse {
            credentials: Some(iam.issue(grant, cx.scope.now, duration)),
            assumed_role_user: Some(AssumedRoleUser {
                assumed_role_id: format!("{}:{session}", role.id),
                arn: format!("arn:aws:sts::{account}:assumed-role/{name}/{session}"),
            }),
            packed_policy_size: packed,
            source_identity: None,
        })
    }
}

impl AssumeRole {
    /// The role, if it exists, trusts the caller, and the caller may. Every refusal reads the same, whether there is
    /// such a role or not.
    async fn authorize(&self, iam: &Iam, cx: &Context) -> Result<Role, Error> {
        let mut access =
            Access::to("sts:AssumeRole", self.role.arn.as_str()).with("sts:RoleSessionName", &self.session);
        if let Some(id) = &self.external_id {
            access = access.with("sts:ExternalId", id);
        }
        let denied = || {
            let who = cx.principal.arn().map_or_else(|| cx.principal.user_id(), |arn| arn.to_string());
            let role = &self.role.arn;
            let message =
                format!("User: {who} is not authorized to perform: sts:AssumeRole on resource: {role}");
            Error::new("AccessDeniedException", message)
        };
        let role = iam.role_by_arn(&self.role).await?.ok_or_else(denied)?;
        let trust = assume::trust(&role, &cx.principal, &cx.condition_keys(&access))?;
        let grant = match trust {
            Trust::Direct => Grant::Caller,
            Trust::Account => Grant::Account,
            Trust::Denied | Trust::None => return Err(denied()),
        };
        cx.authorize_granted(&access, grant).await.map_err(|error| match error.code() {
            "AccessDeniedException" => denied(),
            _ => error,
        })?;
        Ok(role)
    }
}
