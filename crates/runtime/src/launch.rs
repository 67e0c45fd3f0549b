//! What a worker is started with: program, environment, files, limits.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use weft_sandbox::{Companion, Language, Limits, Mount, Network, SandboxSpec, SyntheticFile};
use weft_service::workload::{
    AWS_ENDPOINT_ADDRESS, Contract, HttpContract, LambdaContract, RUNTIME_API_ADDRESS, Revision, RoleKeys,
};
use weft_types::LAMBDA_RESERVED_VARIABLES;

use crate::interpreter::InterpreterChoice;
use crate::start::initialization;
use crate::{RuntimeConfig, bootstraps};

/// Where code lies inside.
const TASK_ROOT: &str = "/var/task";
/// The port that a service is told to listen on.
pub(crate) const PORT: u16 = 8080;

/// The descriptor that a sandbox gives its program beside the standard ones.
const FRAMES_NUMBER: &str = "3";
/// Variables that extensions do not get, beside those that begin with `_`.
const RUNTIMES_ONLY: [&str; 5] = [
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_EXEC_WRAPPER",
    "WEFT_NODE_CONTRACT",
];

/// All that a spec is made of.
pub(crate) struct Launch<'a> {
    pub(crate) revision: &'a Revision,
    pub(crate) choice: Option<&'a InterpreterChoice>,
    pub(crate) keys: Option<&'a RoleKeys>,
    pub(crate) log_stream: &'a str,
    pub(crate) config: &'a RuntimeConfig,
    pub(crate) worker: u64,
}

