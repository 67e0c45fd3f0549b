use proptest::prelude::*;
use serde_json::{Value, json};

use super::support::stack;

/// A hostile template answers an error, and does so within bounds that other tests would time out beyond.
fn check(text: &str, expected: &str) {
    let told = stack(text, &[]).map_or_else(|error| error, |_| "accepted".to_owned());
    assert!(told.starts_with(expected), "{}", &told[..told.len().min(300)]);
}

#[test]
fn hostile_templates_end_in_an_error() {
    check(
        &format!("{{\"Resources\": {}", "[".repeat(400_000)),
        "Template format error: JSON not well-formed.",
    );
    check(&format!("Resources: {}", "[".repeat(400_000)), "Template format error: YAML not well-formed.");
    check(&format!("Resources: {}", "{a: ".repeat(200_000)), "Template format error: YAML not well-formed.");
    check(&" ".repeat(2_000_000), "Template may not exceed");
    let mut value = "x".repeat(1000);
    for _ in 0..12 {
        value = format!("{{\"Fn::Sub\": [\"{}\", {{\"a\": {value}}}]}}", "${a}".repeat(100))
            .replace(": xx", ": \"xx")
            .replace("x}", "x\"}");
    }
    check(
        &format!("{{\"Resources\": {{\"R\": {{\"Type\": \"T\", \"Properties\": {{\"A\": {value}}}}}}}}}"),
        "Template error: a value becomes too large",
    );
    let list = (0..100).map(|number| number.to_string()).collect::<Vec<_>>().join(", ");
    let mut body = "{'R${A}': {Type: T}}".to_owned();
    for name in ["A", "B", "C", "D"] {
        body = format!("{{'Fn::ForEach::{name}': [{name}, [{list}], {body}]}}");
    }
    let functions: Vec<String> =
        (0..400).map(|number| format!("  F{number}: {{Type: 'AWS::Serverless::Function'}}")).collect();
    let variables = "x".repeat(900_000);
    check(
        &format!(
            "Transform: AWS::Serverless-2016-10-31\nGlobals: {{Function: {{Description: {variables}}}}}\nResources:\n{}\n",
            functions.join("\n")
        ),
        "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification document. Number of errors found: 1. 'Globals' section is too large",
    );
    check(
        &format!("Transform: AWS::LanguageExtensions\nResources: {body}\n"),
        "Template error: Fn::ForEach makes",
    );
}

/// Texts that a scanner might stumble over, or take long for.
#[test]
fn odd_texts_end_soon() {
    let long = 1_000_000;
    for piece in [
        "- ", "? ", "&a ", "!a ", "'", "\"", "{", "[", "a: ", "|\n ", "\t", "\n", "%", "#\n", "*a ", ": ",
        "\\", "\u{feff}", "<<: ",
    ] {
        let start = std::time::Instant::now();
        let _ = stack(&piece.repeat(long / piece.len()), &[]);
        let _ = stack(&format!("Resources:\n  {}", piece.repeat(long / piece.len() - 20)), &[]);
        assert!(start.elapsed().as_secs() < 60, "{piece:?} took {:?}", start.elapsed());
    }
}

/// Values out of the words that templates are made of.
fn any_value() -> impl Strategy<Value = Value> {
    let words = [
        "Resources",
        "Outputs",
        "Conditions",
        "Parameters",
        "Mappings",
        "Rules",
        "Transform",
        "Globals",
        "Type",
        "Properties",
        "Value",
        "Ref",
        "Fn::GetAtt",
        "Fn::Sub",
        "Fn::Join",
        "Fn::If",
        "Fn::Select",
        "Fn::Split",
        "Fn::FindInMap",
        "Fn::ForEach::L",
        "Fn::Length",
        "Fn::ToJsonString",
        "Fn::Cidr",
        "Fn::Base64",
        "Condition",
        "Fn::Equals",
        "Fn::And",
        "Fn::Not",
        "AWS::NoValue",
        "AWS::Region",
        "A",
        "B",
        "${A}",
        "${A.B}",
        "AWS::S3::Bucket",
        "AWS::Serverless::Function",
        "AWS::Serverless::Api",
        "AWS::Serverless::HttpApi",
        "AWS::Serverless::SimpleTable",
        "AWS::Serverless::LayerVersion",
        "Events",
        "Policies",
        "CodeUri",
        "InlineCode",
        "s3://b/k",
        "Runtime",
        "Handler",
        "Auth",
        "Authorizers",
        "DefinitionBody",
        "paths",
        "Cors",
        "StageName",
        "Function",
        "Tags",
        "DependsOn",
        "Api",
        "HttpApi",
        "Path",
        "Method",
        "/x",
        "get",
        "1",
        "",
    ];
    let word = proptest::sample::select(words.to_vec());
    let leaf = prop_oneof![
        word.clone().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        (-3..300_i64).prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::vec((word.clone(), inner), 0..4).prop_map(|members| Value::Object(
                members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            )),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    /// No value anywhere in a template makes anything but an answer or an error.
    #[test]
    fn no_template_is_fatal(properties in any_value(), other in any_value(), outputs in any_value(), transform in 0..3_usize, kind in 0..6_usize) {
        let kinds = ["AWS::S3::Bucket", "AWS::Serverless::Function", "AWS::Serverless::Api", "AWS::Serverless::HttpApi", "AWS::Serverless::SimpleTable", "AWS::Serverless::LayerVersion"];
        let transform = [json!([]), json!("AWS::Serverless-2016-10-31"), json!("AWS::LanguageExtensions")][transform].clone();
        let mut properties = properties;
        if let Some(members) = properties.as_object_mut() {
            members.insert("CodeUri".into(), json!("s3://b/k"));
            members.insert("Runtime".into(), json!("r"));
            members.insert("Handler".into(), json!("h"));
            members.retain(|key, _| kind != 1 || matches!(key.as_str(), "CodeUri" | "Runtime" | "Handler" | "Events" | "Policies" | "Tags"));
        }
        let document = json!({
            "Transform": transform,
            "Conditions": {"C": {"Fn::Equals": [other, "a"]}},
            "Resources": {"A": {"Type": kinds[kind], "Properties": properties}, "B": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": other}}},
            "Outputs": {"O": {"Value": outputs}},
        });
        if let Ok(stack) = stack(&document.to_string(), &[]) {
            let _ = stack.check();
            let _ = stack.properties("A", &super::support::Made);
            let _ = weft_template::cloudformation::diff(None, &stack, &super::support::Made);
        }
    }
}
