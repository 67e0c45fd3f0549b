//! Principals of a statement, and who may assume a role.

use crate::condition::ConditionKeys;
use crate::{Effect, Listed, Policy, Statement};

/// What a `Principal` element names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Principals {
    /// `"*"` or `{"AWS": "*"}`.
    pub(crate) anyone: bool,
    /// Accounts' digits, from `123456789012` or `arn:aws:iam::123456789012:root`.
    pub(crate) accounts: Vec<Box<str>>,
    /// ARNs of users, roles and sessions.
    pub(crate) arns: Vec<Box<str>>,
    /// Services.
    pub(crate) services: Vec<Box<str>>,
    /// `Federated` and `CanonicalUser` principals, which nobody here can be.
    pub(crate) others: Vec<Box<str>>,
}

/// Who wants to assume a role.
#[derive(Debug, Clone, Copy)]
pub enum Trusted<'a> {
    /// A principal of an account.
    Account {
        /// The account's twelve digits.
        account: &'a str,
        /// The ARNs by which a policy may name it: a user's one; a session's own and its role's. Empty for root.
        arns: &'a [&'a str],
    },
    /// A service of the platform.
    Service(&'a str),
}

/// What a trust policy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// The caller itself is named: within one account that is enough.
    Direct,
    /// The caller's account is named: the caller's own policies must allow it as well.
    Account,
    /// A statement denies it.
    Denied,
    /// No statement names the caller.
    None,
}

/// Decides whether a role's trust policy lets somebody perform `action` (`sts:AssumeRole`).
pub fn evaluate_trust(
    policy: &Policy,
    caller: Trusted<'_>,
    action: &str,
    conditions: &dyn ConditionKeys,
) -> Trust {
    let mut trust = Trust::None;
    for statement in &policy.statements {
        let named = statement.names_caller(caller);
        if named == Named::No || !statement.names_action(action) || !statement.conditions_met(conditions) {
            continue;
        }
        match (statement.effect, named) {
            (Effect::Deny, _) => return Trust::Denied,
            (Effect::Allow, Named::Itself) => trust = Trust::Direct,
            (Effect::Allow, _) if trust == Trust::None => trust = Trust::Account,
            (Effect::Allow, _) => {}
        }
    }
    trust
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Itself,
    Account,
    No,
}

impl Statement {
    fn names_caller(&self, caller: Trusted<'_>) -> Named {
        match &self.principals {
            None => Named::No,
            Some(Listed::These(principals)) => principals.name(caller),
            // Everybody else is meant, so nobody by name.
            Some(Listed::AllBut(principals)) => match principals.name(caller) {
                Named::No => Named::Account,
                Named::Itself | Named::Account => Named::No,
            },
        }
    }
}

impl Principals {
    fn name(&self, caller: Trusted<'_>) -> Named {
        let has = |list: &[Box<str>], text: &str| list.iter().any(|item| **item == *text);
        match caller {
            Trusted::Service(service) if has(&self.services, service) => Named::Itself,
            Trusted::Account { arns, .. } if arns.iter().any(|arn| has(&self.arns, arn)) => Named::Itself,
            Trusted::Account { .. } if self.anyone => Named::Itself,
            Trusted::Account { account, .. } if has(&self.accounts, account) => Named::Account,
            Trusted::Service(_) | Trusted::Account { .. } => Named::No,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.anyone
            && self.accounts.is_empty()
            && self.arns.is_empty()
            && self.services.is_empty()
            && self.others.is_empty()
    }
}
