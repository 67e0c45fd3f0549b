//! ext
use serde_json::Value;
use super::{Environment, Parameters, TemplateError};
pub(super) fn transform(document: &Value, parameters: &Parameters, environment: &Environment) -> Result<Value, TemplateError> {
    let _ = (document, parameters, environment);
    todo!()
}
