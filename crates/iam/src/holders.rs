//! Who has a managed policy, attached or as a boundary.

use weft_model::iam::{PolicyGroup, PolicyRole, PolicyUser};
use weft_service::Error;
use weft_store::Read;
use weft_types::AccountId;

use crate::entity::Entity;
use crate::errors::invalid_input;
use crate::records::{GROUPS, ROLES, USERS};

/// One that has the policy.
pub(crate) enum Holder {
    Group(PolicyGroup),
    Role(PolicyRole),
    User(PolicyUser),
}

/// Which holders are asked for.
#[allow(clippy::struct_excessive_bools, reason = "two filters of a request, as sets of three and two")]
pub(crate) struct Wanted {
    pub(crate) groups: bool,
    pub(crate) roles: bool,
    pub(crate) users: bool,
    pub(crate) attached: bool,
    pub(crate) bounded: bool,
    pub(crate) prefix: String,
}

impl Wanted {
    /// Reads the filters of a request: by kind of holder, by use, by path.
    pub(crate) fn parse(
        kind: Option<&str>,
        usage: Option<&str>,
        prefix: Option<String>,
    ) -> Result<Self, Error> {
        // The same enumeration serves another operation, whose kinds hold no policies.
        if matches!(kind, Some("LocalManagedPolicy" | "AWSManagedPolicy")) {
            return Err(invalid_input("EntityFilter must be one of User, Role, Group."));
        }
        let has = |wanted: &str| kind.is_none_or(|kind| kind == wanted);
        let uses = |wanted: &str| usage.is_none_or(|usage| usage == wanted);
        Ok(Self {
            groups: has("Group"),
            roles: has("Role"),
            users: has("User"),
            attached: uses("PermissionsPolicy"),
            bounded: uses("PermissionsBoundary"),
            prefix: prefix.unwrap_or_default(),
        })
    }

    fn takes<E: Entity>(&self, entity: &E, arn: &str) -> bool {
        let attached = self.attached && entity.grants().attached.contains(arn);
        let bounded = self.bounded && entity.grants().boundary.as_deref() == Some(arn);
        (attached || bounded) && entity.path().starts_with(&self.prefix)
    }
}

/// The holders of a policy in an account, with what they are sorted by.
pub(crate) fn users_of(
    tx: &impl Read,
    account: AccountId,
    arn: &str,
    wanted: &Wanted,
) -> Result<Vec<(String, Holder)>, Error> {
    let prefix = (account.as_u64(),);
    let mut found = Vec::new();
    for (key, group) in if wanted.groups { GROUPS.query(&prefix).rows(tx)? } else { Vec::new() } {
        if wanted.takes(&group, arn) {
            let holder = PolicyGroup { group_name: Some(group.name), group_id: Some(group.id) };
            found.push((format!("group {}", key.1), Holder::Group(holder)));
        }
    }
    for (key, role) in if wanted.roles { ROLES.query(&prefix).rows(tx)? } else { Vec::new() } {
        if wanted.takes(&role, arn) {
            let holder = PolicyRole { role_name: Some(role.name), role_id: Some(role.id) };
            found.push((format!("role {}", key.1), Holder::Role(holder)));
        }
    }
    for (key, user) in if wanted.users { USERS.query(&prefix).rows(tx)? } else { Vec::new() } {
        if wanted.takes(&user, arn) {
            let holder = PolicyUser { user_name: Some(user.name), user_id: Some(user.id) };
            found.push((format!("user {}", key.1), Holder::User(holder)));
        }
    }
    Ok(found)
}
