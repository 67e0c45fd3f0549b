//! Who may assume a role: what a trust policy says by itself.

use crate::caller::{Caller, Reach};
use crate::condition::ConditionKeys;
use crate::{Effect, Policy};

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
    let caller = match caller {
        Trusted::Service(name) => Caller::Service(name),
        Trusted::Account { account, arns: [] } => Caller::Root { account },
        Trusted::Account { account, arns: [session, role] } if session != role => {
            Caller::Session { account, arn: session, role }
        }
        Trusted::Account { account, arns: [arn, ..] } => Caller::User { account, arn },
    };
    // A service is trusted by its name alone, and denied with everybody else.
    let service = if let Caller::Service(name) = caller { Some(name) } else { None };
    let mut trust = Trust::None;
    for statement in &policy.statements {
        let reach = statement.reach(&caller, None);
        let by_name = service.is_none_or(|name| statement.names_service(name));
        if reach == Reach::No || !statement.names_action(action) || !statement.conditions_met(conditions) {
            continue;
        }
        match (statement.effect, reach) {
            (Effect::Deny, _) => return Trust::Denied,
            (Effect::Allow, Reach::Itself | Reach::Holder) if by_name => trust = Trust::Direct,
            (Effect::Allow, _) if trust == Trust::None && service.is_none() => trust = Trust::Account,
            (Effect::Allow, _) => {}
        }
    }
    trust
}
