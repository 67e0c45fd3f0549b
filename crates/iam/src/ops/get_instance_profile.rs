//! `GetInstanceProfile`: an instance profile with its role.

use weft_model::iam::{GetInstanceProfileRequest, GetInstanceProfileResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::{self, on};
use crate::records::InstanceProfile;

/// A parsed `GetInstanceProfile` request.
pub(crate) struct GetInstanceProfile {
    name: String,
}

impl Operation for GetInstanceProfile {
    const NAME: &'static str = "GetInstanceProfile";
    type Service = Iam;
    type Input = GetInstanceProfileRequest;
    type Output = GetInstanceProfileResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.instance_profile_name })
    }

    /// The profile's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        iam.allow::<InstanceProfile>(cx, on("iam:GetInstanceProfile", &self.name)).await?;
        let account = cx.scope.account;
        iam.read(move |tx| {
            let profile: InstanceProfile = named::get(tx, account, &self.name)?;
            let role = profile.find_role(tx)?;
            Ok(GetInstanceProfileResponse { instance_profile: Some(profile.show(role.as_ref())) })
        })
        .await
    }
}
