//! `GetCallerIdentity`: who asks. Needs no permission.

use weft_model::sts::{GetCallerIdentityRequest, GetCallerIdentityResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;

/// A parsed `GetCallerIdentity` request.
pub(crate) struct GetCallerIdentity;

impl Operation for GetCallerIdentity {
    const NAME: &'static str = "GetCallerIdentity";
    type Service = Iam;
    type Input = GetCallerIdentityRequest;
    type Output = GetCallerIdentityResponse;

    fn parse(_: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self)
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, _: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        Ok(GetCallerIdentityResponse {
            user_id: Some(cx.principal.user_id()),
            account: Some(cx.scope.account.to_string()),
            arn: cx.principal.arn().map(|arn| arn.to_string()),
        })
    }
}
