//! Who may not call IAM at all: sessions of `GetSessionToken` without a second factor, and federated users.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html>.

use weft_service::{Access, Context, Error, Operation, Principal, Scope};

use crate::Iam;

/// An operation that they may not call.
pub(super) struct Gated<O>(O);

impl<O: Operation<Service = Iam>> Operation for Gated<O> {
    const NAME: &'static str = O::NAME;
    type Service = Iam;
    type Input = O::Input;
    type Output = O::Output;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        O::parse(input, scope).map(Self)
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        self.0.accesses(scope)
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        if is_shut_out(cx) {
            let message = "The security token included in the request is invalid";
            return Err(Error::new("InvalidClientTokenId", message).with_status(403));
        }
        self.0.run(iam, cx).await
    }
}

/// Only calls from outside are shut out: a service that asks IAM on somebody's behalf is its own to judge.
fn is_shut_out(cx: &Context) -> bool {
    cx.depth == 0
        && match &*cx.principal {
            Principal::Federated { .. } => true,
            Principal::User { .. } | Principal::Root(_) => {
                cx.session.as_ref().is_some_and(|session| !session.mfa)
            }
            Principal::Session { .. } | Principal::Service { .. } | Principal::Anonymous => false,
        }
}
