//! A function's settings: what `CreateFunction` sets and `UpdateFunctionConfiguration` changes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weft_model::lambda as model;
use weft_service::{Error, Scope};
use weft_types::Arn;

use crate::errors::{invalid_parameter, not_implemented, validation};
use crate::layer::LayerUse;
use crate::layer_access::{LayerAsked, parse_layers};
use crate::logging::{Logging, LoggingChange};
use crate::outside::{Outside, OutsideChanges};
use crate::{environment, runtimes};

/// Settings as they are stored. All values were checked by [`Changes::parse`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) runtime: String,
    pub(crate) handler: String,
    pub(crate) role: Arn,
    pub(crate) description: String,
    /// 1 to 900.
    pub(crate) timeout_seconds: u32,
    /// 128 to 10,240.
    pub(crate) memory_mib: u32,
    /// 512 to 10,240.
    pub(crate) tmp_mib: u32,
    pub(crate) environment: BTreeMap<String, String>,
    /// `PassThrough` or `Active`; kept and shown, nothing traces yet.
    pub(crate) tracing: String,
    /// `x86_64` or `arm64`.
    pub(crate) architecture: String,
    pub(crate) logging: Logging,
    /// In the order in which they are unpacked.
    #[serde(default)]
    pub(crate) layers: Vec<LayerUse>,
    #[serde(default)]
    pub(crate) outside: Outside,
    /// What the machine said of the runtime when it was set.
    #[serde(default)]
    pub(crate) runtime_note: Option<String>,
}

/// Settings that a request names; those that it does not stay as they are, or take their default.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) runtime: Option<String>,
    pub(crate) handler: Option<String>,
    pub(crate) role: Option<Arn>,
    description: Option<String>,
    timeout_seconds: Option<u32>,
    memory_mib: Option<u32>,
    tmp_mib: Option<u32>,
    environment: Option<BTreeMap<String, String>>,
    tracing: Option<String>,
    logging: LoggingChange,
    /// Layers as they are asked for.
    pub(crate) layers: Option<Vec<LayerAsked>>,
    outside: OutsideChanges,
}

impl Changes {
    /// Checks the settings that both requests have.
    pub(crate) fn parse(
        input: model::UpdateFunctionConfigurationRequest,
        scope: &Scope,
    ) -> Result<Self, Error> {
        refuse_features(&input)?;
        if let Some(runtime) = &input.runtime {
            runtimes::check(runtime)?;
        }
        if let Some(handler) = &input.handler {
            check_handler(handler)?;
        }
        let environment = input.environment.map(|environment| environment.variables.unwrap_or_default());
        if let Some(variables) = &environment {
            environment::check(variables)?;
        }
        if input.description.as_ref().is_some_and(|text| text.chars().count() > 256) {
            return Err(validation("", "description", "have length less than or equal to 256"));
        }
        Ok(Self {
            runtime: input.runtime,
            handler: input.handler,
            role: input.role.map(|role| parse_role(&role, scope)).transpose()?,
            description: input.description,
            timeout_seconds: input.timeout.map(|n| within(n, 1, 900, "timeout")).transpose()?,
            memory_mib: input.memory_size.map(|n| within(n, 128, 10_240, "memorySize")).transpose()?,
            tmp_mib: input
                .ephemeral_storage
                .map(|storage| within(storage.size, 512, 10_240, "ephemeralStorage.size"))
                .transpose()?,
            environment,
            tracing: input.tracing_config.and_then(|tracing| tracing.mode),
            logging: LoggingChange::parse(input.logging_config),
            layers: input.layers.as_deref().map(parse_layers).transpose()?,
            outside: OutsideChanges::parse(input.vpc_config, input.dead_letter_config, input.kms_key_arn)?,
        })
    }

    /// The settings of a new function.
    pub(crate) fn into_settings(self, architecture: String) -> Result<Settings, Error> {
        let (Some(runtime), Some(handler), Some(role)) = (self.runtime, self.handler, self.role) else {
            return Err(invalid_parameter(
                "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
            ));
        };
        let mut outside = Outside::default();
        self.outside.apply(&mut outside);
        let mut logging = Logging::default();
        self.logging.apply(&mut logging)?;
        Ok(Settings {
            runtime,
            handler,
            role,
            description: self.description.unwrap_or_default(),
            timeout_seconds: self.timeout_seconds.unwrap_or(3),
            memory_mib: self.memory_mib.unwrap_or(128),
            tmp_mib: self.tmp_mib.unwrap_or(512),
            environment: self.environment.unwrap_or_default(),
            tracing: self.tracing.unwrap_or_else(|| "PassThrough".to_owned()),
            architecture,
            logging,
            layers: Vec::new(),
            outside,
            runtime_note: None,
        })
    }

