//! `AddRoleToInstanceProfile`: gives an instance profile its role, of which it has one at most.

use weft_model::iam::AddRoleToInstanceProfileRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::errors::quota;
use crate::named::{self, Named as _, on};
use crate::records::{InstanceProfile, Role};

/// A parsed `AddRoleToInstanceProfile` request.
pub(crate) struct AddRoleToInstanceProfile {
    profile: String,
    role: String,
}

impl Operation for AddRoleToInstanceProfile {
    const NAME: &'static str = "AddRoleToInstanceProfile";
    type Service = Iam;
    type Input = AddRoleToInstanceProfileRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { profile: input.instance_profile_name, role: input.role_name })
    }

    /// The profile's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        iam.allow::<InstanceProfile>(cx, on("iam:AddRoleToInstanceProfile", &self.profile)).await?;
        let pass = on("iam:PassRole", &self.role).with("iam:PassedToService", "ec2.amazonaws.com");
        iam.allow::<Role>(cx, pass).await?;
        let account = cx.scope.account;
        iam.change(cx, &self.profile, move |tx, profile: &mut InstanceProfile| {
            let role: Role = named::get(tx, account, &self.role)?;
            role.changeable()?;
            if profile.role.is_some() {
                return Err(quota("InstanceSessionsPerInstanceProfile", 1));
            }
            profile.role = Some(role.name);
            Ok(())
        })
        .await
    }
}
