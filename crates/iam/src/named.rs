//! What users, groups, roles and instance profiles have in common: a name that is unique in its account, and a path.

use weft_model::ActionFacts;
use weft_service::{Access, Context, Error, Once};
use weft_store::{Read, Record, Table, WriteTx};
use weft_types::AccountId;

use crate::errors::{already_exists, no_such_entity, quota, unmodifiable};
use crate::records::{
    COUNTS, Count, GROUPS, Group, InstanceProfile, Kind, NameKey, PROFILES, ROLES, Role, USERS, User,
    name_key,
};
use crate::tags::Tags;
use crate::{Iam, ids, principals};

/// Something with a name and a path.
pub(crate) trait Named: Record {
    const TABLE: Table<NameKey, Self>;
    /// `user`, in ARNs and messages.
    const KIND: &'static str;
    /// How many an account may have, and the quota's name.
    const QUOTA: (&'static str, usize);

    fn name(&self) -> &str;
    fn path(&self) -> &str;
    /// Its unique id.
    fn id(&self) -> &str;
    fn account(&self) -> AccountId;

    fn arn(&self) -> String {
        ids::arn(self.account(), Self::KIND, self.path(), self.name())
    }

    /// The ARN of its permissions boundary, where it has one.
    fn boundary(&self) -> Option<&str> {
        None
    }

    /// Its tags, where its kind has some.
    fn tags(&self) -> Option<&Tags> {
        None
    }

    /// What kind of principal it is, and its unique id, where policies can name it.
    fn principal(&self) -> Option<(Kind, &str)> {
        None
    }

    /// Fails where it may not be changed.
    fn changeable(&self) -> Result<(), Error> {
        Ok(())
    }

    /// The error for one that is not there.
    fn missing(name: &str) -> Error {
        no_such_entity(format!("The {} with name {name} cannot be found.", Self::KIND))
    }

    /// The error for a name that is taken.
    fn taken(name: &str) -> Error {
        let (first, rest) = Self::KIND.split_at(1);
        let title = first.to_ascii_uppercase() + rest;
        already_exists(format!("{title} with name {name} already exists."))
    }
}

macro_rules! named {
    ($record:ty, $table:expr, $kind:literal, $quota:expr $(, $more:item)*) => {
        impl Named for $record {
            const TABLE: Table<NameKey, Self> = $table;
            const KIND: &'static str = $kind;
            const QUOTA: (&'static str, usize) = $quota;

            fn name(&self) -> &str {
                &self.name
            }
            fn path(&self) -> &str {
                &self.path
            }
            fn id(&self) -> &str {
                &self.id
            }
            fn account(&self) -> AccountId {
                self.account
            }
            $($more)*
        }
    };
}

named!(
    User,
    USERS,
    "user",
    ("UsersPerAccount", 5000),
    fn principal(&self) -> Option<(Kind, &str)> {
        Some((Kind::User, &self.id))
    },
    fn boundary(&self) -> Option<&str> {
        self.grants.boundary.as_deref()
    },
    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
);
named!(Group, GROUPS, "group", ("GroupsPerAccount", 300));
named!(
    Role,
    ROLES,
    "role",
    ("RolesPerAccount", 1000),
    fn principal(&self) -> Option<(Kind, &str)> {
        Some((Kind::Role, &self.id))
    },
    fn boundary(&self) -> Option<&str> {
        self.grants.boundary.as_deref()
    },
    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    },
    fn changeable(&self) -> Result<(), Error> {
        match &self.service {
            None => Ok(()),
            Some(_) => Err(unmodifiable(&self.name)),
        }
    }
);
named!(
    InstanceProfile,
    PROFILES,
    "instance-profile",
    ("InstanceProfilesPerAccount", 1000),
    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    },
    fn missing(name: &str) -> Error {
        no_such_entity(format!("Instance Profile {name} cannot be found."))
    },
    fn taken(name: &str) -> Error {
        already_exists(format!("Instance Profile {name} already exists."))
    }
);

/// The one of this very name, if there is one.
pub(crate) fn find<E: Named>(tx: &impl Read, account: AccountId, name: &str) -> Result<Option<E>, Error> {
    let found = E::TABLE.get(tx, &name_key(account, name))?;
    Ok(found.filter(|entity: &E| entity.name() == name))
}

/// The one of this name, or `NoSuchEntity`.
pub(crate) fn get<E: Named>(tx: &impl Read, account: AccountId, name: &str) -> Result<E, Error> {
    find(tx, account, name)?.ok_or_else(|| E::missing(name))
}

/// Adds a new one, within the account's quota.
pub(crate) fn add<E: Named>(tx: &mut WriteTx<'_>, entity: &E) -> Result<(), Error> {
    let key = name_key(entity.account(), entity.name());
    if E::TABLE.get(tx, &key)?.is_some() {
        return Err(E::taken(entity.name()));
    }
    count_up(tx, entity.account(), E::QUOTA)?;
    principals::remember(tx, entity)?;
    Ok(E::TABLE.insert(tx, &key, entity)?)
}

