//! `UpdateAssumeRolePolicy`: whom a role trusts from now on.

use weft_model::iam::UpdateAssumeRolePolicyRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::ops::trust;
use crate::records::Role;

/// A parsed `UpdateAssumeRolePolicy` request.
pub(crate) struct UpdateAssumeRolePolicy {
    name: String,
    trust: String,
}

impl Operation for UpdateAssumeRolePolicy {
    const NAME: &'static str = "UpdateAssumeRolePolicy";
    type Service = Iam;
    type Input = UpdateAssumeRolePolicyRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.role_name, trust: input.policy_document })
    }

    /// The role's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        iam.allow::<Role>(cx, on("iam:UpdateAssumeRolePolicy", &self.name)).await?;
        let trusted = trust::check(&self.trust)?;
        iam.change(cx, &self.name, move |tx, role: &mut Role| {
            role.trust = trust::bind(tx, &trusted, &self.trust)?;
            Ok(())
        })
        .await
    }
}
