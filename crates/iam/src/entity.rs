//! What users, groups and roles have in common: policies, and a permissions boundary.

use weft_service::{Context, Error};
use weft_store::WriteTx;
use weft_types::AccountId;

use crate::documents::{self, Purpose};
use crate::errors::{delete_conflict, limit_exceeded, no_such_entity, quota};
use crate::named::{self, Named};
use crate::policies::{self, PolicyArn};
use crate::records::{Grants, Group, Role, User};
use crate::{Iam, boundaries, uses};

/// Policies that may be attached to one user, group or role.
const ATTACHED_MAX: usize = 10;

/// A user, a group or a role.
pub(crate) trait Entity: Named {
    /// The quota for attached policies.
    const ATTACHED_QUOTA: &'static str;
    /// Characters, without white space, of all inline policies together.
    const INLINE_MAX: usize;

    fn grants(&self) -> &Grants;
    fn grants_mut(&mut self) -> &mut Grants;
}

macro_rules! entity {
    ($record:ty, $quota:literal, $inline_max:literal) => {
        impl Entity for $record {
            const ATTACHED_QUOTA: &'static str = $quota;
            const INLINE_MAX: usize = $inline_max;

            fn grants(&self) -> &Grants {
                &self.grants
            }
            fn grants_mut(&mut self) -> &mut Grants {
                &mut self.grants
            }
        }
    };
}

entity!(User, "PoliciesPerUser", 2048);
entity!(Group, "PoliciesPerGroup", 5120);
entity!(Role, "PoliciesPerRole", 10_240);

/// Removes one that has no policies left.
pub(crate) fn remove<E: Entity>(tx: &mut WriteTx<'_>, entity: &E) -> Result<(), Error> {
    if !entity.grants().attached.is_empty() {
        return Err(delete_conflict("Cannot delete entity, must detach all policies first."));
    }
    if !entity.grants().inline.is_empty() {
        return Err(delete_conflict("Cannot delete entity, must delete policies first."));
    }
    if let Some(arn) = &entity.grants().boundary {
        boundaries::count(tx, entity.account(), arn, -1)?;
    }
    named::remove(tx, entity)
}

/// Adds one that may come with a boundary.
pub(crate) fn add<E: Entity>(tx: &mut WriteTx<'_>, entity: &E) -> Result<(), Error> {
    if let Some(arn) = &entity.grants().boundary {
        boundaries::require(tx, entity.account(), arn)?;
        boundaries::count(tx, entity.account(), arn, 1)?;
    }
    named::add(tx, entity)
}

impl Iam {
    /// Sets an inline policy.
    pub(crate) async fn put_inline<E: Entity>(
        &self,
        cx: &Context,
        name: &str,
        policy: String,
        document: String,
    ) -> Result<(), Error> {
        documents::check(Purpose::Inline, &document)?;
        self.change(cx, name, move |_, entity: &mut E| {
            entity.grants_mut().inline.insert(policy.clone(), document.clone());
            let size: usize = entity.grants().inline.values().map(|text| documents::size(text)).sum();
            if size <= E::INLINE_MAX {
                return Ok(());
            }
            let (limit, kind, name) = (E::INLINE_MAX, E::KIND, entity.name());
            Err(limit_exceeded(format!("Maximum policy size of {limit} bytes exceeded for {kind} {name}")))
        })
        .await
    }

    /// Deletes an inline policy.
    pub(crate) async fn delete_inline<E: Entity>(
        &self,
        cx: &Context,
        name: &str,
        policy: String,
    ) -> Result<(), Error> {
        self.change(cx, name, move |_, entity: &mut E| match entity.grants_mut().inline.remove(&policy) {
            Some(_) => Ok(()),
            None => Err(no_inline::<E>(&policy)),
        })
        .await
    }

    /// Attaches a managed policy; one that is attached already stays so.
    pub(crate) async fn attach<E: Entity>(
        &self,
        cx: &Context,
        name: &str,
        policy: PolicyArn,
    ) -> Result<(), Error> {
        self.change(cx, name, move |tx, entity: &mut E| {
            policies::require_attachable(tx, entity.account(), &policy)?;
            attach_to(tx, entity, policy.as_str())
        })
        .await
    }

    /// Detaches a managed policy.
    pub(crate) async fn detach<E: Entity>(
        &self,
        cx: &Context,
        name: &str,
        policy: PolicyArn,
    ) -> Result<(), Error> {
        self.change(cx, name, move |tx, entity: &mut E| {
            if !entity.grants_mut().attached.remove(policy.as_str()) {
                return Err(no_such_entity(format!("Policy {} was not found.", policy.as_str())));
            }
            uses::count_attachment(tx, entity.account(), policy.as_str(), -1)
        })
        .await
    }
}

fn attach_to<E: Entity>(tx: &mut WriteTx<'_>, entity: &mut E, arn: &str) -> Result<(), Error> {
    if !entity.grants_mut().attached.insert(arn.to_owned()) {
        return Ok(());
    }
    if entity.grants().attached.len() > ATTACHED_MAX {
        return Err(quota(E::ATTACHED_QUOTA, ATTACHED_MAX));
    }
    let account: AccountId = entity.account();
    uses::count_attachment(tx, account, arn, 1)
}

/// The error for an inline policy that is not there.
pub(crate) fn no_inline<E: Entity>(policy: &str) -> Error {
    no_such_entity(format!("The {} policy with name {policy} cannot be found.", E::KIND))
}
