//! `DeleteInstanceProfile`: removes an instance profile that has no role.

use weft_model::iam::DeleteInstanceProfileRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::errors::{ROLES_FIRST, delete_conflict};
use crate::named::{self, on};
use crate::records::InstanceProfile;

/// A parsed `DeleteInstanceProfile` request.
pub(crate) struct DeleteInstanceProfile {
    name: String,
}

impl Operation for DeleteInstanceProfile {
    const NAME: &'static str = "DeleteInstanceProfile";
    type Service = Iam;
    type Input = DeleteInstanceProfileRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.instance_profile_name })
    }

    /// The profile's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        iam.allow::<InstanceProfile>(cx, on("iam:DeleteInstanceProfile", &self.name)).await?;
        let account = cx.scope.account;
        iam.write(move |tx| {
            let profile: InstanceProfile = named::get(tx, account, &self.name)?;
            if profile.role.is_some() {
                return Err(delete_conflict(ROLES_FIRST));
            }
            named::remove(tx, &profile)
        })
        .await
    }
}
