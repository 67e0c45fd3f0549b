//! `GetSessionToken`: temporary keys with the caller's own rights. Needs no permission, but long-lived keys.

use std::time::Duration;

use weft_model::sts::{GetSessionTokenRequest, GetSessionTokenResponse};
use weft_service::{Access, Context, Error, Operation, Principal, Scope};

use crate::Iam;
use crate::assume::NewSession;
use crate::ops::sts::refuse_mfa;
use crate::seal::Who;

/// 12 hours.
const SECONDS_DEFAULT: i32 = 43_200;
/// The most for root.
const ROOT_SECONDS_MAX: i32 = 3600;

/// A parsed `GetSessionToken` request.
pub(crate) struct GetSessionToken {
    seconds: i32,
}

impl Operation for GetSessionToken {
    const NAME: &'static str = "GetSessionToken";
    type Service = Iam;
    type Input = GetSessionTokenRequest;
    type Output = GetSessionTokenResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        refuse_mfa(input.serial_number.as_ref(), input.token_code.as_ref())?;
        Ok(Self { seconds: input.duration_seconds.unwrap_or(SECONDS_DEFAULT) })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        let denied =
            || Error::new("AccessDeniedException", "Cannot call GetSessionToken with session credentials");
        if cx.access_key_id.as_deref().is_some_and(|id| id.starts_with("ASIA")) {
            return Err(denied());
        }
        let (who, seconds) = match &*cx.principal {
            Principal::Root(_) => (Who::Root, self.seconds.min(ROOT_SECONDS_MAX)),
            Principal::User { name, id, .. } => {
                (Who::User { name: name.clone(), id: id.clone() }, self.seconds)
            }
            _ => return Err(denied()),
        };
        let grant = NewSession { account: cx.scope.account, who, policy: None, policy_arns: Vec::new() };
        let duration = Duration::from_secs(u64::from(seconds.unsigned_abs()));
        Ok(GetSessionTokenResponse { credentials: Some(iam.issue(grant, cx.scope.now, duration)) })
    }
}
