//! `TagUser`: adds tags to a user, or changes their values.

use std::collections::BTreeMap;

use weft_model::iam::TagUserRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::named::on;
use crate::records::User;
use crate::{Iam, tags};

/// A parsed `TagUser` request.
pub(crate) struct TagUser {
    name: String,
    tags: BTreeMap<String, String>,
}

impl Operation for TagUser {
    const NAME: &'static str = "TagUser";
    type Service = Iam;
    type Input = TagUserRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.user_name, tags: tags::parse(Some(input.tags))? })
    }

    /// The user's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        iam.allow::<User>(cx, on("iam:TagUser", &self.name).tagged(&self.tags)).await?;
        iam.change(cx, &self.name, move |_, user: &mut User| tags::merge(&mut user.tags, &self.tags)).await
    }
}
