//! A function as it is stored, as the API shows it, and as the runtime runs it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use weft_model::lambda as model;
use weft_service::Error;
use weft_service::workload::{Contract, LambdaContract, Revision, Scale, WorkerLimits};
use weft_types::Timestamp;

use crate::code::{artifact_name, merged_name};
use crate::layer::LayerUse;
use crate::name::{FunctionKey, FunctionRef};
use crate::settings::{Settings, why_not_here};
use crate::version::VersionId;
use crate::{Placement, errors, runtimes, workload};

/// Processes and threads of one worker: Lambda's documented limit.
const PROCESSES_MAX: u32 = 1024;

/// A function at one version: the record of `$LATEST`, or the copy that a published version is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Function {
    pub(crate) settings: Settings,
    pub(crate) code: Code,
    /// Of the function as a whole; empty in the copies.
    pub(crate) tags: BTreeMap<String, String>,
    /// Changes with each update, of the policy too; never used twice.
    pub(crate) revision_id: String,
    pub(crate) last_modified: Timestamp,
    /// Changes only with what runs: the revision's id when code or settings were last changed. Empty in records of older
    /// builds, where it is [`Self::revision_id`].
    #[serde(default)]
    pub(crate) run_id: String,
    /// Of the function as a whole; unused in the copies.
    #[serde(default)]
    pub(crate) whole: Whole,
}

/// What a function has once for all of its versions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Whole {
    /// The version that is as `$LATEST` is, where one is.
    #[serde(default)]
    pub(crate) published: Option<u64>,
    /// `ReservedConcurrentExecutions`.
    #[serde(default)]
    pub(crate) reserved_concurrency: Option<u32>,
    /// Whether a function may call itself in circles without being stopped: `RecursiveLoop` is `Allow`.
    #[serde(default)]
    pub(crate) recursion_allowed: bool,
    /// The ARN of the code signing configuration.
    #[serde(default)]
    pub(crate) code_signing: Option<String>,
}

/// A function's code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) origin: Origin,
    /// SHA-256 of the archive, base64.
    pub(crate) sha256: String,
    /// Bytes of the archive.
    pub(crate) size: u64,
    /// Bytes of the files; 0 in records of older builds.
    #[serde(default)]
    pub(crate) unpacked: u64,
}

impl Code {
    /// The name under which its users are noted.
    pub(crate) fn use_name(&self) -> String {
        match &self.origin {
            Origin::Archive(name) => name.clone(),
            Origin::Artifact { bucket, key } => artifact_name(bucket, key),
        }
    }
}

/// Where the unpacked code comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Origin {
    /// An archive that came with the request, by the name of its blob.
    Archive(String),
    /// Code that another service keeps.
    Artifact {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
}

/// Where a version's files are.
#[derive(Debug)]
pub(crate) struct Folders {
    pub(crate) code: PathBuf,
    /// All layers, merged.
    pub(crate) layers: Option<PathBuf>,
}

