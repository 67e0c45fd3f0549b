//! `TagRole`: adds tags to a role, or changes their values.

use std::collections::BTreeMap;

use weft_model::iam::TagRoleRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::named::on;
use crate::records::Role;
use crate::{Iam, tags};

/// A parsed `TagRole` request.
pub(crate) struct TagRole {
    name: String,
    tags: BTreeMap<String, String>,
}

impl Operation for TagRole {
    const NAME: &'static str = "TagRole";
    type Service = Iam;
    type Input = TagRoleRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.role_name, tags: tags::parse(Some(input.tags))? })
    }

    /// The role's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        iam.allow::<Role>(cx, on("iam:TagRole", &self.name).tagged(&self.tags)).await?;
        iam.change(cx, &self.name, move |_, role: &mut Role| tags::merge(&mut role.tags, &self.tags)).await
    }
}
