//! The first user.

use std::collections::{BTreeMap, BTreeSet};

use weft_service::Error;
use weft_store::WriteTx;
use weft_types::{AccountId, Timestamp};

use crate::managed::ADMINISTRATOR_ACCESS;
use crate::records::{AccessKey, Grants, KEYS, USERS, User, name_key};
use crate::{Iam, entity, ids, named, uses};

const NAME: &str = "admin";

/// The key of the user `admin`.
#[derive(Clone, PartialEq, Eq)]
pub struct AdminKey {
    /// `AKIA…`, or what was pinned.
    pub access_key_id: String,
    /// The secret.
    pub secret: String,
}

impl std::fmt::Debug for AdminKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AdminKey").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

impl Iam {
    /// Sees to it that account `000000000000` has a user `admin` with `AdministratorAccess` and an active key, and returns that
    /// key. `pinned` becomes one of its keys, in place of the older of two. Called at every start; a user who was deleted
    /// comes back, as whoever starts Weft on its data owns it.
    ///
    /// Fails with `InvalidInput` where the pinned id is another user's, or not 16 to 128 letters, digits and `_`.
    pub async fn bootstrap(&self, pinned: Option<AdminKey>) -> Result<AdminKey, Error> {
        if let Some(AdminKey { access_key_id: id, secret }) = &pinned {
            let id_is_valid =
                (16..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            if !id_is_valid || secret.is_empty() {
                let message = "An access key id has 16 to 128 letters, digits or underscores, and a secret is not empty.";
                return Err(crate::errors::invalid_input(message));
            }
        }
        let now = self.clock.now();
        let made = AdminKey { access_key_id: ids::access_key_id("AKIA"), secret: ids::secret() };
        let id = ids::unique_id("AIDA");
        self.write(move |tx| set_up(tx, pinned.as_ref(), &made, &id, now)).await
    }
}

fn set_up(
    tx: &mut WriteTx<'_>,
    pinned: Option<&AdminKey>,
    made: &AdminKey,
    id: &str,
    now: Timestamp,
) -> Result<AdminKey, Error> {
    let account = AccountId::DEFAULT;
    let mut user = match named::find::<User>(tx, account, NAME)? {
        Some(user) => user,
        None => new_admin(tx, id, now)?,
    };
    if let Some(key) = usable_key(tx, &user, pinned)? {
        return Ok(key);
    }
    let key = pinned.unwrap_or(made);
    if let Some(known) = KEYS.get(tx, &(key.access_key_id.as_str(),))?
        && (known.account, known.user.as_str()) != (account, NAME)
    {
        return Err(crate::errors::invalid_input("The access key id belongs to another user."));
    }
    user.keys.retain(|known| *known != key.access_key_id);
    if user.keys.len() >= 2 {
        let oldest = user.keys.remove(0);
        KEYS.remove(tx, &(oldest,))?;
    }
    user.keys.push(key.access_key_id.clone());
    let record =
        AccessKey { account, user: NAME.to_owned(), secret: key.secret.clone(), active: true, created: now };
    KEYS.insert(tx, &(key.access_key_id.clone(),), &record)?;
    USERS.insert(tx, &name_key(account, NAME), &user)?;
    Ok(key.clone())
}

fn new_admin(tx: &mut WriteTx<'_>, id: &str, now: Timestamp) -> Result<User, Error> {
    let account = AccountId::DEFAULT;
    let grants = Grants { attached: [ADMINISTRATOR_ACCESS.to_owned()].into(), ..Grants::default() };
    let user = User {
        account,
        name: NAME.to_owned(),
        path: "/".to_owned(),
        id: id.to_owned(),
        created: now,
        grants,
        keys: Vec::new(),
        tags: BTreeMap::new(),
        groups: BTreeSet::new(),
    };
    entity::add(tx, &user)?;
    uses::count_attachment(tx, account, ADMINISTRATOR_ACCESS, 1)?;
    Ok(user)
}

/// The pinned key where the user has it just so, or without one the first active key.
fn usable_key(tx: &WriteTx<'_>, user: &User, pinned: Option<&AdminKey>) -> Result<Option<AdminKey>, Error> {
    for id in &user.keys {
        let Some(key) = KEYS.get(tx, &(id.as_str(),))?.filter(|key| key.active) else { continue };
        let key = AdminKey { access_key_id: id.clone(), secret: key.secret };
        if pinned.is_none_or(|pinned| *pinned == key) {
            return Ok(Some(key));
        }
    }
    Ok(None)
}
