//! How a new revision of a service comes into force: it takes traffic once a worker of it was ready. Until then, and where
//! none becomes ready, the revision before it goes on serving. Where nothing that works served before, the new one is in
//! force at once, and its first requests wait for it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::AbortHandle;
use weft_service::Error;
use weft_service::workload::{Revision, WorkError, WorkloadId};
use weft_types::WorkloadName;

use crate::Compute;
use crate::index::{App, Index, Service, revision_id};
use crate::records::{CheckRecord, Place, RevisionRecord, SERVICES, ServiceRecord};

/// The most that is kept of why a revision failed, the end of its log included.
const REASON_BYTES_MAX: usize = 16 << 10;

/// How long it takes until what could not be stored is tried again; it doubles up to [`RETRY_MAX`].
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(30);

/// How far a revision is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RevisionState<'a> {
    /// No worker of it was ready yet.
    Pending,
    /// It is in force, and was ready.
    Active,
    /// No worker of it became ready.
    Failed(&'a str),
    /// A newer one has taken its place.
    Inactive,
}

impl ServiceRecord {
    /// A service with its first revision.
    pub(crate) fn new(uid: String, part: Option<String>, first: RevisionRecord) -> Self {
        let (created, number) = (first.created, first.number);
        let check = Some(CheckRecord { number, failure: None });
        Self { part, created, uid, revisions: vec![first], candidate: None, check, last_number: number }
    }

    /// The revision that takes traffic.
    pub(crate) fn current(&self) -> Option<&RevisionRecord> {
        self.revisions.last()
    }

    /// The revision that was made last.
    pub(crate) fn newest(&self) -> Option<&RevisionRecord> {
        self.candidate.as_ref().or_else(|| self.current())
    }

    /// All revisions, the newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &RevisionRecord> {
        self.candidate.iter().chain(self.revisions.iter().rev())
    }

    /// The revision of which it is to be found out whether it can serve.
    pub(crate) fn pending(&self) -> Option<&RevisionRecord> {
        let check = self.check.as_ref().filter(|check| check.failure.is_none())?;
        self.newest().filter(|newest| newest.number == check.number)
    }

    /// How far a revision is.
    pub(crate) fn state(&self, revision: &RevisionRecord) -> RevisionState<'_> {
        match self.check.as_ref().filter(|check| check.number == revision.number) {
            Some(CheckRecord { failure: None, .. }) => RevisionState::Pending,
            Some(CheckRecord { failure: Some(reason), .. }) => RevisionState::Failed(reason),
            None if self.current().is_some_and(|current| current.number == revision.number) => {
                RevisionState::Active
            }
            None => RevisionState::Inactive,
        }
    }

    /// Enters a new revision, whose number is given here. One that is as the newest is no new one, unless that failed; one
    /// that is as the one in force takes the candidate back.
    pub(crate) fn propose(&mut self, mut next: RevisionRecord, revisions_max: usize) {
        let is_same = |old: &RevisionRecord| old.build == next.build && old.settings == next.settings;
        let has_failed = self.check.as_ref().is_some_and(|check| check.failure.is_some());
        if !has_failed && self.newest().is_some_and(is_same) {
            if let Some(newest) = self.candidate.as_mut().or_else(|| self.revisions.last_mut()) {
                newest.source = next.source;
            }
            return;
        }
        if self.candidate.is_some() && self.current().is_some_and(is_same) {
            (self.candidate, self.check) = (None, None);
            if let Some(current) = self.revisions.last_mut() {
                current.source = next.source;
            }
            return;
        }
        let newest = self.newest().map_or(0, |newest| newest.number);
        next.number = newest.max(self.last_number) + 1;
        self.last_number = next.number;
        let is_served = self.current().is_some_and(|old| self.state(old) == RevisionState::Active);
        self.check = Some(CheckRecord { number: next.number, failure: None });
        if is_served {
            self.candidate = Some(next);
        } else {
            self.candidate = None;
            self.put_in_force(next, revisions_max);
        }
    }

    /// Notes whether a revision can serve; `false` where that is no longer the question.
    pub(crate) fn settle(&mut self, number: u64, outcome: Result<(), String>, revisions_max: usize) -> bool {
        if self.pending().is_none_or(|pending| pending.number != number) {
            return false;
        }
        match outcome {
            Ok(()) => {
                self.check = None;
                if let Some(ready) = self.candidate.take() {
                    self.put_in_force(ready, revisions_max);
                }
            }
            Err(reason) => self.check = Some(CheckRecord { number, failure: Some(cut(reason)) }),
        }
        true
    }

    fn put_in_force(&mut self, revision: RevisionRecord, revisions_max: usize) {
        self.revisions.push(revision);
        let excess = self.revisions.len().saturating_sub(revisions_max.max(1));
        self.revisions.drain(..excess);
    }
}

