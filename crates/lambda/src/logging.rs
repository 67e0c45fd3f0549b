//! How a function's log is written: `LoggingConfig`.

use serde::{Deserialize, Serialize};
use weft_model::lambda as model;
use weft_service::Error;
use weft_service::workload::LambdaLogging;

use crate::errors::invalid_parameter;

/// `LoggingConfig` as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Logging {
    /// Whether lines are JSON.
    pub(crate) json: bool,
    /// Only with JSON.
    pub(crate) application_level: Option<String>,
    /// Only with JSON.
    pub(crate) system_level: Option<String>,
    /// The group, where it is not `/aws/lambda/<name>`.
    pub(crate) group: Option<String>,
}

/// What a request names of it; the rest stays as it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct LoggingChange {
    json: Option<bool>,
    application_level: Option<String>,
    system_level: Option<String>,
    group: Option<String>,
}

impl LoggingChange {
    pub(crate) fn parse(input: Option<model::LoggingConfig>) -> Self {
        let input = input.unwrap_or_default();
        Self {
            json: input.log_format.map(|format| format == "JSON"),
            application_level: input.application_log_level,
            system_level: input.system_log_level,
            group: input.log_group,
        }
    }

    /// Fails where levels are set for a log of plain text.
    pub(crate) fn apply(&self, logging: &mut Logging) -> Result<(), Error> {
        logging.json = self.json.unwrap_or(logging.json);
        if let Some(group) = &self.group {
            logging.group = Some(group.clone());
        }
        if logging.json {
            let level = |new: &Option<String>, old: &mut Option<String>| {
                let kept = new.clone().or_else(|| old.take());
                *old = Some(kept.unwrap_or_else(|| "INFO".to_owned()));
            };
            level(&self.application_level, &mut logging.application_level);
            level(&self.system_level, &mut logging.system_level);
            return Ok(());
        }
        if self.application_level.is_some() || self.system_level.is_some() {
            return Err(invalid_parameter(
                "Log levels can only be set for functions whose LogFormat is JSON.",
            ));
        }
        (logging.application_level, logging.system_level) = (None, None);
        Ok(())
    }
}

impl Logging {
    /// What the runtime is told.
    pub(crate) fn contract(&self) -> LambdaLogging {
        let Self { json, application_level, system_level, .. } = self.clone();
        LambdaLogging { json, application_level, system_level }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(format: Option<&str>, level: Option<&str>, group: Option<&str>) -> LoggingChange {
        LoggingChange::parse(Some(model::LoggingConfig {
            log_format: format.map(str::to_owned),
            application_log_level: level.map(str::to_owned),
            system_log_level: None,
            log_group: group.map(str::to_owned),
        }))
    }

    #[test]
    fn what_is_not_named_stays() {
        let mut logging = Logging::default();
        let mut set = |change: LoggingChange| {
            change.apply(&mut logging).map_err(|error| error.code())?;
            let level = logging.application_level.clone().unwrap_or_default();
            Ok::<_, &str>((logging.json, level, logging.group.clone().unwrap_or_default()))
        };
        let state = |json, level: &str, group: &str| Ok((json, level.to_owned(), group.to_owned()));
        assert_eq!(set(change(None, None, None)), state(false, "", ""));
        assert_eq!(set(change(None, Some("WARN"), None)), Err("InvalidParameterValueException"));
        assert_eq!(set(change(Some("Text"), Some("WARN"), None)), Err("InvalidParameterValueException"));
        assert_eq!(set(change(Some("JSON"), None, None)), state(true, "INFO", ""));
        assert_eq!(set(change(None, Some("WARN"), None)), state(true, "WARN", ""));
        assert_eq!(set(change(None, None, Some("/my"))), state(true, "WARN", "/my"));
        assert_eq!(set(change(Some("Text"), None, None)), state(false, "", "/my"));
    }
}
