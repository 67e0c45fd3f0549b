//! What a value must be like.

use regex::Regex;
use weft_service::Error;

use crate::errors::validation;

/// Bytes of a value in the standard tier.
pub(crate) const STANDARD_BYTES_MAX: usize = 4096;
/// Bytes of a value in the advanced tier.
const ADVANCED_BYTES_MAX: usize = 8192;
/// The key that is meant where none is given.
pub(crate) const DEFAULT_KEY: &str = "alias/aws/ssm";
/// Bytes that a compiled pattern may have.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// Checks a value by itself.
pub(crate) fn check(value: &str) -> Result<(), Error> {
    if value.is_empty() {
        return Err(validation(
            "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ));
    }
    if value.contains("{{}}") || value.contains("{{ssm:") {
        return Err(validation(
            "Parameter value can't nest another parameter. Do not use \"{{}}\" or \"{{ssm:parameter-name}}\" in the value.",
        ));
    }
    Ok(())
}

/// Checks that a value is not too long for its tier.
pub(crate) fn check_length(value: &str, advanced: bool) -> Result<(), Error> {
    if !advanced && value.len() > STANDARD_BYTES_MAX {
        return Err(validation(format!(
            "Standard tier parameters support a maximum parameter value of {STANDARD_BYTES_MAX} characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html"
        )));
    }
    if value.len() > ADVANCED_BYTES_MAX {
        return Err(validation(format!(
            "Advanced tier parameters support a maximum parameter value of {ADVANCED_BYTES_MAX} characters."
        )));
    }
    Ok(())
}

/// Checks a value against the parameter's pattern, which may match any part of it; the empty pattern allows all.
pub(crate) fn check_pattern(value: &str, pattern: &str) -> Result<(), Error> {
    let compiled = regex::RegexBuilder::new(pattern).size_limit(PATTERN_BYTES_MAX).build();
    let compiled: Regex = compiled.map_err(|error| {
        let message = format!("The request doesn't meet the regular expression requirement: {error}");
        Error::new("InvalidAllowedPatternException", message).with_status(400)
    })?;
    if !compiled.is_match(value) {
        let message = format!("Parameter value, cannot be validated against allowedPattern: {pattern}");
        return Err(Error::new("ParameterPatternMismatchException", message).with_status(400));
    }
    Ok(())
}

/// Checks the type of data.
pub(crate) fn check_data_type(data_type: &str) -> Result<(), Error> {
    match data_type {
        "text" => Ok(()),
        "aws:ec2:image" | "aws:ssm:integration" => Err(validation(format!(
            "The data type {data_type} is not supported by Weft, which could not check such values."
        ))),
        other => Err(validation(format!(
            "The following data type is not supported: {other} (Data type names are all lowercase.)"
        ))),
    }
}

/// The key of a `SecureString` as it is shown; only the default one exists.
pub(crate) fn check_key(given: Option<&str>) -> Result<String, Error> {
    match given {
        None => Ok(DEFAULT_KEY.to_owned()),
        Some(key) if key == DEFAULT_KEY || (key.starts_with("arn:") && key.ends_with(":alias/aws/ssm")) => {
            Ok(DEFAULT_KEY.to_owned())
        }
        Some(key) => {
            let message = format!("The key {key} is not supported by Weft yet; only {DEFAULT_KEY} is.");
            Err(Error::new("InvalidKeyId", message).with_status(400))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn pattern(value: &str, pattern: &str, expected: Option<&str>) {
        assert_eq!(check_pattern(value, pattern).err().map(|error| error.code()), expected);
    }

    #[test]
    fn patterns_are_for_values() {
        pattern("12", r"^\d+$", None);
        pattern("1a", r"^\d+$", Some("ParameterPatternMismatchException"));
        pattern("anything", "", None);
        pattern("x", "(", Some("InvalidAllowedPatternException"));
        pattern("x", "(?:a{1000}){1000}", Some("InvalidAllowedPatternException"));
    }

    #[test]
    fn values_have_the_length_of_their_tier() {
        for (length, advanced, expected) in [
            (4096, false, true),
            (4097, false, false),
            (4097, true, true),
            (8192, true, true),
            (8193, true, false),
        ] {
            assert_eq!(check_length(&"v".repeat(length), advanced).is_ok(), expected, "{length}");
        }
    }
}
