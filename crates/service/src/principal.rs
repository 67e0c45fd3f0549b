//! Who asks.

use weft_types::{AccountId, Arn};

/// Who makes a request. Every action is authorized for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The account itself.
    Root(AccountId),
    /// An IAM user.
    User {
        /// The account.
        account: AccountId,
        /// The path, `/` by default.
        path: String,
        /// The name.
        name: String,
        /// The unique id, `AIDA…`.
        id: String,
    },
    /// A session of a role.
    Session {
        /// The account.
        account: AccountId,
        /// The role's path, `/` by default.
        path: String,
        /// The role's name.
        role: String,
        /// The role's unique id, `AROA…`.
        role_id: String,
        /// The session's name.
        session: String,
    },
    /// The session of a federated user, made by `GetFederationToken`.
    Federated {
        /// The account.
        account: AccountId,
        /// The name that was given to it.
        name: String,
        /// Whose key made it: a user, or root. Its policies are the ceiling.
        by: Box<Principal>,
    },
    /// A service of the platform, such as `lambda.amazonaws.com`. Only code of ours acts as one: no credential maps to it.
    Service {
        /// The account for which it acts.
        account: AccountId,
        /// Its name.
        name: &'static str,
    },
    /// Nobody in particular.
    Anonymous,
}

impl Principal {
    /// The account to which the principal belongs; none for the anonymous one.
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Self::Root(account)
            | Self::User { account, .. }
            | Self::Session { account, .. }
            | Self::Federated { account, .. }
            | Self::Service { account, .. } => Some(*account),
            Self::Anonymous => None,
        }
    }

    /// The ARN by which AWS names the principal, as in `GetCallerIdentity` and in refusals.
    pub fn arn(&self) -> Option<Arn> {
        let arn = match self {
            Self::Root(account) => Arn::of("iam", "", &account.to_string(), "root"),
            Self::User { account, path, name, .. } => {
                Arn::of("iam", "", &account.to_string(), &format!("user{path}{name}"))
            }
            Self::Session { account, role, session, .. } => {
                Arn::of("sts", "", &account.to_string(), &format!("assumed-role/{role}/{session}"))
            }
            Self::Federated { account, name, .. } => {
                Arn::of("sts", "", &account.to_string(), &format!("federated-user/{name}"))
            }
            Self::Service { .. } | Self::Anonymous => return None,
        };
        Some(arn)
    }

    /// The ARN that `aws:PrincipalArn` has: as [`Self::arn`], but a session's is that of its role.
    pub fn policy_arn(&self) -> Option<Arn> {
        match self {
            Self::Session { account, path, role, .. } => {
                Some(Arn::of("iam", "", &account.to_string(), &format!("role{path}{role}")))
            }
            _ => self.arn(),
        }
    }

    /// Whose policies apply to it: its own, or for a federated user those of who made the session.
    pub fn holder(&self) -> &Self {
        match self {
            Self::Federated { by, .. } => by,
            own => own,
        }
    }

    /// What `aws:PrincipalType` has.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Root(_) => "Account",
            Self::User { .. } => "User",
            Self::Session { .. } => "AssumedRole",
            Self::Federated { .. } => "FederatedUser",
            Self::Service { .. } => "Service",
            Self::Anonymous => "Anonymous",
        }
    }

    /// The unique id, as `aws:userid` has it.
    pub fn user_id(&self) -> String {
        match self {
            Self::Root(account) => account.to_string(),
            Self::User { id, .. } => id.clone(),
            Self::Session { role_id, session, .. } => format!("{role_id}:{session}"),
            Self::Federated { account, name, .. } => format!("{account}:{name}"),
            Self::Service { name, .. } => (*name).to_owned(),
            Self::Anonymous => "anonymous".to_owned(),
        }
    }
}
