//! `GetSessionToken`: temporary keys with the caller's own rights. Needs no permission, but long-lived keys.

use weft_model::sts::{GetSessionTokenRequest, GetSessionTokenResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::assume::NewSession;
use crate::ops::sts::long_lived::{SECONDS_DEFAULT, long_lived};
use crate::ops::sts::refuse_mfa;

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
        let (who, duration) = long_lived(cx, Self::NAME, self.seconds)?;
        let grant = NewSession::plain(cx.scope.account, who);
        Ok(GetSessionTokenResponse { credentials: Some(iam.issue(grant, cx.scope.now, duration)) })
    }
}
