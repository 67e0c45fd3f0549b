//! `UpdateUser`: another name or path; keys and policies stay.

use weft_model::iam::UpdateUserRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::named::{self, Renamed};
use crate::records::{KEYS, User};
use crate::{Iam, members};

/// A parsed `UpdateUser` request.
pub(crate) struct UpdateUser {
    name: String,
    new_name: Option<String>,
    new_path: Option<String>,
}

impl Operation for UpdateUser {
    const NAME: &'static str = "UpdateUser";
    type Service = Iam;
    type Input = UpdateUserRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.user_name, new_name: input.new_user_name, new_path: input.new_path })
    }

    /// The user's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        let account = cx.scope.account;
        let to = Renamed { name: self.new_name.as_deref(), path: self.new_path.as_deref() };
        iam.allow_rename::<User>(cx, "iam:UpdateUser", &self.name, to).await?;
        iam.write(move |tx| {
            let mut user: User = named::get(tx, account, &self.name)?;
            let new_name = self.new_name.as_ref().unwrap_or(&self.name);
            for id in &user.keys {
                if let Some(mut key) = KEYS.get(tx, &(id.as_str(),))? {
                    key.user.clone_from(new_name);
                    KEYS.insert(tx, &(id.clone(),), &key)?;
                }
            }
            user.name.clone_from(new_name);
            user.path = self.new_path.clone().unwrap_or(user.path);
            named::rename(tx, &self.name, &user)?;
            members::user_renamed(tx, &user, &self.name)
        })
        .await
    }
}
