//! A function as it is stored, as the API shows it, and as the runtime runs it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use weft_model::lambda as model;
use weft_service::workload::{Contract, LambdaContract, Revision, Scale, WorkerLimits};
use weft_types::Timestamp;

use crate::name::{FunctionKey, LATEST};
use crate::settings::Settings;
use crate::{Placement, runtimes, workload};

/// Processes and threads of one worker: Lambda's documented limit.
const PROCESSES_MAX: u32 = 1024;

/// A function's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Function {
    pub(crate) settings: Settings,
    pub(crate) code: Code,
    pub(crate) tags: BTreeMap<String, String>,
    /// Changes with each update; never used twice.
    pub(crate) revision_id: String,
    pub(crate) last_modified: Timestamp,
}

/// A function's code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) origin: Origin,
    /// SHA-256 of the archive, base64.
    pub(crate) sha256: String,
    /// Bytes of the archive.
    pub(crate) size: u64,
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

impl Function {
    /// What `GetFunctionConfiguration` shows.
    pub(crate) fn describe(&self, key: &FunctionKey) -> model::FunctionConfiguration {
        let environment = &self.settings.environment;
        let number = |n: u32| i32::try_from(n).ok();
        let environment = (!environment.is_empty())
            .then(|| model::EnvironmentResponse { variables: Some(environment.clone()), error: None });
        model::FunctionConfiguration {
            function_name: Some(key.name.clone()),
            function_arn: Some(key.arn().into()),
            runtime: Some(self.settings.runtime.clone()),
            role: Some(self.settings.role.as_str().to_owned()),
            handler: Some(self.settings.handler.clone()),
            code_size: i64::try_from(self.code.size).ok(),
            description: Some(self.settings.description.clone()),
            timeout: number(self.settings.timeout_seconds),
            memory_size: number(self.settings.memory_mib),
            last_modified: Some(self.last_modified.format("%Y-%m-%dT%H:%M:%S%.3f+0000")),
            code_sha256: Some(self.code.sha256.clone()),
            version: Some(LATEST.to_owned()),
            environment,
            tracing_config: Some(model::TracingConfigResponse { mode: Some(self.settings.tracing.clone()) }),
            revision_id: Some(self.revision_id.clone()),
            state: Some("Active".to_owned()),
            last_update_status: Some("Successful".to_owned()),
            package_type: Some("Zip".to_owned()),
            architectures: Some(vec![self.settings.architecture.clone()]),
            ephemeral_storage: number(self.settings.tmp_mib).map(|size| model::EphemeralStorage { size }),
            snap_start: Some(model::SnapStartResponse {
                apply_on: Some("None".to_owned()),
                optimization_status: Some("Off".to_owned()),
            }),
            logging_config: Some(self.describe_logging(key)),
            ..Default::default()
        }
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
        tree: PathBuf,
        placement: &Placement,
        scale: Scale,
    ) -> Revision {
        let settings = &self.settings;
        let function_arn = key.arn();
        Revision {
            id: self.revision_key(placement).into(),
            workload: workload(key, placement),
            contract: Contract::Lambda(LambdaContract {
                function_arn,
                function_name: key.name.clone(),
                version: LATEST.to_owned(),
                runtime: settings.runtime.clone(),
                handler: settings.handler.clone(),
                timeout: Duration::from_secs(u64::from(settings.timeout_seconds)),
            }),
            code: tree,
            mounts: Vec::new(),
            interpreter: runtimes::interpreter(&settings.runtime),
            environment: self.environment(),
            role: Some(settings.role.clone()),
            scale: placement.scale.clone().unwrap_or(scale),
            limits: WorkerLimits {
                memory_mib: settings.memory_mib,
                processes: PROCESSES_MAX,
                cpu_millis: 0,
                tmp_mib: settings.tmp_mib,
            },
            log_group: self.log_group(key),
        }
    }

    /// The id of what the runtime runs.
    pub(crate) fn revision_key(&self, placement: &Placement) -> String {
        format!("{}:{}", self.revision_id, placement.generation)
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
