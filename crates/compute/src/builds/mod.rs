//! Builds: from an uploaded source to a tree of code that can run.
//!
//! A build's id is the SHA-256 of all that its result depends on: account, source, kind, interpreter, packages that the
//! client read off the imports, and the machine's platform. Finished ones are kept; one under way, or one that failed, is
//! in memory only, and asking again starts it again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use tokio::sync::Semaphore;
use weft_service::workload::Artifact;
use weft_service::{Clock, Error, Scope};
use weft_store::{Blobs, Digest, Store, StoreError, Trees};
use weft_types::{AccountId, Timestamp};

use crate::Seams;
use crate::errors::{blobs, build_not_found, trees};
use crate::records::{BLOBS, BUILDS, BlobRecord, BuildKind, BuildRecord, PACKAGES};

mod job;
mod node;
mod pipeline;
mod python;
mod runner;
mod tree;

use job::{Facts, Job};
pub(crate) use job::{Failure, News, Outcome};
pub use runner::{
    BuildCommand, BuildMount, BuildRunner, Choose, Chosen, Finished, LineSink, RunError, SandboxRunner,
};

/// How long what nothing uses is kept.
const KEPT: Duration = Duration::from_hours(7 * 24);
/// Builds that ended and are remembered for their lines.
const ENDED_MAX: usize = 200;

/// Bounds on builds.
#[derive(Debug, Clone)]
pub struct BuildLimits {
    /// Builds at a time; more wait. Default 2.
    pub running_max: usize,
    /// Builds that may wait. Default 32.
    pub waiting_max: usize,
    /// How long one command may take. Default 10 minutes.
    pub time_max: Duration,
    /// Bytes of all files of a source, and of its packages. Default 1 GiB.
    pub bytes_max: u64,
    /// Files of a source, and of its packages. Default 100,000.
    pub files_max: usize,
    /// Memory of a command in MiB. Default 2,048.
    pub memory_mib: u32,
}

impl Default for BuildLimits {
    fn default() -> Self {
        Self {
            running_max: 2,
            waiting_max: 32,
            time_max: Duration::from_mins(10),
            bytes_max: 1 << 30,
            files_max: 100_000,
            memory_mib: 2048,
        }
    }
}

/// What is to be built.
#[derive(Debug, Clone)]
pub(crate) struct BuildRequest {
    pub(crate) source: Digest,
    pub(crate) kind: BuildKind,
    pub(crate) interpreter: Option<String>,
    pub(crate) requirements: Vec<String>,
    pub(crate) packages: PackageSettings,
}

/// How the client's package managers find their packages. Holds secrets, and is never stored.
#[derive(Clone, Default)]
pub(crate) struct PackageSettings {
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) files: BTreeMap<String, String>,
}

impl PackageSettings {
    /// Stands for the settings in keys. Where packages come from decides what is installed.
    pub(crate) fn digest(&self) -> String {
        Digest::of(serde_json::json!([self.variables, self.files]).to_string().as_bytes()).to_string()
    }
}

impl std::fmt::Debug for PackageSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PackageSettings").finish_non_exhaustive()
    }
}

/// All builds. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Builds {
    store: Store,
    blobs: Blobs,
    trees: Trees,
    runner: Arc<dyn BuildRunner>,
    clock: Arc<dyn Clock>,
    limits: BuildLimits,
    jobs: Arc<Mutex<HashMap<String, Arc<Job>>>>,
    places: Arc<Semaphore>,
}

impl Builds {
    pub(crate) fn new(seams: &Seams, limits: BuildLimits) -> Self {
        Self {
            store: seams.store.clone(),
            blobs: seams.blobs.clone(),
            trees: seams.trees.clone(),
            runner: Arc::clone(&seams.runner),
            clock: Arc::clone(&seams.clock),
            jobs: Arc::default(),
            places: Arc::new(Semaphore::new(limits.running_max.max(1))),
            limits,
        }
    }

