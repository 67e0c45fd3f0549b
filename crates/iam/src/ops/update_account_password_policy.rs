//! `UpdateAccountPasswordPolicy`: what passwords of users must be like. A member that is not given is set back, as with AWS.

use weft_model::iam::UpdateAccountPasswordPolicyRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::records::{Account, PasswordRules};
use crate::{Iam, accounts};

/// A parsed `UpdateAccountPasswordPolicy` request.
pub(crate) struct UpdateAccountPasswordPolicy {
    rules: PasswordRules,
}

impl Operation for UpdateAccountPasswordPolicy {
    const NAME: &'static str = "UpdateAccountPasswordPolicy";
    type Service = Iam;
    type Input = UpdateAccountPasswordPolicyRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let is = |member: Option<bool>| member.unwrap_or(false);
        let rules = PasswordRules {
            length_min: input.minimum_password_length.unwrap_or(6),
            symbols: is(input.require_symbols),
            numbers: is(input.require_numbers),
            upper: is(input.require_uppercase_characters),
            lower: is(input.require_lowercase_characters),
            users_may_change: is(input.allow_users_to_change_password),
            days_max: input.max_password_age,
            remembered: input.password_reuse_prevention,
            hard_expiry: input.hard_expiry,
        };
        Ok(Self { rules })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("iam:UpdateAccountPasswordPolicy", "*")]
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        let (account, rules) = (cx.scope.account, self.rules);
        iam.write(move |tx| {
            let settings = accounts::get(tx, account)?;
            accounts::set(tx, account, &Account { passwords: Some(rules), ..settings })
        })
        .await
    }
}