    /// Changes settings that are there.
    pub(crate) fn apply(&self, settings: &mut Settings) -> Result<(), Error> {
        fn set<T: Clone>(place: &mut T, value: Option<&T>) {
            if let Some(value) = value {
                place.clone_from(value);
            }
        }
        set(&mut settings.runtime, self.runtime.as_ref());
        set(&mut settings.handler, self.handler.as_ref());
        set(&mut settings.role, self.role.as_ref());
        set(&mut settings.description, self.description.as_ref());
        set(&mut settings.timeout_seconds, self.timeout_seconds.as_ref());
        set(&mut settings.memory_mib, self.memory_mib.as_ref());
        set(&mut settings.tmp_mib, self.tmp_mib.as_ref());
        set(&mut settings.environment, self.environment.as_ref());
        set(&mut settings.tracing, self.tracing.as_ref());
        self.outside.apply(&mut settings.outside);
        self.logging.apply(&mut settings.logging)
    }
}

/// The architecture of this machine, as Lambda spells it.
pub(crate) fn host_architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }
}

/// The architecture that a request asks for; this machine's where it asks for none.
pub(crate) fn parse_architecture(list: Option<Vec<String>>) -> Result<Option<String>, Error> {
    let Some(list) = list else { return Ok(None) };
    match <[String; 1]>::try_from(list) {
        Ok([name]) if name == "x86_64" || name == "arm64" => Ok(Some(name)),
        _ => Err(validation("", "architectures", "be one of [x86_64, arm64]")),
    }
}

/// Why code cannot run on this machine: scripts run anywhere, machine code only where it was compiled for.
pub(crate) fn why_not_here(architecture: &str, runtime: &str) -> Option<String> {
    let foreign = runtimes::is_native(runtime) && architecture != host_architecture();
    foreign.then(|| {
        format!(
            "The code is for {architecture} and this machine is {}: {runtime} cannot run here.",
            host_architecture()
        )
    })
}

/// Settings that Lambda has and Weft has not; each is refused by name, so that no deploy believes that it has it.
fn refuse_features(input: &model::UpdateFunctionConfigurationRequest) -> Result<(), Error> {
    let snapshots =
        input.snap_start.as_ref().and_then(|snap| snap.apply_on.as_deref()) == Some("PublishedVersions");
    let refused = [
        (input.file_system_configs.as_ref().is_some_and(|list| !list.is_empty()), "FileSystemConfigs are"),
        (snapshots, "SnapStart for published versions is"),
        (input.image_config.is_some(), "ImageConfig is"),
        (input.capacity_provider_config.is_some(), "CapacityProviderConfig is"),
        (input.durable_config.is_some(), "DurableConfig is"),
    ];
    match refused.iter().find(|(asked, _)| *asked) {
        Some((_, feature)) => Err(not_implemented(feature)),
        None => Ok(()),
    }
}

fn within(value: i32, min: u32, max: u32, member: &str) -> Result<u32, Error> {
    let text = value.to_string();
    match u32::try_from(value) {
        Ok(value) if (min..=max).contains(&value) => Ok(value),
        Ok(value) if value > max => {
            Err(validation(&text, member, &format!("have value less than or equal to {max}")))
        }
        _ => Err(validation(&text, member, &format!("have value greater than or equal to {min}"))),
    }
}

fn check_handler(handler: &str) -> Result<(), Error> {
    if handler.is_empty() || handler.contains(char::is_whitespace) {
        return Err(validation(handler, "handler", "satisfy regular expression pattern: [^\\s]+"));
    }
    if handler.len() > 128 {
        return Err(validation(handler, "handler", "have length less than or equal to 128"));
    }
    Ok(())
}

