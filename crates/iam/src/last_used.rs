//! When roles were last used, as `GetRole` and `GetAccountAuthorizationDetails` tell it.
//!
//! A use is a request signed with keys of one of the role's sessions, whatever it is answered. Memory knows of it at once, to
//! the minute; what is written is an hour old at most while the role is in use, and is brought up to date at a clean stop.
//! So no request writes, and a `kill -9` loses one hour: AWS itself tells of a use within four.
//! Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_RoleLastUsed.html>.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use weft_model::iam;
use weft_service::{Error, Principal};
use weft_store::Store;
use weft_types::{AccountId, Region, Timestamp};

use crate::named;
use crate::records::{ROLES, Role, RoleUse, name_key};

/// Uses that follow each other faster are one.
const GRAIN: Duration = Duration::from_mins(1);
/// How old what is written of a role may be before a use is written again.
const WRITTEN_FOR: Duration = Duration::from_hours(1);
/// How long uses that are to be written wait for others.
const GATHER: Duration = Duration::from_mins(1);
/// How long AWS tells of a use.
const TOLD_FOR: Duration = Duration::from_hours(400 * 24);
/// Roles in memory; more than are used between two writes begin it anew.
const ROLES_MAX: usize = 50_000;

/// The last uses of roles.
pub(crate) struct LastUses {
    store: Store,
    /// By the roles' ids.
    known: ArcSwap<imbl::HashMap<Box<str>, Known>>,
    /// Whether somebody is about to write.
    waits: AtomicBool,
}

#[derive(Clone)]
struct Known {
    account: AccountId,
    role: String,
    last: RoleUse,
    /// When the use was that is written, as far as this process knows.
    written: Option<Timestamp>,
}

impl Known {
    fn is_due(&self) -> bool {
        self.written.is_none_or(|written| self.last.at.since(written) >= WRITTEN_FOR)
    }

    fn is_ahead(&self) -> bool {
        self.written.is_none_or(|written| self.last.at > written)
    }
}

impl LastUses {
    pub(crate) fn new(store: Store) -> Arc<Self> {
        let known = ArcSwap::from_pointee(imbl::HashMap::new());
        Arc::new(Self { store, known, waits: AtomicBool::new(false) })
    }

    /// Notes that somebody made a request; of whom no role is known, nothing is.
    pub(crate) fn note(self: &Arc<Self>, principal: &Principal, region: &Region, at: Timestamp) {
        let Principal::Session { account, role, role_id, .. } = principal else { return };
        let all = self.known.load();
        let known = all.get(role_id.as_str());
        let recent = |Known { last, .. }: &Known| last.region == region.as_str() && at.since(last.at) < GRAIN;
        if known.is_some_and(recent) {
            return;
        }
        let written = known.and_then(|known| known.written);
        let last = RoleUse { at, region: region.as_str().to_owned() };
        let next = Known { account: *account, role: role.clone(), last, written };
        let is_due = next.is_due();
        self.known.rcu(|known| {
            let mut known = if known.len() < ROLES_MAX { (**known).clone() } else { imbl::HashMap::new() };
            known.insert(role_id.as_str().into(), next.clone());
            known
        });
        if is_due && !self.waits.swap(true, Ordering::SeqCst) {
            let uses = Arc::downgrade(self);
            tokio::spawn(write_later(uses));
        }
    }

    /// The last use of a role that is still told.
    pub(crate) fn show(&self, role: &Role, now: Timestamp) -> iam::RoleLastUsed {
        let noted = self.known.load().get(role.id.as_str()).map(|known| known.last.clone());
        let latest = [noted, role.last_used.clone()].into_iter().flatten().max_by_key(|last| last.at);
        let told = latest.filter(|last| now.since(last.at) <= TOLD_FOR);
        told.map(|last| iam::RoleLastUsed { last_used_date: Some(last.at), region: Some(last.region) })
            .unwrap_or_default()
    }

