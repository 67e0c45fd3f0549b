//! The transform of serverless applications.

use serde_json::Value;

use crate::cloudformation::{Environment, Parameters, TemplateError};

/// Carries out the transform.
pub fn transform(
    document: &Value,
    parameters: &Parameters,
    environment: &Environment,
) -> Result<Value, TemplateError> {
    let _ = (document, parameters, environment);
    todo!()
}
