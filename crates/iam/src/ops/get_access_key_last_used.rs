//! `GetAccessKeyLastUsed`: whose key it is. Uses are not recorded (every request would write), so the answer is the one that
//! AWS gives for a key whose use it has not tracked.

use weft_model::iam::{AccessKeyLastUsed, GetAccessKeyLastUsedRequest, GetAccessKeyLastUsedResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::named::on;
use crate::ops::show::no_key;
use crate::records::{KEYS, User};

/// A parsed `GetAccessKeyLastUsed` request.
pub(crate) struct GetAccessKeyLastUsed {
    key: String,
}

impl Operation for GetAccessKeyLastUsed {
    const NAME: &'static str = "GetAccessKeyLastUsed";
    type Service = Iam;
    type Input = GetAccessKeyLastUsedRequest;
    type Output = GetAccessKeyLastUsedResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { key: input.access_key_id })
    }

    /// The key's user is not known yet: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        let (id, account) = (self.key.clone(), cx.scope.account);
        let key = iam.read(move |tx| Ok(KEYS.get(tx, &(id.as_str(),))?)).await?;
        let key = key.filter(|key| key.account == account);
        let name = key.as_ref().map_or("*", |key| &key.user);
        iam.allow::<User>(cx, on("iam:GetAccessKeyLastUsed", name)).await?;
        let key = key.ok_or_else(|| no_key(&self.key))?;
        let untracked = AccessKeyLastUsed {
            last_used_date: None,
            service_name: "N/A".to_owned(),
            region: "N/A".to_owned(),
        };
        Ok(GetAccessKeyLastUsedResponse { user_name: Some(key.user), access_key_last_used: Some(untracked) })
    }
}
