//! `DeleteUser`: removes a user that has neither keys nor policies.

use weft_model::iam::DeleteUserRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::errors::delete_conflict;
use crate::named::{self, on};
use crate::records::User;
use crate::{Iam, entity};

/// A parsed `DeleteUser` request.
pub(crate) struct DeleteUser {
    name: String,
}

impl Operation for DeleteUser {
    const NAME: &'static str = "DeleteUser";
    type Service = Iam;
    type Input = DeleteUserRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.user_name })
    }

    /// The user's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        iam.allow::<User>(cx, on("iam:DeleteUser", &self.name)).await?;
        let account = cx.scope.account;
        iam.write(move |tx| {
            let user: User = named::get(tx, account, &self.name)?;
            if !user.keys.is_empty() {
                return Err(delete_conflict("Cannot delete entity, must delete access keys first."));
            }
            if !user.groups.is_empty() {
                return Err(delete_conflict("Cannot delete entity, must remove users from group first."));
            }
            entity::remove(tx, &user)
        })
        .await
    }
}
