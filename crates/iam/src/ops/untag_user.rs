//! `UntagUser`: takes tags from a user; keys that it has not are ignored.

use weft_model::iam::UntagUserRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::named::on;
use crate::records::User;
use crate::{Iam, tags};

/// A parsed `UntagUser` request.
pub(crate) struct UntagUser {
    name: String,
    keys: Vec<String>,
}

impl Operation for UntagUser {
    const NAME: &'static str = "UntagUser";
    type Service = Iam;
    type Input = UntagUserRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.user_name, keys: input.tag_keys })
    }

    /// The user's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        iam.allow::<User>(cx, on("iam:UntagUser", &self.name).with_values("aws:TagKeys", &self.keys)).await?;
        iam.change(cx, &self.name, move |_, user: &mut User| {
            tags::remove(&mut user.tags, &self.keys);
            Ok(())
        })
        .await
    }
}
