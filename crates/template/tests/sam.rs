//! The transform of serverless applications: templates of our own with what the public translator makes of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;
use weft_template::cloudformation::{Environment, Template};

fn environment() -> Environment {
    Environment {
        account: "123456789012".into(),
        region: "eu-central-1".into(),
        partition: "aws".into(),
        url_suffix: "amazonaws.com".into(),
        stack_name: "shop".into(),
        ..Environment::default()
    }
}

fn expanded(text: &str) -> Result<Value, String> {
    let template = Template::parse(text).map_err(|error| error.to_string())?;
    let binding = template.bind(&BTreeMap::new(), &BTreeMap::new()).map_err(|error| error.to_string())?;
    let parameters = binding.resolve(&mut |_| None).map_err(|error| error.to_string())?;
    let expanded = template.expand(&parameters, &environment()).map_err(|error| error.to_string())?;
    Ok(expanded.document().clone())
}

/// A document's text with the digests in the names of deployments taken out: they are of a definition's own print.
fn without_digests(document: &Value) -> Value {
    let mut text = document.to_string();
    for mark in ["Deployment", "RestApi deployment id: "] {
        let mut from = 0;
        while let Some(at) = text[from..].find(mark).map(|at| from + at + mark.len()) {
            let length = text[at..].chars().take_while(char::is_ascii_hexdigit).count();
            if length >= 10 {
                text.replace_range(at..at + length, "");
            }
            from = at;
        }
    }
    serde_json::from_str(&text).unwrap()
}

/// Where two documents differ, a line each.
fn differences(path: &str, ours: &Value, theirs: &Value, found: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            for key in ours.keys().chain(theirs.keys().filter(|key| !ours.contains_key(*key))) {
                let none = Value::from("(none)");
                let (ours, theirs) = (ours.get(key).unwrap_or(&none), theirs.get(key).unwrap_or(&none));
                differences(&format!("{path}/{key}"), ours, theirs, found);
            }
        }
        (ours, theirs) if ours == theirs => {}
        (ours, theirs) => found.push(format!("{path}: {ours} instead of {theirs}")),
    }
}

fn check(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sam");
    let ours = expanded(&fs::read_to_string(folder.join(format!("{name}.yaml"))).unwrap()).unwrap();
    let theirs: Value = serde_json::from_str(&fs::read_to_string(folder.join(format!("{name}.json"))).unwrap()).unwrap();
    let mut found = Vec::new();
    differences("", &without_digests(&ours), &without_digests(&theirs), &mut found);
    assert!(found.is_empty(), "{name}:\n{}", found.join("\n"));
}

#[test]
fn a_function_with_policies_and_an_implicit_api_is_transformed() {
    check("hello");
}

#[test]
fn event_sources_are_transformed() {
    check("events");
}

#[test]
fn versions_urls_and_layers_are_transformed() {
    check("versions");
}

#[test]
fn rest_apis_are_transformed() {
    check("apis");
}

#[test]
fn http_apis_are_transformed() {
    check("http");
}
