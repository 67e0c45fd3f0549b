//! Who is in which group.

use weft_service::Error;
use weft_store::{Read, WriteTx};
use weft_types::AccountId;

use crate::errors::quota;
use crate::page::{Page, Paged};
use crate::records::{GROUPS, Group, MEMBERS, Member, USERS, User, name_key};

/// Groups that one user may be in.
const GROUPS_MAX: usize = 10;

/// The key of a membership: account, group, user.
fn key(account: AccountId, group: &str, user: &str) -> (u64, String, String) {
    (account.as_u64(), group.to_ascii_lowercase(), user.to_ascii_lowercase())
}

/// Puts a user into a group; one that is in it already stays so.
pub(crate) fn join(tx: &mut WriteTx<'_>, group: &Group, mut user: User) -> Result<(), Error> {
    let (account, place) = (user.account, name_key(group.account, &group.name).1);
    if !user.groups.insert(place) {
        return Ok(());
    }
    if user.groups.len() > GROUPS_MAX {
        return Err(quota("GroupsPerUser", GROUPS_MAX));
    }
    MEMBERS.insert(tx, &key(account, &group.name, &user.name), &Member {})?;
    Ok(USERS.insert(tx, &name_key(account, &user.name), &user)?)
}

/// Takes a user out of a group.
pub(crate) fn leave(tx: &mut WriteTx<'_>, group: &Group, mut user: User) -> Result<(), Error> {
    let account = user.account;
    if !user.groups.remove(&name_key(account, &group.name).1) {
        return Ok(());
    }
    MEMBERS.remove(tx, &key(account, &group.name, &user.name))?;
    Ok(USERS.insert(tx, &name_key(account, &user.name), &user)?)
}

/// Whether a group has users.
pub(crate) fn any(tx: &impl Read, group: &Group) -> Result<bool, Error> {
    let (account, name) = name_key(group.account, &group.name);
    Ok(!MEMBERS.query(&(account, name)).limit(1).rows(tx)?.is_empty())
}

/// A page of a group's users by name.
pub(crate) fn page(tx: &impl Read, group: &Group, page: &Page) -> Result<Paged<User>, Error> {
    let (account, name) = name_key(group.account, &group.name);
    let rows = MEMBERS.query(&(account, name.as_str()));
    let rows = match &page.after {
        Some(after) => rows.after(&(account, name.as_str(), after.as_str())),
        None => rows,
    };
    let mut users = Vec::new();
    // One more than the page has room for tells whether there is a next one.
    for ((_, _, user), _) in rows.limit(page.limit + 1).rows(tx)? {
        if let Some(found) = USERS.get(tx, &(account, user.as_str()))? {
            users.push((user, found));
        }
    }
    Ok(page.cut(users))
}

/// The groups of a user by name.
pub(crate) fn groups(tx: &impl Read, user: &User) -> Result<Vec<Group>, Error> {
    let mut groups = Vec::new();
    for name in &user.groups {
        groups.extend(GROUPS.get(tx, &(user.account.as_u64(), name.as_str()))?);
    }
    Ok(groups)
}

/// Follows a group to another name.
pub(crate) fn group_renamed(
    tx: &mut WriteTx<'_>,
    account: AccountId,
    old: &str,
    new: &str,
) -> Result<(), Error> {
    let (from, to) = (name_key(account, old).1, name_key(account, new).1);
    if from == to {
        return Ok(());
    }
    for (at, member) in MEMBERS.query(&(account.as_u64(), from.as_str())).rows(tx)? {
        let user_key = (account.as_u64(), at.2.clone());
        if let Some(mut user) = USERS.get(tx, &user_key)? {
            user.groups.remove(&from);
            user.groups.insert(to.clone());
            USERS.insert(tx, &user_key, &user)?;
        }
        MEMBERS.remove(tx, &at)?;
        MEMBERS.insert(tx, &key(account, &to, &at.2), &member)?;
    }
    Ok(())
}

/// Follows a user, whose record has its new name, from another name.
pub(crate) fn user_renamed(tx: &mut WriteTx<'_>, user: &User, old: &str) -> Result<(), Error> {
    for group in &user.groups {
        MEMBERS.remove(tx, &key(user.account, group, old))?;
        MEMBERS.insert(tx, &key(user.account, group, &user.name), &Member {})?;
    }
    Ok(())
}
