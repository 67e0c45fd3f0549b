//! `CreateAccessKey`: a new key, whose secret is shown this once.

use weft_model::iam::{AccessKey as Shown, CreateAccessKeyRequest, CreateAccessKeyResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

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
        let shown = Shown {
            user_name: name.clone(),
            access_key_id: id.clone(),
            status: record.status(),
            secret_access_key: record.secret.clone(),
            create_date: Some(created),
        };
        iam.change(cx, &name, move |tx, user: &mut User| {
            if user.keys.len() >= KEYS_MAX {
                return Err(quota("AccessKeysPerUser", KEYS_MAX));
            }
            user.keys.push(id.clone());
            Ok(KEYS.insert(tx, &(id.clone(),), &record)?)
        })
        .await?;
        Ok(CreateAccessKeyResponse { access_key: Some(shown) })
    }
}
