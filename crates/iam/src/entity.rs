//! What users and roles have in common: a name, a path, and policies.

use std::collections::BTreeMap;

use weft_service::{Access, Context, Error};
use weft_store::{Read, Record, Table, WriteTx};
use weft_types::AccountId;

use crate::documents::{self, Purpose};
use crate::errors::{already_exists, delete_conflict, limit_exceeded, no_such_entity, quota};
use crate::policies::{self, PolicyArn};
use crate::records::{COUNTS, Count, Grants, NameKey, ROLES, Role, USERS, User, name_key};
use crate::{Iam, ids, tags};

/// Policies that may be attached to one user or role.
const ATTACHED_MAX: usize = 10;

/// A user or a role.
pub(crate) trait Entity: Record {
    const TABLE: Table<NameKey, Self>;
    /// `user`, in ARNs and messages.
    const KIND: &'static str;
    /// `User`, where a message begins with it.
    const TITLE: &'static str;
    /// How many an account may have, and the quota's name.
    const QUOTA: (&'static str, usize);
    /// The quota for attached policies.
    const ATTACHED_QUOTA: &'static str;
    /// Characters, without white space, of all inline policies together.
    const INLINE_MAX: usize;

    fn name(&self) -> &str;
    fn path(&self) -> &str;
    fn account(&self) -> AccountId;
    fn grants(&self) -> &Grants;
    fn grants_mut(&mut self) -> &mut Grants;

    fn arn(&self) -> String {
        ids::arn(self.account(), Self::KIND, self.path(), self.name())
    }
}

impl Entity for User {
    const TABLE: Table<NameKey, Self> = USERS;
    const KIND: &'static str = "user";
    const TITLE: &'static str = "User";
    const QUOTA: (&'static str, usize) = ("UsersPerAccount", 5000);
    const ATTACHED_QUOTA: &'static str = "PoliciesPerUser";
    const INLINE_MAX: usize = 2048;

    fn name(&self) -> &str {
        &self.name
    }
    fn path(&self) -> &str {
        &self.path
    }
    fn account(&self) -> AccountId {
        self.account
    }
    fn grants(&self) -> &Grants {
        &self.grants
    }
    fn grants_mut(&mut self) -> &mut Grants {
        &mut self.grants
    }
}

impl Entity for Role {
    const TABLE: Table<NameKey, Self> = ROLES;
    const KIND: &'static str = "role";
    const TITLE: &'static str = "Role";
    const QUOTA: (&'static str, usize) = ("RolesPerAccount", 1000);
    const ATTACHED_QUOTA: &'static str = "PoliciesPerRole";
    const INLINE_MAX: usize = 10_240;

    fn name(&self) -> &str {
        &self.name
    }
    fn path(&self) -> &str {
        &self.path
    }
    fn account(&self) -> AccountId {
        self.account
    }
    fn grants(&self) -> &Grants {
        &self.grants
    }
    fn grants_mut(&mut self) -> &mut Grants {
        &mut self.grants
    }
}

/// The entity of this very name, if there is one.
pub(crate) fn find<E: Entity>(tx: &impl Read, account: AccountId, name: &str) -> Result<Option<E>, Error> {
    let found = E::TABLE.get(tx, &name_key(account, name))?;
    Ok(found.filter(|entity: &E| entity.name() == name))
}

/// The entity of this name, or `NoSuchEntity`.
pub(crate) fn get<E: Entity>(tx: &impl Read, account: AccountId, name: &str) -> Result<E, Error> {
    let missing = || no_such_entity(format!("The {} with name {name} cannot be found.", E::KIND));
    find(tx, account, name)?.ok_or_else(missing)
}

/// Adds a new one, within the account's quota.
pub(crate) fn add<E: Entity>(tx: &mut WriteTx<'_>, entity: &E) -> Result<(), Error> {
    let key = name_key(entity.account(), entity.name());
    if E::TABLE.get(tx, &key)?.is_some() {
        let message = format!("{} with name {} already exists.", E::TITLE, entity.name());
        return Err(already_exists(message));
    }
    count_up(tx, entity.account(), E::QUOTA)?;
    Ok(E::TABLE.insert(tx, &key, entity)?)
}

/// Removes one that has no policies left.
pub(crate) fn remove<E: Entity>(tx: &mut WriteTx<'_>, entity: &E) -> Result<(), Error> {
    if !entity.grants().attached.is_empty() {
        return Err(delete_conflict("Cannot delete entity, must detach all policies first."));
    }
    if !entity.grants().inline.is_empty() {
        return Err(delete_conflict("Cannot delete entity, must delete policies first."));
    }
    E::TABLE.remove(tx, &name_key(entity.account(), entity.name()))?;
    count_down(tx, entity.account(), E::QUOTA.0)
}

pub(crate) fn count_up(
    tx: &mut WriteTx<'_>,
    account: AccountId,
    (name, limit): (&str, usize),
) -> Result<(), Error> {
    let key = (account.as_u64(), name.to_owned());
    let Count(count) = COUNTS.get(tx, &key)?.unwrap_or_default();
    if count >= limit as u64 {
        return Err(quota(name, limit));
    }
    Ok(COUNTS.insert(tx, &key, &Count(count + 1))?)
}

pub(crate) fn count_down(tx: &mut WriteTx<'_>, account: AccountId, name: &str) -> Result<(), Error> {
    let key = (account.as_u64(), name.to_owned());
    let Count(count) = COUNTS.get(tx, &key)?.unwrap_or_default();
    Ok(COUNTS.insert(tx, &key, &Count(count.saturating_sub(1)))?)
}

impl Iam {
    /// Authorizes an action on a user or role by the ARN that it really has; one that does not exist is taken as if it
    /// were at the path `/`, so that nobody learns of it who may not.
    pub(crate) async fn allow<E: Entity>(&self, cx: &Context, access: AccessTo<'_>) -> Result<(), Error> {
        let (account, name) = (cx.scope.account, access.name.to_owned());
        let arn = self
            .read(move |tx| {
                let found = find::<E>(tx, account, &name)?;
                Ok(found.map_or_else(|| ids::arn(account, E::KIND, "/", &name), |entity| entity.arn()))
            })
            .await?;
        let access = Access { resource: arn, ..access.access };
        cx.authorize(&access).await
    }

