//! `CreateAccessKey`: a new key, whose secret is shown this once.

use weft_model::iam::{AccessKey as Shown, CreateAccessKeyRequest, CreateAccessKeyResponse};
use weft_service::{Access, Context, Error, Once, Operation, Scope};
use weft_store::WriteTx;

use crate::errors::quota;
use crate::named::on;
use crate::ops::show::own_name;
use crate::records::{AccessKey, KEYS, User};
use crate::{Iam, ids};

/// Keys that a user may have.
const KEYS_MAX: usize = 2;

/// A parsed `CreateAccessKey` request.
pub(crate) struct CreateAccessKey {
    user: Option<String>,
}

impl Operation for CreateAccessKey {
    const NAME: &'static str = "CreateAccessKey";
    type Service = Iam;
    type Input = CreateAccessKeyRequest;
    type Output = CreateAccessKeyResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { user: input.user_name })
    }

    /// The user's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        let name = own_name(self.user, &cx.principal)?;
        iam.allow::<User>(cx, on("iam:CreateAccessKey", &name)).await?;
        let id = ids::access_key_id("AKIA");
        let (account, created) = (cx.scope.account, cx.scope.now);
        let record = AccessKey { account, user: name.clone(), secret: ids::secret(), active: true, created };
        let once = Once::of(cx);
        let made = iam.change(cx, &name, move |tx, user: &mut User| {
            let there = user.keys.clone();
            let find = |tx: &WriteTx<'_>, id: &str| match there.iter().find(|key| *key == id) {
                Some(key) => Ok(KEYS.get(tx, &(id,))?.map(|record| (key.clone(), record))),
                None => Ok(None),
            };
            let make = |tx: &mut WriteTx<'_>| {
                add(tx, user, &id, &record)?;
                Ok((id.clone(), (id.clone(), record.clone())))
            };
            once.make(tx, find, make)
        });
        let (id, record) = made.await?;
        let shown = Shown {
            user_name: name,
            access_key_id: id,
            status: record.status(),
            secret_access_key: record.secret,
            create_date: Some(record.created),
        };
        Ok(CreateAccessKeyResponse { access_key: Some(shown) })
    }
}

fn add(tx: &mut WriteTx<'_>, user: &mut User, id: &str, record: &AccessKey) -> Result<(), Error> {
    if user.keys.len() >= KEYS_MAX {
        return Err(quota("AccessKeysPerUser", KEYS_MAX));
    }
    user.keys.push(id.to_owned());
    Ok(KEYS.insert(tx, &(id.to_owned(),), record)?)
}
