//! `GetAccountPasswordPolicy`: what passwords of users must be like, where that was set.

use weft_model::iam::{GetAccountPasswordPolicyResponse, PasswordPolicy};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::errors::no_such_entity;
use crate::{Iam, accounts};

/// A parsed `GetAccountPasswordPolicy` request.
pub(crate) struct GetAccountPasswordPolicy;

impl Operation for GetAccountPasswordPolicy {
    const NAME: &'static str = "GetAccountPasswordPolicy";
    type Service = Iam;
    type Input = ();
    type Output = GetAccountPasswordPolicyResponse;

    fn parse((): Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self)
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("iam:GetAccountPasswordPolicy", "*")]
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        let account = cx.scope.account;
        let settings = iam.read(move |tx| accounts::get(tx, account)).await?;
        let missing =
            || no_such_entity(format!("The Password Policy with domain name {account} cannot be found."));
        let rules = settings.passwords.ok_or_else(missing)?;
        let shown = PasswordPolicy {
            minimum_password_length: Some(rules.length_min),
            require_symbols: Some(rules.symbols),
            require_numbers: Some(rules.numbers),
            require_uppercase_characters: Some(rules.upper),
            require_lowercase_characters: Some(rules.lower),
            allow_users_to_change_password: Some(rules.users_may_change),
            expire_passwords: Some(rules.days_max.is_some()),
            max_password_age: rules.days_max,
            password_reuse_prevention: rules.remembered,
            hard_expiry: rules.hard_expiry,
        };
        Ok(GetAccountPasswordPolicyResponse { password_policy: Some(shown) })
    }
}
