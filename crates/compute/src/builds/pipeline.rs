//! The steps of one build.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use weft_store::{Digest, StoreError, TreeError, UnpackLimits};

use super::job::{Failure, Job, Outcome};
use super::runner::folder_of;
use super::{
    BuildCommand, BuildMount, BuildRequest, Builds, Chosen, Finished, LineSink, PackageSettings, RunError,
};
use super::{code_sha256, node, python, tree, tree_key};
use crate::records::{BUILDS, BuildKind, BuildRecord, PACKAGES, PackagesRecord};

/// Where a build's folders are inside its sandbox.
const SOURCE: &str = "/build/source";
const TARGET: &str = "/build/packages";
const SETTINGS: &str = "/build/settings";
/// Where code lies when it runs, for the paths in bytecode.
const TASK_ROOT: &str = "/var/task";
/// Lines of a failed program that are shown.
const TAIL: usize = 15;
/// Settings of pip that would take packages elsewhere, or that only make sense on the client's machine.
const LEFT_OUT: [&str; 9] = [
    "PIP_TARGET",
    "PIP_USER",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_REQUIRE_VIRTUALENV",
    "PIP_CACHE_DIR",
    "PIP_LOG",
    "PIP_CONFIG_FILE",
    "PIP_PYTHON",
];

/// What of a build goes on from step to step.
struct Step<'a> {
    builds: &'a Builds,
    job: &'a Arc<Job>,
    request: &'a BuildRequest,
    chosen: Option<&'a Chosen>,
}

impl Builds {
    /// Carries out a build and notes how it ended.
    pub(super) async fn carry_out(&self, job: &Arc<Job>, request: BuildRequest, chosen: Option<Chosen>) {
        let Ok(_place) = self.places.acquire().await else { return };
        job.begin();
        let step = Step { builds: self, job, request: &request, chosen: chosen.as_ref() };
        let outcome = match step.all().await {
            Ok(size_bytes) => Outcome::Succeeded { size_bytes, code_sha256: code_sha256(&job.id) },
            Err(failure) => {
                tracing::info!(build = job.id.as_str(), code = failure.code, "a build failed");
                Outcome::Failed(failure)
            }
        };
        job.end(outcome, self.clock.now());
    }
}

