//! Who asks, as policies name them.

/// Who makes a request. Accounts are twelve digits, names are ARNs; a user or role has a unique id beside, which a policy may
/// name instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller<'a> {
    /// The account itself.
    Root {
        /// The account.
        account: &'a str,
    },
    /// A user.
    User {
        /// The account.
        account: &'a str,
        /// `arn:aws:iam::123456789012:user/path/name`.
        arn: &'a str,
        /// `AIDA…`; empty where none is known, which is nobody's.
        id: &'a str,
    },
    /// A session of a role.
    Session {
        /// The account.
        account: &'a str,
        /// `arn:aws:sts::123456789012:assumed-role/name/session`.
        arn: &'a str,
        /// `arn:aws:iam::123456789012:role/path/name`.
        role: &'a str,
        /// The role's `AROA…`; empty where none is known.
        role_id: &'a str,
    },
    /// The session of a federated user, from `GetFederationToken`.
    FederatedUser {
        /// The account.
        account: &'a str,
        /// `arn:aws:sts::123456789012:federated-user/name`.
        arn: &'a str,
        /// The ARN and the unique id of the user whose key made the session; none where it was root.
        user: Option<(&'a str, &'a str)>,
    },
    /// A service, such as `lambda.amazonaws.com`.
    Service(&'a str),
    /// Somebody whom an identity provider vouches for: a web identity or SAML.
    Federated(&'a str),
    /// Nobody in particular.
    Anonymous,
}

impl<'a> Caller<'a> {
    /// The account that the caller's own policies are in; none for those that have none.
    pub fn account(&self) -> Option<&'a str> {
        match *self {
            Self::Root { account }
            | Self::User { account, .. }
            | Self::Session { account, .. }
            | Self::FederatedUser { account, .. } => Some(account),
            Self::Service(_) | Self::Federated(_) | Self::Anonymous => None,
        }
    }
}

/// How far a resource's policy goes towards a caller; greater ones grant more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// It does not name the caller.
    No,
    /// It names the caller's account, which then decides by its own policies.
    Account,
    /// It names the role of a session, or the user behind a federated one: a boundary and session policies still limit.
    Holder,
    /// It names the caller itself, or everybody.
    Itself,
}
