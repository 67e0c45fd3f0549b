//! `DeleteRolePermissionsBoundary`: takes a role's boundary away; its policies count in full from then on.

use weft_model::iam::DeleteRolePermissionsBoundaryRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::records::Role;

/// A parsed `DeleteRolePermissionsBoundary` request.
pub(crate) struct DeleteRolePermissionsBoundary {
    name: String,
}

impl Operation for DeleteRolePermissionsBoundary {
    const NAME: &'static str = "DeleteRolePermissionsBoundary";
    type Service = Iam;
    type Input = DeleteRolePermissionsBoundaryRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.role_name })
    }

    /// The role's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        iam.allow::<Role>(cx, on("iam:DeleteRolePermissionsBoundary", &self.name)).await?;
        iam.set_boundary::<Role>(cx, &self.name, None).await
    }
}