impl Step<'_> {
    async fn all(&self) -> Result<u64, Failure> {
        if let Some(note) = self.chosen.and_then(|chosen| chosen.note.clone()) {
            self.job.note(note);
        }
        let (source_key, packed_bytes) = self.unpack().await?;
        let built = self.build(&source_key, packed_bytes).await;
        // Its files live on in the build; the folder was only a step.
        if let Err(error) = self.builds.trees.remove(&source_key) {
            tracing::warn!(%error, "an unpacked source stays behind");
        }
        built
    }

    /// Unpacks the source; gives its tree's key and the packed size.
    async fn unpack(&self) -> Result<(String, u64), Failure> {
        let limits = &self.builds.limits;
        let bytes = self.builds.blobs.get(&self.request.source).await.map_err(internal)?;
        let packed_bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let key = format!("source-{}", self.job.id);
        let limits = UnpackLimits { bytes_max: limits.bytes_max, files_max: limits.files_max };
        let unpacked = self.builds.trees.unpack_zip(&key, bytes, limits).await;
        match unpacked {
            Ok(_) => Ok((key, packed_bytes)),
            Err(error @ (TreeError::TooManyBytes(_) | TreeError::TooManyFiles(_))) => {
                let help = "leave out what does not run, with a .weftignore";
                Err(Failure::new("TooLarge", error.to_string()).with_help(help))
            }
            Err(error @ (TreeError::Malformed(_) | TreeError::Escapes(_))) => {
                Err(Failure::new("SourceInvalid", error.to_string()))
            }
            Err(error) => Err(internal(error)),
        }
    }

    async fn build(&self, source_key: &str, packed_bytes: u64) -> Result<u64, Failure> {
        let source =
            self.builds.trees.get(source_key).ok_or_else(|| internal("the source's tree is gone"))?;
        let stage = self.builds.trees.stage(&tree_key(&self.job.id)).map_err(internal)?;
        let folder = stage.path().to_path_buf();
        blocking({
            let (source, folder) = (source.clone(), folder.clone());
            move || tree::join(&source, &folder)
        })
        .await?;
        let packages = match (self.request.kind, self.chosen) {
            (BuildKind::Python, Some(chosen)) => {
                self.compile(chosen, &folder, true).await?;
                self.python_packages(chosen, &source).await?
            }
            (BuildKind::Node, Some(chosen)) => self.node_packages(chosen, &source).await?,
            _ => None,
        };
        if let Some(packages) = packages {
            let folder = folder.clone();
            blocking(move || tree::join(&packages, &folder)).await?;
        }
        let (size_bytes, _) = blocking(move || tree::measure(&folder)).await?;
        self.publish(stage, size_bytes, packed_bytes).await?;
        Ok(size_bytes)
    }

    async fn publish(
        &self,
        stage: weft_store::Stage,
        size_bytes: u64,
        packed_bytes: u64,
    ) -> Result<(), Failure> {
        blocking(move || {
            let folder = std::fs::File::open(stage.path())?;
            rustix::fs::syncfs(&folder)?;
            stage.publish().map_err(std::io::Error::other)
        })
        .await?;
        let now = self.builds.clock.now();
        let record = BuildRecord {
            account: self.job.account,
            kind: self.job.kind,
            source: self.job.source.clone(),
            interpreter: self.job.interpreter.clone(),
            interpreter_version: self.job.interpreter_version.clone(),
            size_bytes,
            packed_bytes,
            notes: self.job.notes(),
            created: self.job.created,
            finished: now,
            used: now,
        };
        let key = (self.job.id.clone(),);
        let write = move |tx: &mut weft_store::WriteTx<'_>| BUILDS.insert(tx, &key, &record);
        self.builds.store.write(write).await.map_err(|error: StoreError| internal(error))
    }

    /// Compiles a folder's Python; where `strict`, a file that is none is a failure.
    async fn compile(&self, chosen: &Chosen, folder: &Path, strict: bool) -> Result<(), Failure> {
        let mode = if strict { "strict" } else { "lenient" };
        let script = format!("{SETTINGS}/compile.py");
        let program = chosen.path.display().to_string();
        let argv = [program.as_str(), "-I", "-S", &script, SOURCE, TASK_ROOT, mode];
        let lines = Arc::new(std::sync::Mutex::new(Vec::new()));
        let sink: LineSink = {
            let lines = Arc::clone(&lines);
            Arc::new(move |line: &str| {
                let mut lines = lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                if lines.len() < 1000 {
                    lines.push(line.to_owned());
                }
            })
        };
        let command = BuildCommand {
            argv: argv.iter().map(|argument| (*argument).to_owned()).collect(),
            mounts: vec![mount(folder, SOURCE, true)],
            files: vec![(script.clone().into(), python::COMPILE.as_bytes().to_vec())],
            network: false,
            ..self.command(chosen, Vec::new(), SOURCE)
        };
        let finished = self.builds.runner.run(command, sink).await.map_err(|error| self.not_run(&error))?;
        let lines = std::mem::take(&mut *lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        if finished.success || !strict {
            return Ok(());
        }
        Err(python::explain_syntax(&lines).unwrap_or_else(|| {
            let tail = lines.len().saturating_sub(TAIL);
            let failure =
                Failure::new("InternalFailure", format!("the look at the source failed ({})", finished.how));
            Failure { output: lines[tail..].to_vec(), ..failure }
        }))
    }

    async fn python_packages(&self, chosen: &Chosen, source: &Path) -> Result<Option<PathBuf>, Failure> {
        let needs = python::Needs::of(source, &self.request.requirements)?;
        needs.notes.iter().for_each(|note| self.job.note(note));
        if needs.is_nothing() {
            return Ok(None);
        }
        let own = needs.local.then(|| self.request.source.to_string());
        let key = self.packages_key(&("python", &chosen.version, &needs.texts, &needs.packages, own));
        if let Some(packages) = self.kept(&key).await? {
            return Ok(Some(packages));
        }
        self.job.line("installing Python packages");
        let stage = self.builds.trees.stage(&key).map_err(internal)?;
        let mut argv = vec![chosen.path.display().to_string()];
        argv.extend(python::pip(&needs, SOURCE, TARGET));
        let command = BuildCommand {
            mounts: vec![mount(source, SOURCE, false), mount(stage.path(), TARGET, true)],
            ..self.command(chosen, argv, SOURCE)
        };
        let finished = self.run(command).await?;
        if !finished.success {
            return Err(python::explain_pip(self.job.tail(TAIL), &finished.how));
        }
        self.compile(chosen, stage.path(), false).await?;
        self.keep(key, stage).await.map(Some)
    }

    async fn node_packages(&self, chosen: &Chosen, source: &Path) -> Result<Option<PathBuf>, Failure> {
        let Some(needs) = node::Needs::of(source)? else { return Ok(None) };
        let key = self.packages_key(&("node", &chosen.version, &needs.files));
        if let Some(packages) = self.kept(&key).await? {
            return Ok(Some(packages));
        }
        self.job.line("installing npm packages");
        let stage = self.builds.trees.stage(&key).map_err(internal)?;
        for (name, text) in &needs.files {
            std::fs::write(stage.path().join(name), text).map_err(internal)?;
        }
        let command = BuildCommand {
            mounts: vec![mount(stage.path(), TARGET, true)],
            ..self.command(chosen, node::npm(&needs), TARGET)
        };
        let finished = self.run(command).await?;
        if !finished.success {
            return Err(node::explain_npm(self.job.tail(TAIL), &finished.how));
        }
        self.keep(key, stage).await.map(Some)
    }

    /// The key under which packages are kept: all that they depend on. Where they come from is part of it, as is the
    /// account: nobody is given packages from an index that somebody else chose.
    fn packages_key(&self, parts: &impl serde::Serialize) -> String {
        let from = self.request.packages.digest();
        let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
        let parts =
            serde_json::json!(["weft-packages-2", self.job.account.to_string(), from, parts, os, arch]);
        format!("packages-{}", Digest::of(parts.to_string().as_bytes()))
    }

    /// Packages that an earlier build installed.
    async fn kept(&self, key: &str) -> Result<Option<PathBuf>, Failure> {
        let Some(packages) = self.builds.trees.get(key) else { return Ok(None) };
        self.job.line("the packages are there already");
        self.note_packages(key.to_owned()).await?;
        Ok(Some(packages))
    }

    async fn keep(&self, key: String, stage: weft_store::Stage) -> Result<PathBuf, Failure> {
        let folder = stage.path().to_path_buf();
        let (bytes, files) = blocking(move || tree::measure(&folder)).await?;
        let limits = &self.builds.limits;
        if bytes > limits.bytes_max || files > limits.files_max {
            let message = format!("the packages are {files} files of {} MiB", bytes >> 20);
            return Err(Failure::new("TooLarge", message).with_help("depend on fewer or smaller packages"));
        }
        self.job.line(&format!("installed {files} files, {} MiB", bytes >> 20));
        let path = blocking(move || stage.publish().map_err(std::io::Error::other)).await?;
        self.note_packages(key).await?;
        Ok(path)
    }

    async fn note_packages(&self, key: String) -> Result<(), Failure> {
        let record = PackagesRecord { used: self.builds.clock.now() };
        let write = move |tx: &mut weft_store::WriteTx<'_>| PACKAGES.insert(tx, &(key.clone(),), &record);
        self.builds.store.write(write).await.map_err(|error: StoreError| internal(error))
    }

    /// Runs a command whose lines are the build's.
    async fn run(&self, command: BuildCommand) -> Result<Finished, Failure> {
        let job = Arc::clone(self.job);
        let sink: LineSink = Arc::new(move |line: &str| job.line(line));
        self.builds.runner.run(command, sink).await.map_err(|error| self.not_run(&error))
    }

    fn not_run(&self, error: &RunError) -> Failure {
        let failure = Failure::new("DependenciesFailed", error.to_string());
        let failure = Failure { output: self.job.tail(TAIL), ..failure };
        match error {
            RunError::NoProgram(program) => {
                let failure = Failure { code: "InterpreterMissing", ..failure };
                failure.with_help(format!(
                    "install it where the server runs; on Debian and Ubuntu: apt install {program}"
                ))
            }
            RunError::TimedOut(_) => {
                failure.with_help("see the last lines for where it hung; a slow index may need another try")
            }
            RunError::OutOfMemory(_) => failure.with_help("depend on packages that come compiled (wheels)"),
            RunError::Machine(_) => {
                let failure = Failure { code: "MachineUnable", ..failure };
                failure.with_help("`weft status` shows what this machine allows, and how to allow more")
            }
        }
    }

    fn command(&self, chosen: &Chosen, argv: Vec<String>, folder: &str) -> BuildCommand {
        let (environment, files) = self.request.packages.inside(chosen);
        BuildCommand {
            name: format!("build-{}", &self.job.id[..12]),
            argv,
            environment,
            folder: folder.into(),
            mounts: Vec::new(),
            files,
            prefix: chosen.prefix.clone(),
            network: true,
            memory_mib: self.builds.limits.memory_mib,
            time_max: self.builds.limits.time_max,
        }
    }
}