    /// Starts a build, or finds the one that did or does the same.
    pub(crate) async fn create(&self, scope: &Scope, request: BuildRequest) -> Result<News, Error> {
        let chosen = match (request.kind, &request.interpreter) {
            (BuildKind::None, _) => Ok(None),
            (kind, declared) => {
                self.runner.choose(declared.as_deref().unwrap_or(kind.as_str())).await.map(Some)
            }
        };
        let version =
            chosen.as_ref().ok().and_then(|chosen| chosen.as_ref()).map(|chosen| chosen.version.clone());
        let id = id(scope.account, &request, version.as_deref());
        if let Some(record) = self.finished(&id).await?
            && self.used(&id).await?
        {
            return Ok(finished_news(&id, &record));
        }
        let owner = (scope.account.as_u64(), request.source.to_string());
        if self.read(move |tx| BLOBS.get(tx, &owner)).await?.is_none() {
            let message = format!("The source `{}` was not uploaded; see PutBlob.", request.source);
            return Err(Error::new("BlobNotFoundException", message));
        }
        let facts = Facts {
            id: id.clone(),
            account: scope.account,
            kind: request.kind,
            source: request.source.to_string(),
            interpreter: request.interpreter.clone(),
            interpreter_version: version,
            created: scope.now,
        };
        let (job, is_new) = self.enlist(facts)?;
        match chosen {
            Err(reason) if is_new => {
                let (message, help) = split_advice(&reason);
                let failure = Failure { help, ..Failure::new("InterpreterMissing", message) };
                job.end(Outcome::Failed(failure), scope.now);
            }
            Ok(chosen) if is_new => {
                let (builds, job) = (self.clone(), Arc::clone(&job));
                tokio::spawn(async move { builds.carry_out(&job, request, chosen).await });
            }
            _ => {}
        }
        Ok(job.news(0))
    }

    /// The job of this id, and whether it was made just now.
    fn enlist(&self, facts: Facts) -> Result<(Arc<Job>, bool), Error> {
        let mut jobs = self.jobs();
        if let Some(job) = jobs.get(&facts.id).filter(|job| !job.has_ended()) {
            return Ok((Arc::clone(job), false));
        }
        let under_way = jobs.values().filter(|job| !job.has_ended()).count();
        if under_way >= self.limits.running_max + self.limits.waiting_max {
            let message = format!("{under_way} builds are under way; try again when some have ended.");
            return Err(Error::new("TooManyRequestsException", message));
        }
        if jobs.len() - under_way >= ENDED_MAX {
            let oldest = jobs.values().filter(|job| job.has_ended()).min_by_key(|job| job.created);
            if let Some(oldest) = oldest.map(|job| job.id.clone()) {
                jobs.remove(&oldest);
            }
        }
        let job = Arc::new(Job::new(facts));
        jobs.insert(job.id.clone(), Arc::clone(&job));
        Ok((job, true))
    }

    /// How a build goes, with its lines after a number.
    pub(crate) async fn news(&self, scope: &Scope, id: &str, after: u64) -> Result<News, Error> {
        let job = self.jobs().get(id).filter(|job| job.account == scope.account).cloned();
        if let Some(job) = job {
            return Ok(job.news(after));
        }
        let record = self.finished(id).await?.filter(|record| record.account == scope.account);
        record.map(|record| finished_news(id, &record)).ok_or_else(|| build_not_found(id))
    }

    /// Fails unless a build's code can be used.
    pub(crate) async fn usable(&self, scope: &Scope, id: &str) -> Result<(), Error> {
        let news = self.news(scope, id, u64::MAX).await?;
        match news.outcome {
            Some(Outcome::Succeeded { .. }) if self.used(id).await? => Ok(()),
            Some(Outcome::Succeeded { .. }) => Err(build_not_found(id)),
            Some(Outcome::Failed(failure)) => Err(Error::new(
                "BuildFailedException",
                format!("The build `{id}` failed: {}.", failure.message),
            )),
            None => {
                Err(Error::new("BuildNotReadyException", format!("The build `{id}` is still under way.")))
            }
        }
    }

    /// The code of a finished build.
    pub(crate) fn tree(&self, id: &str) -> Option<PathBuf> {
        self.trees.get(&tree_key(id))
    }

    /// The code of a finished build, for Lambda.
    pub(crate) async fn artifact(&self, id: &str) -> Result<Artifact, Error> {
        let record = self.finished(id).await?.ok_or_else(|| build_not_found(id))?;
        let tree = self.tree(id).ok_or_else(|| build_not_found(id))?;
        if !self.used(id).await? {
            return Err(build_not_found(id));
        }
        Ok(Artifact { tree, sha256_base64: code_sha256(id), size_bytes: record.packed_bytes })
    }

    /// Keeps an uploaded source.
    pub(crate) async fn put_source(&self, scope: &Scope, digest: Digest, bytes: Bytes) -> Result<(), Error> {
        let size_bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.blobs.put(bytes).await.map_err(blobs)?;
        let key = (scope.account.as_u64(), digest.to_string());
        let record = BlobRecord { size_bytes, uploaded: scope.now };
        self.store.write(move |tx| BLOBS.insert(tx, &key, &record)).await.map_err(Error::from)
    }

    /// Those of some digests that the account has not uploaded.
    pub(crate) async fn missing_sources(
        &self,
        scope: &Scope,
        digests: Vec<String>,
    ) -> Result<Vec<String>, Error> {
        let account = scope.account.as_u64();
        self.read(move |tx| {
            let mut missing = Vec::new();
            for digest in digests {
                if BLOBS.get(tx, &(account, digest.clone()))?.is_none() {
                    missing.push(digest);
                }
            }
            Ok(missing)
        })
        .await
    }

