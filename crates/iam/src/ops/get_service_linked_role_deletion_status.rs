//! `GetServiceLinkedRoleDeletionStatus`: how far a service-linked role's deletion is: done, as it is done at once.

use weft_model::iam::{
    GetServiceLinkedRoleDeletionStatusRequest, GetServiceLinkedRoleDeletionStatusResponse,
};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::errors::no_such_entity;
use crate::records::DELETIONS;

/// A parsed `GetServiceLinkedRoleDeletionStatus` request.
pub(crate) struct GetServiceLinkedRoleDeletionStatus {
    task: String,
}

impl Operation for GetServiceLinkedRoleDeletionStatus {
    const NAME: &'static str = "GetServiceLinkedRoleDeletionStatus";
    type Service = Iam;
    type Input = GetServiceLinkedRoleDeletionStatusRequest;
    type Output = GetServiceLinkedRoleDeletionStatusResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { task: input.deletion_task_id })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        // The task names the role after its first part.
        let place = self.task.strip_prefix("task/").and_then(|rest| rest.rsplit_once('/'));
        let arn = scope.global_arn("iam", &format!("role/{}", place.map_or("*", |(place, _)| place)));
        vec![Access::to("iam:GetServiceLinkedRoleDeletionStatus", arn.to_string())]
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        let account = cx.scope.account;
        let found =
            iam.read(move |tx| Ok(DELETIONS.get(tx, &(account.as_u64(), self.task.as_str()))?)).await?;
        if found.is_none() {
            return Err(no_such_entity("The deletion task cannot be found."));
        }
        Ok(GetServiceLinkedRoleDeletionStatusResponse { status: Some("SUCCEEDED".to_owned()), reason: None })
    }
}
