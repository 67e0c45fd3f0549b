//! Users and roles as answers have them, and what several operations say.

use weft_model::iam;
use weft_service::{Error, Principal};
use weft_store::Read;

use crate::errors::{no_such_entity, validation};
use crate::named::Named as _;
use crate::page::Paged;
use crate::records::{Group, InstanceProfile, Role, User};
use crate::{boundaries, documents, named, tags};

/// The user that a request names, or the caller, who then must be a user.
pub(super) fn own_name(named: Option<String>, caller: &Principal) -> Result<String, Error> {
    match (named, caller) {
        (Some(name), _) => Ok(name),
        (None, Principal::User { name, .. }) => Ok(name.clone()),
        (None, _) => Err(validation("Must specify userName when calling with non-User credentials")),
    }
}

/// The error for an access key that is not there.
pub(super) fn no_key(id: &str) -> Error {
    no_such_entity(format!("The Access Key with id {id} cannot be found."))
}

impl User {
    pub(super) fn show(&self) -> iam::User {
        iam::User {
            tags: tags::show(&self.tags),
            permissions_boundary: boundaries::show(&self.grants),
            ..self.show_listed()
        }
    }

    /// Listings leave out tags and boundaries, as AWS does.
    pub(super) fn show_listed(&self) -> iam::User {
        iam::User {
            path: self.path.clone(),
            user_name: self.name.clone(),
            user_id: self.id.clone(),
            arn: self.arn(),
            create_date: self.created,
            ..iam::User::default()
        }
    }
}

impl Role {
    /// Without the last use, which `GetRole` alone adds.
    pub(super) fn show(&self) -> iam::Role {
        iam::Role {
            tags: tags::show(&self.tags),
            permissions_boundary: boundaries::show(&self.grants),
            ..self.show_listed()
        }
    }

    /// Listings leave out tags and boundary, as AWS does.
    pub(super) fn show_listed(&self) -> iam::Role {
        iam::Role {
            path: self.path.clone(),
            role_name: self.name.clone(),
            role_id: self.id.clone(),
            arn: self.arn(),
            create_date: self.created,
            assume_role_policy_document: Some(documents::escape(&self.trust)),
            description: self.description.clone(),
            max_session_duration: Some(self.session_seconds_max),
            ..iam::Role::default()
        }
    }
}

impl Group {
    pub(super) fn show(&self) -> iam::Group {
        iam::Group {
            path: self.path.clone(),
            group_name: self.name.clone(),
            group_id: self.id.clone(),
            arn: self.arn(),
            create_date: self.created,
        }
    }
}

impl InstanceProfile {
    /// Its role, where it has one.
    pub(super) fn find_role(&self, tx: &impl Read) -> Result<Option<Role>, Error> {
        match &self.role {
            Some(name) => named::find::<Role>(tx, self.account, name)?.map(|role| role.shown(tx)).transpose(),
            None => Ok(None),
        }
    }

    pub(super) fn show(&self, role: Option<&Role>) -> iam::InstanceProfile {
        iam::InstanceProfile { tags: tags::show(&self.tags), ..self.show_listed(role) }
    }

    /// Listings leave out tags, as AWS does.
    pub(crate) fn show_listed(&self, role: Option<&Role>) -> iam::InstanceProfile {
        iam::InstanceProfile {
            path: self.path.clone(),
            instance_profile_name: self.name.clone(),
            instance_profile_id: self.id.clone(),
            arn: self.arn(),
            create_date: self.created,
            roles: role.map(Role::show_listed).into_iter().collect(),
            tags: None,
        }
    }
}

/// A page of instance profiles with their roles.
pub(super) fn show_profiles(
    tx: &impl Read,
    found: Paged<InstanceProfile>,
) -> Result<Paged<iam::InstanceProfile>, Error> {
    let shown = found.items.iter().map(|profile| Ok(profile.show_listed(profile.find_role(tx)?.as_ref())));
    Ok(Paged { items: shown.collect::<Result<_, Error>>()?, marker: found.marker })
}