    /// Removes what nothing uses and nobody used for a week.
    pub(crate) async fn sweep(&self, used: BTreeSet<String>, now: Timestamp) -> Result<(), Error> {
        let old = move |at: Timestamp| now.since(at) > KEPT;
        let swept = self.store.write(move |tx| {
            let mut swept = Swept::default();
            for ((id,), record) in BUILDS.query(&()).rows(tx)? {
                if !used.contains(&id) && old(record.used) {
                    BUILDS.remove(tx, &(id.clone(),))?;
                    swept.trees.push(tree_key(&id));
                }
            }
            for ((key,), record) in PACKAGES.query(&()).rows(tx)? {
                if old(record.used) {
                    PACKAGES.remove(tx, &(key.clone(),))?;
                    swept.trees.push(key);
                }
            }
            let mut kept = BTreeSet::new();
            let mut gone = BTreeSet::new();
            for (key, record) in BLOBS.query(&()).rows(tx)? {
                if old(record.uploaded) {
                    BLOBS.remove(tx, &key)?;
                    gone.insert(key.1);
                } else {
                    kept.insert(key.1);
                }
            }
            swept.blobs = gone.difference(&kept).cloned().collect();
            Ok::<_, StoreError>(swept)
        });
        let swept = swept.await.map_err(Error::from)?;
        for key in &swept.trees {
            self.trees.remove(key).map_err(trees)?;
        }
        for digest in swept.blobs.iter().filter_map(|digest| digest.parse::<Digest>().ok()) {
            self.blobs.delete(&digest).await.map_err(blobs)?;
        }
        Ok(())
    }

    async fn finished(&self, id: &str) -> Result<Option<BuildRecord>, Error> {
        let key = (id.to_owned(),);
        let record = self.read(move |tx| BUILDS.get(tx, &key)).await?;
        // One whose tree is gone has to be built again.
        Ok(record.filter(|_| self.tree(id).is_some()))
    }

    /// Notes that a build is used, so that it is not swept before it is part of a service or a function; `false` where it was
    /// swept just now. Written at most once an hour.
    async fn used(&self, id: &str) -> Result<bool, Error> {
        let (key, now) = ((id.to_owned(),), self.clock.now());
        let touch = move |tx: &mut weft_store::WriteTx<'_>| {
            let Some(mut record) = BUILDS.get(tx, &key)? else { return Ok(false) };
            if now.since(record.used) > Duration::from_hours(1) {
                record.used = now;
                BUILDS.insert(tx, &key, &record)?;
            }
            Ok::<_, StoreError>(true)
        };
        self.store.write(touch).await.map_err(Error::from)
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&weft_store::ReadTx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Error> {
        self.store.read(work).await.map_err(Error::from)
    }

    fn jobs(&self) -> MutexGuard<'_, HashMap<String, Arc<Job>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct Swept {
    trees: Vec<String>,
    blobs: Vec<String>,
}

/// A build's id.
fn id(account: AccountId, request: &BuildRequest, version: Option<&str>) -> String {
    let mut requirements = request.requirements.clone();
    requirements.sort();
    requirements.dedup();
    let parts = (
        "weft-build-2",
        account.to_string(),
        request.source.to_string(),
        request.kind.as_str(),
        version,
        requirements,
        (std::env::consts::OS, std::env::consts::ARCH),
        request.packages.digest(),
    );
    Digest::of(serde_json::json!(parts).to_string().as_bytes()).to_string()
}

fn tree_key(id: &str) -> String {
    format!("build-{id}")
}

/// What Lambda shows as `CodeSha256`: it differs when, and only when, the build does.
fn code_sha256(id: &str) -> String {
    id.parse::<Digest>().map_or_else(|_| id.to_owned(), |digest| STANDARD.encode(digest.as_bytes()))
}

fn finished_news(id: &str, record: &BuildRecord) -> News {
    News {
        id: id.to_owned(),
        kind: record.kind,
        source: record.source.clone(),
        interpreter: record.interpreter.clone(),
        interpreter_version: record.interpreter_version.clone(),
        cached: true,
        running: false,
        notes: record.notes.clone(),
        created: record.created,
        finished: Some(record.finished),
        outcome: Some(Outcome::Succeeded { size_bytes: record.size_bytes, code_sha256: code_sha256(id) }),
        lines: Vec::new(),
        next_after: 0,
    }
}

/// A sentence and the next step after its semicolon.
fn split_advice(text: &str) -> (String, Option<String>) {
    match text.split_once("; ") {
        Some((message, help)) => (message.to_owned(), Some(help.to_owned())),
        None => (text.to_owned(), None),
    }
}
