//! `DeleteGroup`: removes a group that has neither users nor policies.

use weft_model::iam::DeleteGroupRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::errors::delete_conflict;
use crate::named::{self, on};
use crate::records::Group;
use crate::{Iam, entity, members};

/// A parsed `DeleteGroup` request.
pub(crate) struct DeleteGroup {
    name: String,
}

impl Operation for DeleteGroup {
    const NAME: &'static str = "DeleteGroup";
    type Service = Iam;
    type Input = DeleteGroupRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.group_name })
    }

    /// The group's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        iam.allow::<Group>(cx, on("iam:DeleteGroup", &self.name)).await?;
        let account = cx.scope.account;
        iam.write(move |tx| {
            let group: Group = named::get(tx, account, &self.name)?;
            if members::any(tx, &group)? {
                return Err(delete_conflict("Cannot delete entity, must remove users from group first."));
            }
            entity::remove(tx, &group)
        })
        .await
    }
}