    /// Writes the uses that `wanted` picks, in one transaction.
    async fn write(&self, wanted: impl Fn(&Known) -> bool) -> Result<(), Error> {
        self.waits.store(false, Ordering::SeqCst);
        let known = self.known.load_full();
        let picked = known.iter().filter(|(_, known)| wanted(known));
        let picked: Vec<(Box<str>, Known)> = picked.map(|(id, known)| (id.clone(), known.clone())).collect();
        if picked.is_empty() {
            return Ok(());
        }
        let uses = picked.clone();
        self.store
            .write(move |tx| {
                for (id, Known { account, role, last, .. }) in &uses {
                    let found = named::find::<Role>(tx, *account, role)?;
                    let older = |role: &Role| role.last_used.as_ref().is_none_or(|known| known.at < last.at);
                    if let Some(mut role) = found.filter(|role| *role.id == **id && older(role)) {
                        role.last_used = Some(last.clone());
                        ROLES.insert(tx, &name_key(*account, &role.name), &role)?;
                    }
                }
                Ok::<_, Error>(())
            })
            .await?;
        self.known.rcu(|known| {
            let mut known = (**known).clone();
            for (id, Known { last, .. }) in &picked {
                if let Some(known) = known.get_mut(id) {
                    known.written = Some(last.at);
                }
            }
            known
        });
        Ok(())
    }

    /// Writes all that is not written yet.
    pub(crate) async fn write_all(&self) -> Result<(), Error> {
        self.write(Known::is_ahead).await
    }
}

async fn write_later(uses: Weak<LastUses>) {
    tokio::time::sleep(GATHER).await;
    let Some(uses) = uses.upgrade() else { return };
    if let Err(error) = uses.write(Known::is_due).await {
        // The next use of one of the roles tries again.
        tracing::warn!(?error, "the last uses of roles were not written");
    }
}

#[cfg(test)]
mod tests {
    use weft_store::Memory;

    use super::*;
    use crate::linked;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_795_485_723 + seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn a_use_is_written_a_minute_later_and_once_an_hour() {
        let store = Store::memory(&Memory::new()).expect("a store");
        let account = AccountId::DEFAULT;
        let linked = linked::find("ecs.amazonaws.com").expect("a service");
        let role = linked.role(account, linked.role_name(None), None, at(0));
        let principal = Principal::Session {
            account,
            path: role.path.clone(),
            role: role.name.clone(),
            role_id: role.id.clone(),
            session: "s".to_owned(),
        };
        let key = name_key(account, &role.name);
        let (row, new) = (key.clone(), role.clone());
        store.write(move |tx| Ok::<_, Error>(ROLES.insert(tx, &row, &new)?)).await.expect("written");
        let uses = LastUses::new(store.clone());
        let written = async || {
            let key = key.clone();
            let read = store.read(move |tx| Ok::<_, Error>(ROLES.get(tx, &key)?)).await.expect("read");
            read.and_then(|role| role.last_used).map(|last| last.at)
        };
        let check = async |seconds: i64, expected: Option<i64>, a_minute_later: i64| {
            uses.note(&principal, &Region::default(), at(seconds));
            assert_eq!(written().await, expected.map(at), "at {seconds}");
            tokio::time::sleep(GATHER + Duration::from_secs(1)).await;
            assert_eq!(written().await, Some(at(a_minute_later)), "a minute after {seconds}");
            assert_eq!(uses.show(&role, at(seconds)).last_used_date, Some(at(seconds)), "{seconds}");
        };
        check(0, None, 0).await;
        check(1800, Some(0), 0).await;
        check(3540, Some(0), 0).await;
        check(3600, Some(0), 3600).await;
        check(7140, Some(3600), 3600).await;
        uses.write_all().await.expect("written");
        assert_eq!(written().await, Some(at(7140)));
        check(7200, Some(7140), 7140).await;
    }
}
