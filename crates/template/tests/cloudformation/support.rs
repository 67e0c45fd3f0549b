//! What the tables share.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use weft_template::cloudformation::{Environment, Given, Known, Parameters, Stack, Template};

pub(crate) fn environment() -> Environment {
    Environment {
        account: "123456789012".into(),
        region: "eu-central-1".into(),
        partition: "aws".into(),
        url_suffix: "amazonaws.com".into(),
        stack_name: "shop".into(),
        stack_id: "arn:aws:cloudformation:eu-central-1:123456789012:stack/shop/1".into(),
        notification_arns: vec![],
        availability_zones: vec!["eu-central-1a".into(), "eu-central-1b".into()],
    }
}

/// Resources that are called `physical-NAME` and whose attributes are `NAME.ATTRIBUTE`.
pub(crate) struct Made;

impl Known for Made {
    fn reference(&self, logical_id: &str) -> Option<Value> {
        Some(json!(format!("physical-{logical_id}")))
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> Option<Value> {
        Some(json!(format!("{logical_id}.{attribute}")))
    }

    fn import(&self, export: &str) -> Option<Value> {
        (export == "there").then(|| json!("imported"))
    }
}

pub(crate) fn parameters(template: &Template, given: &[(&str, &str)]) -> Result<Parameters, String> {
    let given: BTreeMap<String, Given> =
        given.iter().map(|(key, value)| ((*key).into(), Given::Value((*value).into()))).collect();
    let binding = template.bind(&given, &BTreeMap::new()).map_err(|error| error.to_string())?;
    binding
        .resolve(&mut |lookup| (lookup.name == "/there").then(|| "looked,up".into()))
        .map_err(|error| error.to_string())
}

pub(crate) fn stack(text: &str, given: &[(&str, &str)]) -> Result<Stack, String> {
    let template = Template::parse(text).map_err(|error| error.to_string())?;
    let parameters = parameters(&template, given)?;
    let template = template.expand(&parameters, &environment()).map_err(|error| error.to_string())?;
    Stack::new(&template, &parameters, &environment()).map_err(|error| error.to_string())
}