impl Function {
    /// What `GetFunctionConfiguration` shows. The ARN is `function`'s, with its qualifier.
    pub(crate) fn describe(
        &self,
        function: &FunctionRef,
        version: VersionId,
    ) -> model::FunctionConfiguration {
        let key = &function.key;
        let environment = &self.settings.environment;
        let number = |n: u32| i32::try_from(n).ok();
        let environment = (!environment.is_empty())
            .then(|| model::EnvironmentResponse { variables: Some(environment.clone()), error: None });
        model::FunctionConfiguration {
            function_name: Some(key.name.clone()),
            function_arn: Some(function.arn().into()),
            runtime: Some(self.settings.runtime.clone()),
            role: Some(self.settings.role.as_str().to_owned()),
            handler: Some(self.settings.handler.clone()),
            code_size: i64::try_from(self.code.size).ok(),
            description: Some(self.settings.description.clone()),
            timeout: number(self.settings.timeout_seconds),
            memory_size: number(self.settings.memory_mib),
            last_modified: Some(self.last_modified.format("%Y-%m-%dT%H:%M:%S%.3f+0000")),
            code_sha256: Some(self.code.sha256.clone()),
            version: Some(version.to_string()),
            vpc_config: self.settings.outside.describe_vpc(),
            dead_letter_config: self.settings.outside.describe_dead_letters(),
            kms_key_arn: self.settings.outside.kms_key.clone(),
            environment,
            tracing_config: Some(model::TracingConfigResponse { mode: Some(self.settings.tracing.clone()) }),
            revision_id: Some(self.revision_id.clone()),
            state: Some("Active".to_owned()),
            // A visible note: it is there, and cannot run on this machine.
            state_reason: why_not_here(&self.settings.architecture, &self.settings.runtime),
            last_update_status: Some("Successful".to_owned()),
            package_type: Some("Zip".to_owned()),
            architectures: Some(vec![self.settings.architecture.clone()]),
            ephemeral_storage: number(self.settings.tmp_mib).map(|size| model::EphemeralStorage { size }),
            snap_start: Some(model::SnapStartResponse {
                apply_on: Some("None".to_owned()),
                optimization_status: Some("Off".to_owned()),
            }),
            layers: self.describe_layers(),
            runtime_version_config: Some(self.describe_runtime(key)),
            logging_config: Some(self.describe_logging(key)),
            ..Default::default()
        }
    }

    /// Which runtime it is, and the visible note where another interpreter runs it.
    fn describe_runtime(&self, key: &FunctionKey) -> model::RuntimeVersionConfig {
        let Settings { runtime, runtime_note, .. } = &self.settings;
        let error = runtime_note.clone().map(|note| model::RuntimeVersionError {
            error_code: Some("RuntimeNotInstalled".to_owned()),
            message: Some(note),
        });
        let arn = runtimes::version_arn(runtime, key.region.as_str());
        model::RuntimeVersionConfig { runtime_version_arn: Some(arn), error }
    }

    fn describe_layers(&self) -> Option<Vec<model::Layer>> {
        let layer = |layer: &LayerUse| model::Layer {
            arn: Some(layer.arn.clone()),
            code_size: i64::try_from(layer.code.size).ok(),
            ..Default::default()
        };
        let layers = &self.settings.layers;
        (!layers.is_empty()).then(|| layers.iter().map(layer).collect())
    }

    fn describe_logging(&self, key: &FunctionKey) -> model::LoggingConfig {
        let logging = &self.settings.logging;
        model::LoggingConfig {
            log_format: Some(if logging.json { "JSON" } else { "Text" }.to_owned()),
            application_log_level: logging.application_level.clone(),
            system_log_level: logging.system_level.clone(),
            log_group: Some(self.log_group(key)),
        }
    }

    /// What the runtime runs. `scale` holds unless the placement has its own.
    pub(crate) fn revision(
        &self,
        key: &FunctionKey,
        version: VersionId,
        folders: Folders,
        placement: &Placement,
        scale: Scale,
    ) -> Revision {
        let settings = &self.settings;
        let function_arn = key.arn();
        let mut scale = placement.scale.clone().unwrap_or(scale);
        if version != VersionId::Latest {
            // An app keeps workers of what it deployed, which is `$LATEST`.
            scale.min = 0;
        }
        Revision {
            id: self.revision_key(placement).into(),
            workload: workload(key, version, placement),
            contract: Contract::Lambda(LambdaContract {
                function_arn,
                function_name: key.name.clone(),
                version: version.to_string(),
                runtime: settings.runtime.clone(),
                handler: settings.handler.clone(),
                timeout: Duration::from_secs(u64::from(settings.timeout_seconds)),
                logging: settings.logging.contract(),
            }),
            code: folders.code,
            mounts: folders.layers.map(|layers| ("/opt".to_owned(), layers)).into_iter().collect(),
            interpreter: runtimes::interpreter(&settings.runtime),
            environment: self.environment(),
            role: Some(settings.role.clone()),
            scale,
            limits: WorkerLimits {
                memory_mib: settings.memory_mib,
                processes: PROCESSES_MAX,
                cpu_millis: 0,
                tmp_mib: settings.tmp_mib,
            },
            log_group: self.log_group(key),
        }
    }

