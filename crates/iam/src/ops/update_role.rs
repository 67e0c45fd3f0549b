//! `UpdateRole`: another description or session length. A member that is not given is set back, as with AWS.

use weft_model::iam::{UpdateRoleRequest, UpdateRoleResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::records::Role;

/// A parsed `UpdateRole` request.
pub(crate) struct UpdateRole {
    name: String,
    description: Option<String>,
    session_seconds_max: i32,
}

impl Operation for UpdateRole {
    const NAME: &'static str = "UpdateRole";
    type Service = Iam;
    type Input = UpdateRoleRequest;
    type Output = UpdateRoleResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self {
            name: input.role_name,
            description: input.description,
            session_seconds_max: input.max_session_duration.unwrap_or(3600),
        })
    }

    /// The role's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        iam.allow::<Role>(cx, on("iam:UpdateRole", &self.name)).await?;
        iam.change(cx, &self.name, move |_, role: &mut Role| {
            role.description.clone_from(&self.description);
            role.session_seconds_max = self.session_seconds_max;
            Ok(())
        })
        .await?;
        Ok(UpdateRoleResponse {})
    }
}
