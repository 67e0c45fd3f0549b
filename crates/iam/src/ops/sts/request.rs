//! What is asked for with `AssumeRole`, and whether it may be.

use std::time::Duration;

use weft_policy::Policy;
use weft_service::{Access, Context, Error, Principal, SessionFacts};

use crate::Iam;
use crate::assume::RoleArn;
use crate::errors::validation;
use crate::records::Role;
use crate::session_tags::SessionTags;

/// The longest session, in seconds, of a role that another role's session assumes.
const CHAINED_SECONDS_MAX: i32 = 3600;

/// A session of a role, asked for.
pub(super) struct Request {
    pub(super) role: RoleArn,
    pub(super) session: String,
    pub(super) external_id: Option<String>,
    pub(super) tags: SessionTags,
    pub(super) source_identity: Option<String>,
    pub(super) seconds: i32,
}

/// A length of time from its checked seconds.
pub(super) fn seconds(seconds: i32) -> Duration {
    Duration::from_secs(u64::from(seconds.unsigned_abs()))
}

impl Request {
    /// Adds what goes on from the session that asks: transitive tags and the source identity, which stays for good.
    pub(super) fn inherit(mut self, from: Option<&SessionFacts>) -> Result<Self, Error> {
        self.tags = self.tags.inherit(from)?;
        let known = from.and_then(|facts| facts.source_identity.clone());
        if known.is_some() && self.source_identity.is_some() && known != self.source_identity {
            let message = "The source identity of the calling session cannot be changed.";
            return Err(validation(message));
        }
        self.source_identity = self.source_identity.or(known);
        Ok(self)
    }

    /// The role, if it exists, trusts the caller, and the caller may. Every refusal reads the same, whether there is
    /// such a role or not.
    pub(super) async fn authorize(&self, iam: &Iam, cx: &Context) -> Result<Role, Error> {
        if matches!(*cx.principal, Principal::Root(_)) {
            return Err(Error::new("AccessDeniedException", "Roles may not be assumed by root accounts."));
        }
        let role = iam.role_by_arn(&self.role).await?;
        let role = role.ok_or_else(|| self.denied(cx, "sts:AssumeRole"))?;
        self.require(cx, &role, "sts:AssumeRole").await?;
        if !self.tags.tags.is_empty() {
            self.require(cx, &role, "sts:TagSession").await?;
        }
        if self.source_identity.is_some() {
            self.require(cx, &role, "sts:SetSourceIdentity").await?;
        }
        Ok(role)
    }

    pub(super) fn check_duration(&self, cx: &Context, role: &Role) -> Result<(), Error> {
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
        Ok(())
    }

    async fn require(&self, cx: &Context, role: &Role, action: &'static str) -> Result<(), Error> {
        let access = self.access(action);
        // A federated user assumes no roles, whatever its policies say.
        if matches!(*cx.principal, Principal::Federated { .. }) {
            return Err(self.denied(cx, action));
        }
        let trust = Policy::parse(&role.trust).map_err(Error::internal)?;
        cx.authorize_required(&access, &trust).await.map_err(|error| match error.code() {
            "AccessDeniedException" => self.denied(cx, action),
            _ => error,
        })
    }

    fn access(&self, action: &'static str) -> Access {
        let access = Access::to(action, self.role.arn.as_str()).with("sts:RoleSessionName", &self.session);
        let mut access = self.tags.conditions(access);
        if let Some(id) = &self.external_id {
            access = access.with("sts:ExternalId", id);
        }
        if let Some(who) = &self.source_identity {
            access = access.with("sts:SourceIdentity", who);
        }
        access
    }

    fn denied(&self, cx: &Context, action: &str) -> Error {
        let who = cx.principal.arn().map_or_else(|| cx.principal.user_id(), |arn| arn.to_string());
        let role = &self.role.arn;
        let message = format!("User: {who} is not authorized to perform: {action} on resource: {role}");
        Error::new("AccessDeniedException", message)
    }
}
