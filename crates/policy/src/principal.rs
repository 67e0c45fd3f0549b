//! Principals of a statement, and how far they reach towards a caller.

use crate::caller::{Caller, Reach};
use crate::condition::Condition;
use crate::{Effect, Listed, Statement};

/// What a `Principal` element names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Principals {
    /// `"*"` or `{"AWS": "*"}`.
    pub(crate) anyone: bool,
    /// Accounts' digits, from `123456789012` or `arn:aws:iam::123456789012:root`.
    pub(crate) accounts: Vec<Box<str>>,
    /// ARNs of users, roles and sessions.
    pub(crate) arns: Vec<Box<str>>,
    /// Unique ids of users and roles, which stored policies have in the place of their ARNs.
    pub(crate) ids: Vec<Box<str>>,
    /// Services.
    pub(crate) services: Vec<Box<str>>,
    /// Identity providers.
    pub(crate) federated: Vec<Box<str>>,
    /// Accounts by their canonical ids.
    pub(crate) canonical: Vec<Box<str>>,
}

impl Statement {
    /// How far the statement's principals reach towards the caller. `canonical` is the canonical id of its account.
    pub(crate) fn reach(&self, caller: &Caller<'_>, canonical: Option<&str>) -> Reach {
        let everybody = |applies: bool| if applies { Reach::Itself } else { Reach::No };
        match (&self.principals, self.effect) {
            (None, _) => Reach::No,
            (Some(Listed::These(listed)), _) => {
                let reach = listed.reach(caller, canonical);
                if reach == Reach::Itself && self.means_role(listed, caller) { Reach::Holder } else { reach }
            }
            // Nobody escapes a denial half: the account, the role and the session must all be listed.
            (Some(Listed::AllBut(listed)), Effect::Deny) => everybody(!listed.exempt(caller, canonical)),
            (Some(Listed::AllBut(listed)), Effect::Allow) => {
                everybody(listed.reach(caller, canonical) == Reach::No)
            }
        }
    }

    /// Whether it names a service by its name.
    pub(crate) fn names_service(&self, service: &str) -> bool {
        matches!(&self.principals, Some(Listed::These(listed)) if has(&listed.services, service))
    }

    /// Whether everybody is named, but a condition picks the session's role: that is the same as to name the role.
    fn means_role(&self, listed: &Principals, caller: &Caller<'_>) -> bool {
        let Caller::Session { arn, .. } = caller else { return false };
        !has(&listed.arns, arn) && self.conditions.iter().any(Condition::picks_principal)
    }
}

impl Principals {
    fn reach(&self, caller: &Caller<'_>, canonical: Option<&str>) -> Reach {
        let itself = match caller {
            Caller::User { arn, id, .. } => self.names(arn, id),
            Caller::Session { arn, .. } | Caller::FederatedUser { arn, .. } => has(&self.arns, arn),
            Caller::Service(name) => has(&self.services, name),
            Caller::Federated(provider) => has(&self.federated, provider),
            Caller::Root { .. } | Caller::Anonymous => false,
        };
        if self.anyone || itself {
            return Reach::Itself;
        }
        let holder = match caller {
            Caller::Session { role, role_id, .. } => Some((*role, *role_id)),
            Caller::FederatedUser { user, .. } => *user,
            _ => None,
        };
        if holder.is_some_and(|(arn, id)| self.names(arn, id)) {
            return Reach::Holder;
        }
        if self.names_account(caller, canonical) { Reach::Account } else { Reach::No }
    }

    /// Whether a user or role is listed, by its ARN or by its unique id.
    fn names(&self, arn: &str, id: &str) -> bool {
        has(&self.arns, arn) || has(&self.ids, id)
    }

    fn names_account(&self, caller: &Caller<'_>, canonical: Option<&str>) -> bool {
        let Some(account) = caller.account() else { return false };
        has(&self.accounts, account) || canonical.is_some_and(|id| has(&self.canonical, id))
    }

    /// Whether `NotPrincipal` spares the caller: all that the caller is must be listed.
    fn exempt(&self, caller: &Caller<'_>, canonical: Option<&str>) -> bool {
        let account = || self.names_account(caller, canonical);
        self.anyone
            || match caller {
                Caller::Root { .. } => account(),
                Caller::User { arn, id, .. } => account() && self.names(arn, id),
                Caller::Session { arn, role, role_id, .. } => {
                    account() && self.names(role, role_id) && has(&self.arns, arn)
                }
                Caller::FederatedUser { arn, user, .. } => {
                    account() && has(&self.arns, arn) && user.is_none_or(|(user, id)| self.names(user, id))
                }
                Caller::Service(name) => has(&self.services, name),
                Caller::Federated(provider) => has(&self.federated, provider),
                Caller::Anonymous => false,
            }
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.anyone
            && [&self.accounts, &self.arns, &self.ids, &self.services, &self.federated, &self.canonical]
                .iter()
                .all(|list| list.is_empty())
    }
}

fn has(list: &[Box<str>], text: &str) -> bool {
    list.iter().any(|item| **item == *text)
}