fn parse_role(text: &str, scope: &Scope) -> Result<Arn, Error> {
    let name_is_valid = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@-_/".contains(&b))
    };
    let arn = Arn::parse(text).ok().filter(|arn| {
        arn.service() == "iam"
            && arn.region().is_empty()
            && weft_types::AccountId::parse(arn.account()).is_ok()
            && arn.resource().strip_prefix("role/").is_some_and(name_is_valid)
    });
    let Some(arn) = arn else {
        let pattern = "satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+";
        return Err(validation(text, "role", pattern));
    };
    if arn.account() != scope.account.to_string() {
        let message = "Cross-account pass role is not allowed.";
        return Err(Error::new("AccessDeniedException", message).with_status(403));
    }
    Ok(arn)
}

#[cfg(test)]
mod tests {
    use weft_types::{AccountId, Region, Timestamp};

    use super::*;

    type Request = model::UpdateFunctionConfigurationRequest;

    fn check(what: &str, input: Request, expected: Option<&str>) {
        let scope =
            Scope { account: AccountId::DEFAULT, region: Region::default(), now: Timestamp::default() };
        let found = Changes::parse(input, &scope).err().map(|error| error.code());
        assert_eq!(found, expected, "{what}");
    }

    #[test]
    fn numbers_keep_to_their_ranges() {
        let timeout = |n| Request { timeout: Some(n), ..Request::default() };
        let memory = |n| Request { memory_size: Some(n), ..Request::default() };
        let tmp = |size| Request {
            ephemeral_storage: Some(model::EphemeralStorage { size }),
            ..Request::default()
        };
        for (n, expected) in [(1, None), (900, None), (0, Some("ValidationException"))] {
            check("timeout", timeout(n), expected);
        }
        check("timeout", timeout(901), Some("ValidationException"));
        check("memory", memory(128), None);
        check("memory", memory(10_240), None);
        check("memory", memory(127), Some("ValidationException"));
        check("memory", memory(10_241), Some("ValidationException"));
        check("memory", memory(-1), Some("ValidationException"));
        check("tmp", tmp(512), None);
        check("tmp", tmp(511), Some("ValidationException"));
        check("tmp", tmp(10_241), Some("ValidationException"));
    }

    #[test]
    fn roles_runtimes_and_handlers_have_aws_forms() {
        let role = |text: &str| Request { role: Some(text.to_owned()), ..Request::default() };
        check("role", role("arn:aws:iam::000000000000:role/path/worker"), None);
        check("not a role", role("arn:aws:iam::000000000000:user/worker"), Some("ValidationException"));
        check("not an ARN", role("worker"), Some("ValidationException"));
        check("another account", role("arn:aws:iam::111111111111:role/w"), Some("AccessDeniedException"));
        let runtime = |text: &str| Request { runtime: Some(text.to_owned()), ..Request::default() };
        check("runtime", runtime("python3.12"), None);
        check("retired runtime", runtime("python2.7"), None);
        check("unknown runtime", runtime("python1.5"), Some("InvalidParameterValueException"));
        let handler = |text: &str| Request { handler: Some(text.to_owned()), ..Request::default() };
        check("handler", handler("app.main"), None);
        check("handler with a space", handler("app main"), Some("ValidationException"));
        check("long handler", handler(&"h".repeat(129)), Some("ValidationException"));
    }

    #[test]
    fn what_has_no_code_is_refused_by_name() {
        let snap = |text: &str| Request {
            snap_start: Some(model::SnapStart { apply_on: Some(text.to_owned()) }),
            ..Request::default()
        };
        check("no snapshots", snap("None"), None);
        check("snapshots", snap("PublishedVersions"), Some("NotImplemented"));
        let files = |list: Vec<model::FileSystemConfig>| Request {
            file_system_configs: Some(list),
            ..Request::default()
        };
        check("no file systems", files(vec![]), None);
        check("file systems", files(vec![model::FileSystemConfig::default()]), Some("NotImplemented"));
    }

    #[test]
    fn machine_code_needs_its_own_architecture() {
        let other = if host_architecture() == "arm64" { "x86_64" } else { "arm64" };
        assert_eq!(why_not_here(host_architecture(), "provided.al2023"), None);
        assert!(why_not_here(other, "provided.al2023").is_some());
        assert_eq!(why_not_here(other, "python3.12"), None);
    }
}
