//! Parameters and versions as answers show them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use weft_model::ssm as model;
use weft_service::Error;

use crate::names::Place;
use crate::seal::Seal;
use crate::tables::{Parameter, Value, Version};

/// What a value is sealed for.
pub(crate) fn sealed_for(place: &Place, number: i64) -> String {
    format!("{}:{number}", place.arn())
}

/// A version's value: what is sealed is opened where the request asks for it, and is shown as it is stored otherwise.
pub(crate) fn value(
    seal: &Seal,
    place: &Place,
    number: i64,
    value: &Value,
    with_decryption: bool,
) -> Result<String, Error> {
    match value {
        Value::Plain(text) => Ok(text.clone()),
        Value::Sealed(bytes) if with_decryption => seal.open(&sealed_for(place, number), bytes),
        Value::Sealed(bytes) => Ok(STANDARD.encode(bytes)),
    }
}

/// A version with its value.
pub(crate) fn parameter(
    seal: &Seal,
    place: &Place,
    name: &str,
    (number, version): (i64, &Version),
    with_decryption: bool,
) -> Result<model::Parameter, Error> {
    Ok(model::Parameter {
        name: Some(name.to_owned()),
        r#type: Some(version.about.kind.clone()),
        value: Some(value(seal, place, number, &version.value, with_decryption)?),
        version: Some(number),
        selector: None,
        source_result: None,
        last_modified_date: Some(version.about.modified),
        arn: Some(place.arn().to_string()),
        data_type: Some(version.about.data_type.clone()),
    })
}

/// A parameter without its value.
pub(crate) fn metadata(place: &Place, parameter: Parameter) -> model::ParameterMetadata {
    let tier = parameter.about.tier().to_owned();
    let about = parameter.about;
    model::ParameterMetadata {
        name: Some(parameter.name),
        arn: Some(place.arn().to_string()),
        r#type: Some(about.kind),
        key_id: about.key_id,
        last_modified_date: Some(about.modified),
        last_modified_user: about.modified_by,
        description: about.description,
        allowed_pattern: about.allowed_pattern,
        version: Some(parameter.newest),
        tier: Some(tier),
        policies: Some(Vec::new()),
        data_type: Some(about.data_type),
    }
}

/// One version of a parameter's history.
pub(crate) fn history(
    seal: &Seal,
    place: &Place,
    parameter: &Parameter,
    (number, version): (i64, Version),
    with_decryption: bool,
) -> Result<model::ParameterHistory, Error> {
    let value = value(seal, place, number, &version.value, with_decryption)?;
    let about = version.about;
    Ok(model::ParameterHistory {
        name: Some(parameter.name.clone()),
        tier: Some(about.tier().to_owned()),
        r#type: Some(about.kind),
        key_id: about.key_id,
        last_modified_date: Some(about.modified),
        last_modified_user: about.modified_by,
        description: about.description,
        value: Some(value),
        allowed_pattern: about.allowed_pattern,
        version: Some(number),
        labels: Some(parameter.labels_of(number)),
        policies: Some(Vec::new()),
        data_type: Some(about.data_type),
    })
}
