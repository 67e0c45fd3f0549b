//! Users and roles as answers have them, and what several operations say.

use weft_model::iam;
use weft_service::{Error, Principal};

use crate::entity::Entity as _;
use crate::errors::{no_such_entity, validation};
use crate::records::{Role, User};
use crate::{documents, tags};

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
        iam::User { tags: tags::show(&self.tags), ..self.show_listed() }
    }

    /// Listings leave out tags, as AWS does.
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
    pub(super) fn show(&self) -> iam::Role {
        iam::Role {
            tags: tags::show(&self.tags),
            role_last_used: Some(iam::RoleLastUsed::default()),
            ..self.show_listed()
        }
    }

    pub(super) fn show_created(&self) -> iam::Role {
        iam::Role { role_last_used: None, ..self.show() }
    }

    /// Listings leave out tags and the last use, as AWS does.
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