    /// A new function.
    pub(crate) fn new(
        settings: Settings,
        code: Code,
        tags: BTreeMap<String, String>,
        now: Timestamp,
    ) -> Self {
        let revision_id = weft_service::request_id();
        let run_id = revision_id.clone();
        Self { settings, code, tags, revision_id, last_modified: now, run_id, whole: Whole::default() }
    }

    /// Marks what came of `old` as a new revision.
    pub(crate) fn stamp(&mut self, old: &Self, revision_id: &str, now: Timestamp) {
        revision_id.clone_into(&mut self.revision_id);
        revision_id.clone_into(&mut self.run_id);
        self.last_modified = now;
        if (&self.settings, &self.code) != (&old.settings, &old.code) {
            self.whole.published = None;
        }
    }

    /// Before [`Self::revision_id`] changes for another reason than code or settings.
    pub(crate) fn keep_run_id(&mut self) {
        if self.run_id.is_empty() {
            self.run_id.clone_from(&self.revision_id);
        }
    }

    /// Fails where the files of code and layers together are more than `max` bytes.
    pub(crate) fn check_size(&self, max: u64) -> Result<(), Error> {
        let layers = self.settings.layers.iter().map(|layer| layer.code.unpacked);
        let sum: u64 = layers.chain([self.code.unpacked]).sum();
        if self.settings.layers.is_empty() || sum <= max {
            return Ok(());
        }
        Err(errors::invalid_parameter(format!(
            "Function code combined with layers exceeds the maximum allowed size of {max} bytes. The actual size is {sum} \
             bytes."
        )))
    }

    /// The archives, artifacts and merged trees that it needs, by name.
    pub(crate) fn uses(&self) -> BTreeSet<String> {
        let layers = &self.settings.layers;
        let codes = std::iter::once(&self.code).chain(layers.iter().map(|layer| &layer.code));
        codes.map(Code::use_name).chain(merged_name(layers)).collect()
    }

    /// The id of what the runtime runs.
    pub(crate) fn revision_key(&self, placement: &Placement) -> String {
        let run_id = if self.run_id.is_empty() { &self.revision_id } else { &self.run_id };
        format!("{run_id}:{}", placement.generation)
    }

    /// The user's variables, and those by which runtimes learn the log's form. The rest is the runtime's to set.
    fn environment(&self) -> BTreeMap<String, String> {
        let mut variables = self.settings.environment.clone();
        let logging = &self.settings.logging;
        let mut set = |name: &str, value: &str| {
            variables.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        };
        set("AWS_LAMBDA_LOG_FORMAT", if logging.json { "JSON" } else { "Text" });
        if let Some(level) = &logging.application_level {
            set("AWS_LAMBDA_LOG_LEVEL", level);
        }
        variables
    }

    fn log_group(&self, key: &FunctionKey) -> String {
        self.settings.logging.group.clone().unwrap_or_else(|| key.log_group())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_the_first_build_is_read() {
        let old = serde_json::json!({
            "settings": {
                "runtime": "python3.12", "handler": "app.main", "role": "arn:aws:iam::000000000000:role/worker",
                "description": "", "timeout_seconds": 3, "memory_mib": 128, "tmp_mib": 512, "environment": {},
                "tracing": "PassThrough", "architecture": "x86_64",
                "logging": { "json": false, "application_level": null, "system_level": null, "group": null },
            },
            "code": { "origin": { "Archive": "aa" }, "sha256": "sum", "size": 5 },
            "tags": {}, "revision_id": "first", "last_modified": 0,
        });
        let function: Function = serde_json::from_value(old).unwrap();
        assert_eq!(function.revision_key(&Placement::default()), "first:0");
        assert_eq!((function.code.unpacked, function.whole.clone()), (0, Whole::default()));
        assert_eq!(function.uses(), BTreeSet::from(["aa".to_owned()]));
        let origin = Origin::Artifact { bucket: "b".to_owned(), key: "k".to_owned() };
        let built = Function { code: Code { origin, ..function.code.clone() }, ..function };
        assert_eq!(built.uses(), BTreeSet::from(["artifact:b/k".to_owned()]));
    }
}
