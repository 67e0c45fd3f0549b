//! `UpdateRoleDescription`: another description; the older way to say it.

use weft_model::iam::{UpdateRoleDescriptionRequest, UpdateRoleDescriptionResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::records::Role;

/// A parsed `UpdateRoleDescription` request.
pub(crate) struct UpdateRoleDescription {
    name: String,
    description: String,
}

impl Operation for UpdateRoleDescription {
    const NAME: &'static str = "UpdateRoleDescription";
    type Service = Iam;
    type Input = UpdateRoleDescriptionRequest;
    type Output = UpdateRoleDescriptionResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.role_name, description: input.description })
    }

    /// The role's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        iam.allow::<Role>(cx, on("iam:UpdateRoleDescription", &self.name)).await?;
        let role = iam
            .change_any(cx, &self.name, move |tx, role: &mut Role| {
                role.description = Some(self.description.clone());
                Ok(role.clone().shown(tx)?.show())
            })
            .await?;
        Ok(UpdateRoleDescriptionResponse { role: Some(role) })
    }
}
