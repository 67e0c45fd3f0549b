//! `RemoveUserFromGroup`: takes a user out of a group. One that is not in it stays as it is, as with AWS.

use weft_model::iam::RemoveUserFromGroupRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::named::{self, on};
use crate::records::{Group, User};
use crate::{Iam, members};

/// A parsed `RemoveUserFromGroup` request.
pub(crate) struct RemoveUserFromGroup {
    group: String,
    user: String,
}

impl Operation for RemoveUserFromGroup {
    const NAME: &'static str = "RemoveUserFromGroup";
    type Service = Iam;
    type Input = RemoveUserFromGroupRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { group: input.group_name, user: input.user_name })
    }

    /// The group's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        iam.allow::<Group>(cx, on("iam:RemoveUserFromGroup", &self.group)).await?;
        let account = cx.scope.account;
        iam.write(move |tx| {
            let group: Group = named::get(tx, account, &self.group)?;
            let user: User = named::get(tx, account, &self.user)?;
            members::leave(tx, &group, user)
        })
        .await
    }
}
