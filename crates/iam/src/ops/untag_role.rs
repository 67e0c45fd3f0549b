//! `UntagRole`: takes tags from a role; keys that it has not are ignored.

use weft_model::iam::UntagRoleRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::named::on;
use crate::records::Role;
use crate::{Iam, tags};

/// A parsed `UntagRole` request.
pub(crate) struct UntagRole {
    name: String,
    keys: Vec<String>,
}

impl Operation for UntagRole {
    const NAME: &'static str = "UntagRole";
    type Service = Iam;
    type Input = UntagRoleRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.role_name, keys: input.tag_keys })
    }

    /// The role's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        iam.allow::<Role>(cx, on("iam:UntagRole", &self.name).with_values("aws:TagKeys", &self.keys)).await?;
        iam.change(cx, &self.name, move |_, role: &mut Role| {
            tags::remove(&mut role.tags, &self.keys);
            Ok(())
        })
        .await
    }
}
