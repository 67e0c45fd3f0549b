//! `GetUser`: one user; the caller, where none is named.

use weft_model::iam::{self, GetUserRequest, GetUserResponse};
use weft_service::{Access, Context, Error, Operation, Principal, Scope};
use weft_types::Timestamp;

use crate::Iam;
use crate::named::on;
use crate::ops::show::own_name;
use crate::records::User;

/// A parsed `GetUser` request.
pub(crate) struct GetUser {
    name: Option<String>,
}

impl Operation for GetUser {
    const NAME: &'static str = "GetUser";
    type Service = Iam;
    type Input = GetUserRequest;
    type Output = GetUserResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.user_name })
    }

    /// The user's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        if let (None, Principal::Root(account)) = (&self.name, &*cx.principal) {
            let arn = cx.principal.arn().map(|arn| arn.to_string()).unwrap_or_default();
            let root = iam::User {
                path: "/".to_owned(),
                user_id: account.to_string(),
                arn,
                create_date: Timestamp::default(),
                ..iam::User::default()
            };
            return Ok(GetUserResponse { user: Some(root) });
        }
        let name = own_name(self.name, &cx.principal)?;
        iam.allow::<User>(cx, on("iam:GetUser", &name)).await?;
        let user = iam.entity::<User>(cx, &name).await?;
        Ok(GetUserResponse { user: Some(user.show()) })
    }
}
