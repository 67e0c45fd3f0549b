//! `DeleteAccountAlias`: takes the account's alias away.

use weft_model::iam::DeleteAccountAliasRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::errors::no_such_entity;
use crate::records::ALIASES;
use crate::{Iam, accounts};

/// A parsed `DeleteAccountAlias` request.
pub(crate) struct DeleteAccountAlias {
    alias: String,
}

impl Operation for DeleteAccountAlias {
    const NAME: &'static str = "DeleteAccountAlias";
    type Service = Iam;
    type Input = DeleteAccountAliasRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { alias: input.account_alias })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("iam:DeleteAccountAlias", "*")]
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        let account = cx.scope.account;
        iam.write(move |tx| {
            let mut settings = accounts::get(tx, account)?;
            if settings.alias.as_ref() != Some(&self.alias) {
                let message = format!("The account alias {} cannot be found.", self.alias);
                return Err(no_such_entity(message));
            }
            settings.alias = None;
            ALIASES.remove(tx, &(self.alias.as_str(),))?;
            accounts::set(tx, account, &settings)
        })
        .await
    }
}
