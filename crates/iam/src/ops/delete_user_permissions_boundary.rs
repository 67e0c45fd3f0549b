//! `DeleteUserPermissionsBoundary`: takes a user's boundary away; its policies count in full from then on.

use weft_model::iam::DeleteUserPermissionsBoundaryRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::records::User;

/// A parsed `DeleteUserPermissionsBoundary` request.
pub(crate) struct DeleteUserPermissionsBoundary {
    name: String,
}

impl Operation for DeleteUserPermissionsBoundary {
    const NAME: &'static str = "DeleteUserPermissionsBoundary";
    type Service = Iam;
    type Input = DeleteUserPermissionsBoundaryRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.user_name })
    }

    /// The user's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        iam.allow::<User>(cx, on("iam:DeleteUserPermissionsBoundary", &self.name)).await?;
        iam.set_boundary::<User>(cx, &self.name, None).await
    }
}
