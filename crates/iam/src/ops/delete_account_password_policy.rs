//! `DeleteAccountPasswordPolicy`: sets back what passwords of users must be like.

use weft_service::{Access, Context, Error, Operation, Scope};

use crate::errors::no_such_entity;
use crate::records::Account;
use crate::{Iam, accounts};

/// A parsed `DeleteAccountPasswordPolicy` request.
pub(crate) struct DeleteAccountPasswordPolicy;

impl Operation for DeleteAccountPasswordPolicy {
    const NAME: &'static str = "DeleteAccountPasswordPolicy";
    type Service = Iam;
    type Input = ();
    type Output = ();

    fn parse((): Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self)
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("iam:DeleteAccountPasswordPolicy", "*")]
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        let account = cx.scope.account;
        iam.write(move |tx| {
            let settings = accounts::get(tx, account)?;
            if settings.passwords.is_none() {
                let message = "The account policy with name PasswordPolicy cannot be found.";
                return Err(no_such_entity(message));
            }
            accounts::set(tx, account, &Account { passwords: None, ..settings })
        })
        .await
    }
}
