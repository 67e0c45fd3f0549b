//! `CreateAccountAlias`: a name for the account, in place of the one that it has.

use weft_model::iam::CreateAccountAliasRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::errors::already_exists;
use crate::records::{ALIASES, AliasOwner};
use crate::{Iam, accounts};

/// A parsed `CreateAccountAlias` request.
pub(crate) struct CreateAccountAlias {
    alias: String,
}

impl Operation for CreateAccountAlias {
    const NAME: &'static str = "CreateAccountAlias";
    type Service = Iam;
    type Input = CreateAccountAliasRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { alias: input.account_alias })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("iam:CreateAccountAlias", "*")]
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        let account = cx.scope.account;
        iam.write(move |tx| {
            let key = (self.alias.clone(),);
            if ALIASES.get(tx, &key)?.is_some() {
                return Err(already_exists(format!("The account alias {} already exists.", self.alias)));
            }
            let mut settings = accounts::get(tx, account)?;
            if let Some(old) = settings.alias.replace(self.alias.clone()) {
                ALIASES.remove(tx, &(old,))?;
            }
            ALIASES.insert(tx, &key, &AliasOwner(account.as_u64()))?;
            accounts::set(tx, account, &settings)
        })
        .await
    }
}