    /// Changes one, or fails with `NoSuchEntity`.
    pub(crate) async fn change<E, T, F>(&self, cx: &Context, name: &str, change: F) -> Result<T, Error>
    where
        E: Entity,
        T: Send + 'static,
        F: Fn(&mut WriteTx<'_>, &mut E) -> Result<T, Error> + Send + Sync + 'static,
    {
        let (account, name) = (cx.scope.account, name.to_owned());
        self.write(move |tx| {
            let mut entity: E = get(tx, account, &name)?;
            let result = change(tx, &mut entity)?;
            E::TABLE.insert(tx, &name_key(account, entity.name()), &entity)?;
            Ok(result)
        })
        .await
    }

    /// Reads one, or fails with `NoSuchEntity`.
    pub(crate) async fn entity<E: Entity>(&self, cx: &Context, name: &str) -> Result<E, Error> {
        let (account, name) = (cx.scope.account, name.to_owned());
        self.read(move |tx| get(tx, account, &name)).await
    }

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
            if !entity.grants_mut().attached.insert(policy.as_str().to_owned()) {
                return Ok(());
            }
            if entity.grants().attached.len() > ATTACHED_MAX {
                return Err(quota(E::ATTACHED_QUOTA, ATTACHED_MAX));
            }
            policies::count_attachment(tx, entity.account(), policy.as_str(), 1)
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
            policies::count_attachment(tx, entity.account(), policy.as_str(), -1)
        })
        .await
    }
}

/// The error for an inline policy that is not there.
pub(crate) fn no_inline<E: Entity>(policy: &str) -> Error {
    no_such_entity(format!("The {} policy with name {policy} cannot be found.", E::KIND))
}

/// An action on a user or role whose path is not known yet.
pub(crate) struct AccessTo<'a> {
    name: &'a str,
    access: Access,
}

/// An action on the user or role of this name.
pub(crate) fn on<'a>(action: &'static str, name: &'a str) -> AccessTo<'a> {
    AccessTo { name, access: Access::to(action, String::new()) }
}

impl AccessTo<'_> {
    /// Adds a condition key.
    pub(crate) fn with(self, key: &'static str, value: &str) -> Self {
        Self { access: self.access.with(key, value), ..self }
    }

    /// Adds a condition key with several values.
    pub(crate) fn with_values(mut self, key: &'static str, values: &[String]) -> Self {
        self.access.conditions.push((key.into(), values.to_vec()));
        self
    }

    /// Adds the condition keys of the tags in the request.
    pub(crate) fn tagged(self, tags: &BTreeMap<String, String>) -> Self {
        Self { access: tags::conditions(self.access, tags), ..self }
    }
}
