//! `GetAccessKeyInfo`: the account of an access key.

use weft_model::sts::{GetAccessKeyInfoRequest, GetAccessKeyInfoResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::errors::validation;
use crate::records::KEYS;

/// A parsed `GetAccessKeyInfo` request.
pub(crate) struct GetAccessKeyInfo {
    key: String,
}

impl Operation for GetAccessKeyInfo {
    const NAME: &'static str = "GetAccessKeyInfo";
    type Service = Iam;
    type Input = GetAccessKeyInfoRequest;
    type Output = GetAccessKeyInfoResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { key: input.access_key_id })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("sts:GetAccessKeyInfo", "*")]
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        let id = self.key.clone();
        let found = iam.read(move |tx| Ok(KEYS.get(tx, &(id.as_str(),))?)).await?;
        let own = cx.access_key_id.as_deref() == Some(self.key.as_str());
        let account = match found {
            Some(key) => key.account,
            // Sessions are not stored; a caller's own is known.
            None if own => cx.scope.account,
            None => return Err(validation(format!("Access key {} is not known.", self.key))),
        };
        Ok(GetAccessKeyInfoResponse { account: Some(account.to_string()) })
    }
}