/// The beginning of a text that is too long.
fn cut(mut text: String) -> String {
    if text.len() > REASON_BYTES_MAX {
        text.truncate(text.floor_char_boundary(REASON_BYTES_MAX));
        text.push('…');
    }
    text
}

/// Services of an app with workers that are to go: the revision that takes traffic is another now or gone, or one that was
/// to take it is not to any more.
pub(crate) fn changed(place: &Place, old: &Index, new: &Index) -> Vec<(WorkloadId, Option<Arc<Revision>>)> {
    let id = |revision: Option<&Arc<Revision>>| revision.map(|revision| Arc::clone(&revision.id));
    let names = |app: Option<&Arc<App>>| app.map(|app| app.services.keys().cloned().collect::<Vec<_>>());
    let (before, after) = (old.app(place), new.app(place));
    let names: BTreeSet<_> = [names(before), names(after)].into_iter().flatten().flatten().collect();
    let changed = names.iter().filter_map(|name| {
        let (old, new) =
            (before.and_then(|app| app.services.get(name)), after.and_then(|app| app.services.get(name)));
        let current = new.and_then(|service| service.revision.clone());
        let is_same = id(old.and_then(|service| service.revision.as_ref())) == id(current.as_ref());
        let was_pending = id(old.and_then(|service| service.pending.as_ref()));
        let wanted = [id(current.as_ref()), id(new.and_then(|service| service.pending.as_ref()))];
        let is_dropped = was_pending.is_some() && !wanted.contains(&was_pending);
        (old.is_none() || !is_same || is_dropped).then(|| (place.service(name), current))
    });
    changed.collect()
}

/// The checks under way: one per service at most.
#[derive(Default)]
pub(crate) struct Checks(Mutex<HashMap<(Place, WorkloadName), Check>>);

struct Check {
    revision: String,
    task: AbortHandle,
}

impl Checks {
    /// Begins the check of a service's pending revision, ends one that is no longer asked for.
    fn follow(&self, compute: &Compute, place: &Place, name: &WorkloadName, service: Option<&Service>) {
        let wanted = service.and_then(|service| {
            let pending = service.record.pending()?;
            Some((revision_id(&service.record, pending), pending.number, service.pending.clone()?))
        });
        let mut checks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (place.clone(), name.clone());
        if let Some(under_way) = checks.get(&key) {
            if wanted.as_ref().is_some_and(|(id, ..)| *id == under_way.revision) {
                return;
            }
            under_way.task.abort();
            checks.remove(&key);
        }
        let Some((revision, number, pending)) = wanted else { return };
        let ready = compute.seams().workers.prepare(pending);
        let (compute, place, name, id) = (compute.clone(), place.clone(), name.clone(), revision.clone());
        let task = tokio::spawn(async move {
            let outcome = match ready.await {
                // The next start of the platform finds out.
                Err(WorkError::Stopping) => return,
                Err(WorkError::StartFailed { reason }) => Err(reason),
                Err(error) => Err(error.to_string()),
                Ok(()) => Ok(()),
            };
            let mut wait = RETRY_FIRST;
            while let Err(error) = compute.settle(&place, &name, &id, number, outcome.clone()).await {
                tracing::error!(service = name.as_str(), revision = id, %error, "a revision's state was not stored");
                tokio::time::sleep(wait).await;
                wait = wait.saturating_mul(2).min(RETRY_MAX);
            }
        });
        checks.insert(key, Check { revision, task: task.abort_handle() });
    }
}

impl Compute {
    /// Begins and ends checks as an app's services ask for. To be called after every change, with the names that it may
    /// have taken away.
    pub(crate) fn follow_checks(&self, place: &Place, app: Option<&App>, gone: &[WorkloadName]) {
        for name in gone {
            self.checks().follow(self, place, name, None);
        }
        for (name, service) in app.iter().flat_map(|app| &app.services) {
            self.checks().follow(self, place, name, Some(service));
        }
    }

    /// Stores what became of a revision. May be called again where it failed: what is stored then is only made seen.
    async fn settle(
        &self,
        place: &Place,
        name: &WorkloadName,
        id: &str,
        number: u64,
        outcome: Result<(), String>,
    ) -> Result<(), Error> {
        let key = place.name_key(name.as_str());
        let (id, revisions_max) = (id.to_owned(), self.options().revisions_max);
        let settle = move |tx: &mut weft_store::WriteTx<'_>| {
            let Some(mut record) = SERVICES.get(tx, &key)? else { return Ok::<_, Error>(()) };
            let is_it = record.pending().is_some_and(|pending| revision_id(&record, pending) == id);
            if is_it && record.settle(number, outcome.clone(), revisions_max) {
                SERVICES.insert(tx, &key, &record)?;
            }
            Ok(())
        };
        self.change(place, settle).await
    }
}

#[cfg(test)]
#[path = "rollout_tests.rs"]
mod tests;
