//! `DeleteServiceLinkedRole`: removes the role of a service. AWS does so in the background and names a task; here it is done when the task is named.

use weft_model::iam::{DeleteServiceLinkedRoleRequest, DeleteServiceLinkedRoleResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::named::{self, Named as _, on};
use crate::records::Role;
use crate::{Iam, deletions, uses};

/// A parsed `DeleteServiceLinkedRole` request.
pub(crate) struct DeleteServiceLinkedRole {
    name: String,
}

impl Operation for DeleteServiceLinkedRole {
    const NAME: &'static str = "DeleteServiceLinkedRole";
    type Service = Iam;
    type Input = DeleteServiceLinkedRoleRequest;
    type Output = DeleteServiceLinkedRoleResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.role_name })
    }

    /// The role's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        iam.allow::<Role>(cx, on("iam:DeleteServiceLinkedRole", &self.name)).await?;
        let (account, now, unique) = (cx.scope.account, cx.scope.now, weft_service::request_id());
        let task = iam
            .write(move |tx| {
                let role =
                    named::find::<Role>(tx, account, &self.name)?.filter(|role| role.service.is_some());
                let role = role.ok_or_else(|| Role::missing(&self.name))?;
                for arn in &role.grants.attached {
                    uses::count_attachment(tx, account, arn, -1)?;
                }
                named::remove(tx, &role)?;
                let task = format!("task{}{}/{unique}", role.path, role.name);
                deletions::remember(tx, account, &task, now)?;
                Ok(task)
            })
            .await?;
        Ok(DeleteServiceLinkedRoleResponse { deletion_task_id: Some(task) })
    }
}
