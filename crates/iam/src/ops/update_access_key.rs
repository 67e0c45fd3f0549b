//! `UpdateAccessKey`: active or inactive.

use weft_model::iam::UpdateAccessKeyRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::errors::invalid_input;
use crate::named::on;
use crate::ops::show::{no_key, own_name};
use crate::records::{KEYS, User};

/// A parsed `UpdateAccessKey` request.
pub(crate) struct UpdateAccessKey {
    user: Option<String>,
    key: String,
    active: bool,
}

impl Operation for UpdateAccessKey {
    const NAME: &'static str = "UpdateAccessKey";
    type Service = Iam;
    type Input = UpdateAccessKeyRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let active = match input.status.as_str() {
            "Active" => true,
            "Inactive" => false,
            // The model has it, for keys that AWS ends by itself.
            status => {
                return Err(invalid_input(format!("An access key's status cannot be set to {status}.")));
            }
        };
        Ok(Self { user: input.user_name, key: input.access_key_id, active })
    }

    /// The user's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        let name = own_name(self.user, &cx.principal)?;
        iam.allow::<User>(cx, on("iam:UpdateAccessKey", &name)).await?;
        let (id, active) = (self.key, self.active);
        iam.change(cx, &name, move |tx, user: &mut User| {
            let known = user.keys.contains(&id);
            let mut key = KEYS.get(tx, &(id.as_str(),))?.filter(|_| known).ok_or_else(|| no_key(&id))?;
            key.active = active;
            Ok(KEYS.insert(tx, &(id.clone(),), &key)?)
        })
        .await
    }
}