/// Adds a new one with `add`, or gives the one that this step of a plan added before.
pub(crate) fn add_once<E: Named + Clone>(
    tx: &mut WriteTx<'_>,
    once: &Once,
    entity: &E,
    add: fn(&mut WriteTx<'_>, &E) -> Result<(), Error>,
) -> Result<E, Error> {
    once.make(
        tx,
        |tx, id| Ok(find(tx, entity.account(), entity.name())?.filter(|found: &E| found.id() == id)),
        |tx| add(tx, entity).map(|()| (entity.id().to_owned(), entity.clone())),
    )
}

/// Removes one.
pub(crate) fn remove<E: Named>(tx: &mut WriteTx<'_>, entity: &E) -> Result<(), Error> {
    E::TABLE.remove(tx, &name_key(entity.account(), entity.name()))?;
    principals::forget(tx, entity)?;
    count_down(tx, entity.account(), E::QUOTA.0)
}

/// Writes one whose name was `old`.
pub(crate) fn rename<E: Named>(tx: &mut WriteTx<'_>, old: &str, entity: &E) -> Result<(), Error> {
    let (from, to) = (name_key(entity.account(), old), name_key(entity.account(), entity.name()));
    if from != to {
        if E::TABLE.get(tx, &to)?.is_some() {
            return Err(E::taken(entity.name()));
        }
        E::TABLE.remove(tx, &from)?;
    }
    principals::remember(tx, entity)?;
    Ok(E::TABLE.insert(tx, &to, entity)?)
}

/// How many of something an account has.
pub(crate) fn count(tx: &impl Read, account: AccountId, name: &str) -> Result<u64, Error> {
    Ok(COUNTS.get(tx, &(account.as_u64(), name))?.unwrap_or_default().0)
}

pub(crate) fn count_up(
    tx: &mut WriteTx<'_>,
    account: AccountId,
    (name, limit): (&str, usize),
) -> Result<(), Error> {
    let count = count(tx, account, name)?;
    if count >= limit as u64 {
        return Err(quota(name, limit));
    }
    Ok(COUNTS.insert(tx, &(account.as_u64(), name.to_owned()), &Count(count + 1))?)
}

pub(crate) fn count_down(tx: &mut WriteTx<'_>, account: AccountId, name: &str) -> Result<(), Error> {
    let count = count(tx, account, name)?.saturating_sub(1);
    Ok(COUNTS.insert(tx, &(account.as_u64(), name.to_owned()), &Count(count))?)
}

/// What a request changes of a name and its path; none where it stays.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Renamed<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) path: Option<&'a str>,
}

impl Iam {
    /// Authorizes an action on one by the ARN, the tags and the boundary that it really has; one that does not exist is
    /// taken as if it were at the path `/`, so that nobody learns of it who may not.
    pub(crate) async fn allow<E: Named>(&self, cx: &Context, access: AccessTo<'_>) -> Result<(), Error> {
        let (account, AccessTo { name, access }) = (cx.scope.account, access);
        let name = name.to_owned();
        let access = self
            .read(move |tx| {
                Ok(match find::<E>(tx, account, &name)? {
                    Some(entity) => describe(&entity, access),
                    None => Access { resource: ids::arn(account, E::KIND, "/", &name), ..access },
                })
            })
            .await?;
        cx.authorize(&access).await
    }

    /// Authorizes an action that may give one another name or path: on it as it is, and on what it will be.
    pub(crate) async fn allow_rename<E: Named>(
        &self,
        cx: &Context,
        action: &'static str,
        name: &str,
        to: Renamed<'_>,
    ) -> Result<(), Error> {
        self.allow::<E>(cx, on(action, name)).await?;
        let account = cx.scope.account;
        let path = match to.path {
            Some(path) => path.to_owned(),
            None => {
                let name = name.to_owned();
                let found = self.read(move |tx| find::<E>(tx, account, &name)).await?;
                found.map_or_else(|| "/".to_owned(), |entity| entity.path().to_owned())
            }
        };
        let target = ids::arn(account, E::KIND, &path, to.name.unwrap_or(name));
        cx.authorize(&Access::to(action, target)).await
    }

    /// Changes one, or fails with `NoSuchEntity`, or `UnmodifiableEntity` for one that only AWS changes.
    pub(crate) async fn change<E, T, F>(&self, cx: &Context, name: &str, change: F) -> Result<T, Error>
    where
        E: Named,
        T: Send + 'static,
        F: Fn(&mut WriteTx<'_>, &mut E) -> Result<T, Error> + Send + Sync + 'static,
    {
        self.change_any(cx, name, move |tx, entity: &mut E| {
            entity.changeable()?;
            change(tx, entity)
        })
        .await
    }

    /// As [`Self::change`], also for one that is protected.
    pub(crate) async fn change_any<E, T, F>(&self, cx: &Context, name: &str, change: F) -> Result<T, Error>
    where
        E: Named,
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
    pub(crate) async fn entity<E: Named>(&self, cx: &Context, name: &str) -> Result<E, Error> {
        let (account, name) = (cx.scope.account, name.to_owned());
        self.read(move |tx| get(tx, account, &name)).await
    }
}

const BOUNDARY_KEY: &str = "iam:PermissionsBoundary";

/// Completes an access with what is known of the entity: its ARN, and the condition keys that IAM documents for the action.
fn describe<E: Named>(entity: &E, access: Access) -> Access {
    let facts = ActionFacts::find(&access.action);
    let has_key = |key: &str| facts.is_some_and(|facts| facts.has_key(key));
    let mut access = Access { resource: entity.arn(), ..access };
    for (tag, value) in entity.tags().into_iter().flatten() {
        for key in [format!("aws:ResourceTag/{tag}"), format!("iam:ResourceTag/{tag}")] {
            access = if has_key(&key) { access.with(key, value) } else { access };
        }
    }
    // A request that sets a boundary is judged by the new one.
    let said = access.conditions.iter().any(|(key, _)| key == BOUNDARY_KEY);
    match entity.boundary() {
        Some(arn) if !said && has_key(BOUNDARY_KEY) => access.with(BOUNDARY_KEY, arn),
        _ => access,
    }
}

/// An action on something whose path is not known yet.
pub(crate) struct AccessTo<'a> {
    name: &'a str,
    access: Access,
}

/// An action on the user, group, role or instance profile of this name.
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
    pub(crate) fn tagged(self, tags: &Tags) -> Self {
        Self { access: self.access.with_request_tags(tags), ..self }
    }
}
