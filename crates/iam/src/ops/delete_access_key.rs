//! `DeleteAccessKey`: the key stops to work at once.

use weft_model::iam::DeleteAccessKeyRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::ops::show::{no_key, own_name};
use crate::records::{KEYS, User};

/// A parsed `DeleteAccessKey` request.
pub(crate) struct DeleteAccessKey {
    user: Option<String>,
    key: String,
}

impl Operation for DeleteAccessKey {
    const NAME: &'static str = "DeleteAccessKey";
    type Service = Iam;
    type Input = DeleteAccessKeyRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { user: input.user_name, key: input.access_key_id })
    }

    /// The user's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        let name = own_name(self.user, &cx.principal)?;
        iam.allow::<User>(cx, on("iam:DeleteAccessKey", &name)).await?;
        let id = self.key;
        iam.change(cx, &name, move |tx, user: &mut User| {
            let at = user.keys.iter().position(|known| *known == id).ok_or_else(|| no_key(&id))?;
            user.keys.remove(at);
            Ok(KEYS.remove(tx, &(id.as_str(),))?)
        })
        .await
    }
}
