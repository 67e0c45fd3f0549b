//! `RemoveRoleFromInstanceProfile`: takes the role out of an instance profile.

use weft_model::iam::RemoveRoleFromInstanceProfileRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::{Named as _, on};
use crate::records::{InstanceProfile, Role};

/// A parsed `RemoveRoleFromInstanceProfile` request.
pub(crate) struct RemoveRoleFromInstanceProfile {
    profile: String,
    role: String,
}

impl Operation for RemoveRoleFromInstanceProfile {
    const NAME: &'static str = "RemoveRoleFromInstanceProfile";
    type Service = Iam;
    type Input = RemoveRoleFromInstanceProfileRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { profile: input.instance_profile_name, role: input.role_name })
    }

    /// The profile's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        iam.allow::<InstanceProfile>(cx, on("iam:RemoveRoleFromInstanceProfile", &self.profile)).await?;
        iam.change(cx, &self.profile, move |_, profile: &mut InstanceProfile| {
            match profile.role.take_if(|role| *role == self.role) {
                Some(_) => Ok(()),
                None => Err(Role::missing(&self.role)),
            }
        })
        .await
    }
}