/// An environment.
type Variables = Vec<(String, String)>;
/// Small files, by their paths inside.
type Files = Vec<(PathBuf, Vec<u8>)>;

impl PackageSettings {
    /// The environment and the files with which a package manager runs.
    fn inside(&self, chosen: &Chosen) -> (Variables, Files) {
        let own = |name: &str| format!("{SETTINGS}/{name}");
        let path = format!(
            "{}:{}/bin:/usr/local/bin:/usr/bin:/bin",
            folder_of(&chosen.path),
            chosen.prefix.display()
        );
        let mut environment = vec![
            ("PATH".to_owned(), path),
            ("HOME".to_owned(), "/tmp".to_owned()),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
            ("PYTHONUNBUFFERED".to_owned(), "1".to_owned()),
            ("PIP_ROOT_USER_ACTION".to_owned(), "ignore".to_owned()),
            ("npm_config_cache".to_owned(), "/tmp/npm".to_owned()),
        ];
        let variables = self.variables.iter().filter(|(name, _)| !LEFT_OUT.contains(&name.as_str()));
        environment.extend(variables.map(|(name, value)| (name.clone(), value.clone())));
        let mut files = Vec::new();
        for (name, text) in &self.files {
            let variables: &[&str] = match name.as_str() {
                "pip.conf" => &["PIP_CONFIG_FILE"],
                "npmrc" => &["NPM_CONFIG_USERCONFIG"],
                "ca-bundle.pem" => {
                    &["PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"]
                }
                _ => continue,
            };
            environment.retain(|(variable, _)| !variables.contains(&variable.as_str()));
            environment.extend(variables.iter().map(|variable| ((*variable).to_owned(), own(name))));
            files.push((PathBuf::from(own(name)), text.clone().into_bytes()));
        }
        (environment, files)
    }
}

fn mount(source: &Path, target: &str, writable: bool) -> BuildMount {
    BuildMount { source: source.to_path_buf(), target: target.into(), writable }
}

/// Work with files, on a thread that may wait for the disk.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(internal)?.map_err(internal)
}

fn internal(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Failure {
    let error = error.into();
    tracing::error!(%error, "a build failed by a fault of ours");
    Failure::new("InternalFailure", format!("the platform failed: {error}"))
}
