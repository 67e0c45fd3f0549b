//! `AddUserToGroup`: puts a user into a group; its policies count for the user at once.

use weft_model::iam::AddUserToGroupRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::named::{self, on};
use crate::records::{Group, User};
use crate::{Iam, members};

/// A parsed `AddUserToGroup` request.
pub(crate) struct AddUserToGroup {
    group: String,
    user: String,
}

impl Operation for AddUserToGroup {
    const NAME: &'static str = "AddUserToGroup";
    type Service = Iam;
    type Input = AddUserToGroupRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { group: input.group_name, user: input.user_name })
    }

    /// The group's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        iam.allow::<Group>(cx, on("iam:AddUserToGroup", &self.group)).await?;
        let account = cx.scope.account;
        iam.write(move |tx| {
            let group: Group = named::get(tx, account, &self.group)?;
            let user: User = named::get(tx, account, &self.user)?;
            members::join(tx, &group, user)
        })
        .await
    }
}
