//! `PutRolePermissionsBoundary`: bounds what a role's policies can give, or sets another bound.

use weft_model::iam::PutRolePermissionsBoundaryRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::records::Role;

/// A parsed `PutRolePermissionsBoundary` request.
pub(crate) struct PutRolePermissionsBoundary {
    name: String,
    boundary: String,
}

impl Operation for PutRolePermissionsBoundary {
    const NAME: &'static str = "PutRolePermissionsBoundary";
    type Service = Iam;
    type Input = PutRolePermissionsBoundaryRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.role_name, boundary: input.permissions_boundary })
    }

    /// The role's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        let access = on("iam:PutRolePermissionsBoundary", &self.name);
        iam.allow::<Role>(cx, access.with("iam:PermissionsBoundary", &self.boundary)).await?;
        iam.set_boundary::<Role>(cx, &self.name, Some(self.boundary)).await
    }
}
