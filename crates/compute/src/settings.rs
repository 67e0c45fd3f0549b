//! A service's settings: from the API's shapes to complete, checked ones and back.

use weft_model::weft as model;
use weft_service::Error;
use weft_types::Arn;

use crate::errors::validation;
use crate::records::{ScaleRecord, Settings};

/// What a service scales like where a request says nothing.
const SERVICE_SCALE: ScaleRecord =
    ScaleRecord { min: 0, max: 10, concurrency: 80, queue_max: 1000, queue_seconds: 60, idle_seconds: 60 };
/// What a function scales like where a request says nothing.
const FUNCTION_SCALE: ScaleRecord =
    ScaleRecord { min: 0, max: 100, concurrency: 1, queue_max: 1000, queue_seconds: 60, idle_seconds: 60 };
/// The most that all variables of a service may hold together.
const ENVIRONMENT_BYTES_MAX: usize = 256 << 10;
/// Variables that the platform sets itself.
const RESERVED: [&str; 8] = [
    "PORT",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "WEFT_FRAMES_FD",
];

/// Checks a service's settings and fills in what they leave out.
pub(crate) fn parse(settings: model::ServiceSettings) -> Result<Settings, Error> {
    if settings.command.first().is_none_or(|program| program.trim().is_empty()) {
        return Err(validation("`settings.command` must begin with a program."));
    }
    if settings.command.iter().any(|argument| argument.contains('\0')) {
        return Err(validation("`settings.command` must not hold zero bytes."));
    }
    let environment = settings.environment.unwrap_or_default();
    if let Some(name) = environment.keys().find(|name| RESERVED.contains(&name.as_str())) {
        return Err(validation(format!("`settings.environment` must not set `{name}`: the platform does.")));
    }
    if environment.iter().any(|(_, value)| value.contains('\0')) {
        return Err(validation("`settings.environment` must not hold zero bytes."));
    }
    let bytes: usize = environment.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > ENVIRONMENT_BYTES_MAX {
        let message =
            format!("`settings.environment` holds {bytes} bytes; {ENVIRONMENT_BYTES_MAX} are allowed.");
        return Err(validation(message));
    }
    let number = |value: Option<i32>, usual: u32| value.and_then(|n| u32::try_from(n).ok()).unwrap_or(usual);
    Ok(Settings {
        command: settings.command,
        interpreter: settings.interpreter,
        environment,
        role: settings.role_arn.map(|arn| role(&arn)).transpose()?,
        memory_mib: number(settings.memory_mib, 256),
        cpu_millis: number(settings.cpu_millis, 0),
        tmp_mib: number(settings.tmp_mib, 512),
        processes: number(settings.processes, 512),
        timeout_seconds: number(settings.timeout_seconds, 300),
        start_timeout_seconds: number(settings.start_timeout_seconds, 60),
        grace_seconds: number(settings.grace_seconds, 10),
        health_path: settings.health_path,
        scale: scale(settings.scale, SERVICE_SCALE)?,
    })
}

/// Checks a function's scale and fills in what it leaves out.
pub(crate) fn function_scale(settings: Option<model::ScaleSettings>) -> Result<ScaleRecord, Error> {
    let scale = scale(settings, FUNCTION_SCALE)?;
    if scale.concurrency != 1 {
        return Err(validation(
            "`scale.concurrency` of a function is 1: a worker takes one event at a time.",
        ));
    }
    Ok(scale)
}

fn role(text: &str) -> Result<Arn, Error> {
    let wrong = || validation(format!("`{text}` is not the ARN of a role."));
    let arn = Arn::parse(text).map_err(|_| wrong())?;
    let is_role = arn.service() == "iam" && arn.resource().starts_with("role/");
    if is_role { Ok(arn) } else { Err(wrong()) }
}

fn scale(settings: Option<model::ScaleSettings>, usual: ScaleRecord) -> Result<ScaleRecord, Error> {
    let Some(settings) = settings else { return Ok(usual) };
    let number = |value: Option<i32>, usual: u32| value.and_then(|n| u32::try_from(n).ok()).unwrap_or(usual);
    let min = number(settings.min, usual.min);
    let scale = ScaleRecord {
        min,
        max: number(settings.max, usual.max.max(min)),
        concurrency: number(settings.concurrency, usual.concurrency),
        queue_max: number(settings.queue_max, usual.queue_max),
        queue_seconds: number(settings.queue_seconds, usual.queue_seconds),
        idle_seconds: number(settings.idle_seconds, usual.idle_seconds),
    };
    if scale.min > scale.max {
        return Err(validation(format!("`scale.min` is {} and `scale.max` only {}.", scale.min, scale.max)));
    }
    Ok(scale)
}

/// The settings as the API shows them.
pub(crate) fn shown(settings: &Settings) -> model::ServiceSettings {
    model::ServiceSettings {
        command: settings.command.clone(),
        interpreter: settings.interpreter.clone(),
        environment: Some(settings.environment.clone()),
        role_arn: settings.role.as_ref().map(ToString::to_string),
        memory_mib: signed(settings.memory_mib),
        cpu_millis: signed(settings.cpu_millis),
        tmp_mib: signed(settings.tmp_mib),
        processes: signed(settings.processes),
        timeout_seconds: signed(settings.timeout_seconds),
        start_timeout_seconds: signed(settings.start_timeout_seconds),
        grace_seconds: signed(settings.grace_seconds),
        health_path: settings.health_path.clone(),
        scale: Some(shown_scale(&settings.scale)),
    }
}

/// The scale as the API shows it.
pub(crate) fn shown_scale(scale: &ScaleRecord) -> model::ScaleSettings {
    model::ScaleSettings {
        min: signed(scale.min),
        max: signed(scale.max),
        concurrency: signed(scale.concurrency),
        queue_max: signed(scale.queue_max),
        queue_seconds: signed(scale.queue_seconds),
        idle_seconds: signed(scale.idle_seconds),
    }
}

fn signed(number: u32) -> Option<i32> {
    i32::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl Fn(&mut model::ServiceSettings), expected: &str) {
        let mut settings = model::ServiceSettings { command: vec!["x".into()], ..Default::default() };
        change(&mut settings);
        let parsed = parse(settings);
        assert_eq!(parsed.as_ref().err().map_or("", Error::message), expected);
        if let Ok(parsed) = parsed {
            assert_eq!(parse(shown(&parsed)).expect("what is shown can be given"), parsed);
        }
    }

    #[test]
    fn settings_are_checked() {
        check(|_| {}, "");
        check(|s| s.command = vec![String::new()], "`settings.command` must begin with a program.");
        check(
            |s| s.environment = Some([("PORT".to_owned(), "1".to_owned())].into()),
            "`settings.environment` must not set `PORT`: the platform does.",
        );
        check(
            |s| s.role_arn = Some("arn:aws:iam::000000000000:user/x".into()),
            "`arn:aws:iam::000000000000:user/x` is not the ARN of a role.",
        );
        check(
            |s| s.scale = Some(model::ScaleSettings { min: Some(3), max: Some(2), ..Default::default() }),
            "`scale.min` is 3 and `scale.max` only 2.",
        );
        check(|s| s.scale = Some(model::ScaleSettings { min: Some(30), ..Default::default() }), "");
    }
}
