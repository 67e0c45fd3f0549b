//! `PutUserPermissionsBoundary`: bounds what a user's policies can give, or sets another bound.

use weft_model::iam::PutUserPermissionsBoundaryRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::records::User;

/// A parsed `PutUserPermissionsBoundary` request.
pub(crate) struct PutUserPermissionsBoundary {
    name: String,
    boundary: String,
}

impl Operation for PutUserPermissionsBoundary {
    const NAME: &'static str = "PutUserPermissionsBoundary";
    type Service = Iam;
    type Input = PutUserPermissionsBoundaryRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.user_name, boundary: input.permissions_boundary })
    }

    /// The user's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        let access = on("iam:PutUserPermissionsBoundary", &self.name);
        iam.allow::<User>(cx, access.with("iam:PermissionsBoundary", &self.boundary)).await?;
        iam.set_boundary::<User>(cx, &self.name, Some(self.boundary)).await
    }
}