impl Launch<'_> {
    /// The spec of the sandbox.
    pub(crate) fn spec(&self) -> SandboxSpec {
        let revision = self.revision;
        let mut mounts = vec![(TASK_ROOT.to_owned(), revision.code.clone())];
        mounts.extend(revision.mounts.iter().chain(&self.config.mounts).cloned());
        let read_only =
            |(target, source): (String, PathBuf)| Mount { source, target: target.into(), read_only: true };
        let env = match &revision.contract {
            Contract::Lambda(lambda) => self.lambda_env(lambda),
            Contract::Http(_) => self.http_env(),
        };
        SandboxSpec {
            name: format!("{}-{}", revision.workload.name, self.worker).chars().take(64).collect(),
            argv: self.argv(),
            env: env.into_iter().collect(),
            cwd: TASK_ROOT.into(),
            mounts: mounts.into_iter().map(read_only).collect(),
            interpreter_prefixes: self
                .choice
                .iter()
                .map(|choice| choice.interpreter.prefix.clone())
                .collect(),
            files: self.files(),
            limits: self.limits(),
            network: Network::Own,
            // A runtime of its own may write its log there.
            frames: matches!(revision.contract, Contract::Lambda(_)),
            companions: self.companions(),
        }
    }

    /// The external extensions of the layers: the executable files of `/opt/extensions`, by name.
    pub(crate) fn extensions(&self) -> Vec<String> {
        let layers = self.revision.mounts.iter().find(|(target, _)| target == "/opt");
        let is_function = matches!(self.revision.contract, Contract::Lambda(_));
        let Some((_, layers)) = layers.filter(|_| is_function) else { return Vec::new() };
        let files = std::fs::read_dir(layers.join("extensions")).into_iter().flatten().flatten();
        let mut names: Vec<String> = files
            .filter(|file| {
                let data = std::fs::metadata(file.path());
                data.is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
            })
            .filter_map(|file| file.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    }

    /// They see what the function's code sees but what the platform keeps for runtimes.
    fn companions(&self) -> Vec<Companion> {
        let Contract::Lambda(lambda) = &self.revision.contract else { return Vec::new() };
        let runtimes = |name: &str| name.starts_with('_') || RUNTIMES_ONLY.contains(&name);
        let companion = |name: String| Companion {
            argv: vec![format!("/opt/extensions/{name}")],
            env: self.lambda_env(lambda).into_iter().filter(|(name, _)| !runtimes(name)).collect(),
            cwd: "/".into(),
        };
        self.extensions().into_iter().map(companion).collect()
    }

    /// Whether one of our own bootstraps runs the code.
    pub(crate) fn speaks_frames(&self) -> bool {
        matches!(&self.revision.contract, Contract::Lambda(_)) && self.choice.is_some()
    }

    fn argv(&self) -> Vec<String> {
        match &self.revision.contract {
            Contract::Lambda(_) => {
                let mut argv = match self.choice {
                    Some(choice) => {
                        let program = choice.interpreter.path.display().to_string();
                        match choice.interpreter.language {
                            // `site` is not needed to start; the bootstrap makes up for it.
                            Language::Python => {
                                vec![program, "-S".into(), "/var/runtime/bootstrap.py".into()]
                            }
                            Language::Node => vec![program, "/var/runtime/bootstrap.cjs".into()],
                        }
                    }
                    None => vec![self.native_bootstrap()],
                };
                let wrapper = self.revision.environment.get("AWS_LAMBDA_EXEC_WRAPPER");
                // A runtime of one's own needs no other to begin it, and Lambda gives it none.
                if let Some(wrapper) = wrapper.filter(|_| self.choice.is_some()) {
                    argv.insert(0, wrapper.clone());
                }
                argv
            }
            Contract::Http(http) => self.command(http),
        }
    }

    fn native_bootstrap(&self) -> String {
        let in_code = self.revision.code.join("bootstrap").exists();
        if in_code { format!("{TASK_ROOT}/bootstrap") } else { "/opt/bootstrap".to_owned() }
    }

    fn command(&self, http: &HttpContract) -> Vec<String> {
        let port = PORT.to_string();
        let mut argv: Vec<String> =
            http.command.iter().map(|arg| arg.replace("${PORT}", &port).replace("$PORT", &port)).collect();
        if let (Some(program), Some(choice)) = (argv.first_mut(), self.choice) {
            let named = match choice.interpreter.language {
                Language::Python => program
                    .strip_prefix("python")
                    .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')),
                Language::Node => program == "node" || program == "nodejs",
            };
            if named {
                *program = choice.interpreter.path.display().to_string();
            }
        }
        argv
    }

    fn files(&self) -> Vec<SyntheticFile> {
        let own = match self.choice.filter(|_| self.speaks_frames()).map(|choice| choice.interpreter.language)
        {
            Some(Language::Python) => bootstraps::PYTHON,
            Some(Language::Node) => bootstraps::NODE,
            None => &[],
        };
        let file = |(path, text): &(&str, &str)| SyntheticFile {
            path: path.into(),
            contents: text.as_bytes().to_vec(),
            executable: false,
        };
        own.iter().map(file).collect()
    }

    fn limits(&self) -> Limits {
        let limits = &self.revision.limits;
        Limits {
            memory_bytes: u64::from(limits.memory_mib) << 20,
            processes: limits.processes.max(1),
            cpu_millis: limits.cpu_millis,
            file_size_bytes: u64::from(limits.tmp_mib.max(1)) << 20,
            tmp_bytes: u64::from(limits.tmp_mib.max(1)) << 20,
            ..Limits::default()
        }
    }

    /// Variables of both contracts. The user's win over those of `weak`, and lose to the others.
    fn common_env(&self, weak: &[(&str, String)], strong: &[(&str, String)]) -> BTreeMap<String, String> {
        let mut env = BTreeMap::new();
        let mut set = |items: &[(&str, String)]| {
            env.extend(items.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        };
        set(&[("TZ", ":UTC".into()), ("LANG", "en_US.UTF-8".into()), ("HOME", "/tmp".into())]);
        set(weak);
        let region = self.revision.workload.region.to_string();
        set(&[
            ("AWS_REGION", region.clone()),
            ("AWS_DEFAULT_REGION", region),
            ("AWS_ENDPOINT_URL", format!("http://{}", AWS_ENDPOINT_ADDRESS.trim_end_matches(":80"))),
        ]);
        if let Some(keys) = self.keys {
            set(&[
                ("AWS_ACCESS_KEY_ID", keys.access_key_id.clone()),
                ("AWS_SECRET_ACCESS_KEY", keys.secret.clone()),
                ("AWS_SESSION_TOKEN", keys.token.clone()),
            ]);
        }
        env.extend(self.config.environment.iter().cloned());
        // A function's user may not name what is the platform's; a service's owns its whole environment.
        let is_function = matches!(self.revision.contract, Contract::Lambda(_));
        let theirs = self.revision.environment.iter().filter(|(name, _)| !(is_function && is_reserved(name)));
        env.extend(theirs.map(|(name, value)| (name.clone(), value.clone())));
        env.extend(strong.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        env
    }

    fn path(&self) -> String {
        let base = "/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin";
        match self.choice {
            Some(choice) if choice.interpreter.prefix.as_os_str() != "/usr" => {
                format!("{}/bin:{base}", choice.interpreter.prefix.display())
            }
            _ => base.to_owned(),
        }
    }

    fn http_env(&self) -> BTreeMap<String, String> {
        let weak = [
            // Programs that came with the dependencies: `gunicorn`, `next`.
            ("PATH", format!("{TASK_ROOT}/bin:{TASK_ROOT}/node_modules/.bin:{}", self.path())),
            ("HOST", "0.0.0.0".into()),
            ("PYTHONUNBUFFERED", "1".into()),
            ("PYTHONDONTWRITEBYTECODE", "1".into()),
            ("PYTHONPATH", format!("{TASK_ROOT}:/opt/python")),
            ("NODE_PATH", "/opt/nodejs/node_modules".into()),
        ];
        let app = self.revision.workload.app.as_ref().map(ToString::to_string).unwrap_or_default();
        self.common_env(
            &weak,
            &[
                ("PORT", PORT.to_string()),
                ("WEFT_APP", app),
                ("WEFT_WORKLOAD", self.revision.workload.name.to_string()),
            ],
        )
    }

    fn lambda_env(&self, lambda: &LambdaContract) -> BTreeMap<String, String> {
        let native = self.choice.is_none();
        let mut weak = vec![
            ("PATH", self.path()),
            (
                "LD_LIBRARY_PATH",
                "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib".into(),
            ),
            ("AWS_LAMBDA_LOG_FORMAT", "Text".into()),
            ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR".into()),
            ("AWS_XRAY_DAEMON_ADDRESS", "169.254.79.129:2000".into()),
        ];
        let mut strong = vec![
            ("_HANDLER", lambda.handler.clone()),
            ("LAMBDA_TASK_ROOT", TASK_ROOT.into()),
            ("LAMBDA_RUNTIME_DIR", "/var/runtime".into()),
            ("AWS_LAMBDA_RUNTIME_API", RUNTIME_API_ADDRESS.into()),
            ("AWS_LAMBDA_FUNCTION_NAME", lambda.function_name.clone()),
            ("AWS_LAMBDA_FUNCTION_VERSION", lambda.version.clone()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", self.revision.limits.memory_mib.to_string()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", self.revision.log_group.clone()),
            ("AWS_LAMBDA_LOG_STREAM_NAME", self.log_stream.to_owned()),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", initialization(self.revision).name().into()),
            ("_AWS_XRAY_DAEMON_ADDRESS", "169.254.79.129".into()),
            ("_AWS_XRAY_DAEMON_PORT", "2000".into()),
        ];
        // Our own write log records among what their code prints, so that both stay in their order.
        let log = if native { FRAMES_NUMBER } else { "1" };
        strong.push(("_LAMBDA_TELEMETRY_LOG_FD", log.into()));
        if !native {
            strong.push(("AWS_EXECUTION_ENV", format!("AWS_Lambda_{}", lambda.runtime)));
        }
        if self.choice.is_some_and(|choice| choice.interpreter.language == Language::Node) {
            let declared = lambda.runtime.trim_start_matches("nodejs").split('.').next().unwrap_or_default();
            let major = declared.parse().unwrap_or(22_u32);
            weak.push((
                "NODE_PATH",
                format!("/opt/nodejs/node{major}/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules:/var/runtime:/var/task"),
            ));
            strong.push(("WEFT_NODE_CONTRACT", if major >= 24 { "24" } else { "22" }.into()));
        }
        self.common_env(&weak, &strong)
    }
}

/// Whether a function's user may not set a variable.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>.
fn is_reserved(name: &str) -> bool {
    name.starts_with('_') || name == "AWS_LAMBDA_MAX_CONCURRENCY" || LAMBDA_RESERVED_VARIABLES.contains(&name)
}

#[cfg(test)]
mod tests;
