//! The transform of serverless applications: templates of our own with what the public translator makes of them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;
use weft_template::cloudformation::{Environment, Stack, Template};

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
    let theirs: Value =
        serde_json::from_str(&fs::read_to_string(folder.join(format!("{name}.json"))).unwrap()).unwrap();
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

#[test]
fn schedules_are_transformed() {
    check("schedules");
}

#[test]
fn conditional_routes_and_policies_are_transformed() {
    check("conditions");
}

#[test]
fn the_rest_of_an_api_is_transformed() {
    check("more");
}

/// What is made of the templates is what `CloudFormation` accepts.
#[test]
fn what_comes_out_meets_the_schemas() {
    for name in ["hello", "events", "versions", "apis", "http", "conditions"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sam");
        let text = fs::read_to_string(folder.join(format!("{name}.yaml"))).unwrap();
        let template = Template::parse(&text).unwrap();
        let binding = template.bind(&BTreeMap::new(), &BTreeMap::new()).unwrap();
        let parameters = binding.resolve(&mut |_| None).unwrap();
        let expanded = template.expand(&parameters, &environment()).unwrap();
        let stack = Stack::new(&expanded, &parameters, &environment())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        stack.check().unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn what_is_not_built_is_refused_by_name() {
    let check = |resource: &str, expected: &str| {
        let error =
            expanded(&format!("Transform: AWS::Serverless-2016-10-31\nResources:\n  R: {resource}\n"))
                .unwrap_err();
        let whole = format!(
            "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification document. Number of errors found: 1. Resource with id [R] is invalid. {expected}. Rollback requested by user."
        );
        assert_eq!(error, whole);
    };
    let function = |more: &str| {
        format!(
            "{{Type: 'AWS::Serverless::Function', Properties: {{Runtime: r, Handler: h, CodeUri: 's3://b/k', {more}}}}}"
        )
    };
    check(
        "{Type: 'AWS::Serverless::Application'}",
        "Resources of the type AWS::Serverless::Application are not built",
    );
    check(
        "{Type: 'AWS::Serverless::StateMachine'}",
        "Resources of the type AWS::Serverless::StateMachine are not built",
    );
    check(
        &function("Colour: red"),
        "property Colour not defined for resource of type AWS::Serverless::Function",
    );
    check(&function("DeploymentPreference: {}"), "The property DeploymentPreference is not built");
    check(&function("Policies: [{NoPolicy: {}}]"), "Policy template with name 'NoPolicy' is not found");
    check(
        &function("Policies: [{S3ReadPolicy: {}}]"),
        "Must specify valid parameter values for policy template 'S3ReadPolicy': BucketName",
    );
    check(
        &function("Events: {E: {Type: MSK}}"),
        "Event with id [E] is invalid. Events of the type MSK are not built",
    );
    check(
        &function("Events: {E: {Type: S3, Properties: {Bucket: !Ref R, Events: x}}}"),
        "Event with id [E] is invalid. S3 events must reference an S3 bucket in the same template.",
    );
    check(
        "{Type: 'AWS::Serverless::Function', Properties: {Runtime: r, Handler: h, CodeUri: ./src}}",
        "'CodeUri' is not a valid S3 Uri of the form 's3://bucket/key' with optional versionId query parameter.",
    );
}
