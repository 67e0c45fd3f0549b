//! Checks of requests before anything behind a method is asked.

use serde_json::Value as Json;

use super::compile::{LiveMethod, LiveStage};
use super::refuse::{Kind, Refusal};
use super::templates::Scene;

/// Checks a request as the method's validator says.
pub(crate) fn check(stage: &LiveStage, method: &LiveMethod, scene: &Scene<'_>) -> Result<(), Refusal> {
    if method.check_parameters {
        let required = method.method.request_parameters.iter().filter(|(_, required)| **required);
        let missing: Vec<&str> = required
            .filter(|(name, _)| scene.parameter(name).is_none_or(|value| value.is_empty()))
            .map(|(name, _)| name.rsplit_once('.').map_or(name.as_str(), |(_, name)| name))
            .collect();
        if !missing.is_empty() {
            let message = format!("Missing required request parameters: [{}]", missing.join(", "));
            return Err(Refusal::new(Kind::BadRequestParameters, message));
        }
    }
    if method.check_body {
        check_body(stage, method, scene)?;
    }
    Ok(())
}

fn check_body(stage: &LiveStage, method: &LiveMethod, scene: &Scene<'_>) -> Result<(), Refusal> {
    let models = &method.method.request_models;
    let kind = scene.incoming.content_type();
    let Some(name) = models.get(&kind).or_else(|| models.get("$default")) else { return Ok(()) };
    let Some(schema) = stage.models.get(name) else { return Ok(()) };
    let body = &scene.incoming.body;
    let invalid = |why: String| Refusal {
        validation: Some(format!("[{why}]")),
        ..Refusal::new(Kind::BadRequestBody, "Invalid request body")
    };
    // No body is checked as an empty object.
    let json: Json = if body.is_empty() {
        Json::Object(serde_json::Map::new())
    } else {
        serde_json::from_slice(body).map_err(|error| invalid(format!("Unable to parse the body: {error}")))?
    };
    schema.check(&json, &stage.models).map_err(invalid)
}
