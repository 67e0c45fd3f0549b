//! Small questions about values.

use std::borrow::Cow;

use serde_json::Value;

/// A string, number or boolean as text.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    scalar_ref(value).map(Cow::into_owned)
}

/// A string, number or boolean as text, borrowed where it is a string.
pub(crate) fn scalar_ref(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(truth) => Some(Cow::Borrowed(if *truth { "true" } else { "false" })),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The function that a map is: its only key, where that is a function's name, and the argument.
pub(crate) fn function(value: &Value) -> Option<(&str, &Value)> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    let (name, argument) = members.iter().next()?;
    (name == "Ref" || name == "Condition" || name.starts_with("Fn::")).then_some((name.as_str(), argument))
}
