use super::support::stack;

/// A hostile template answers an error, and does so within bounds that other tests would time out beyond.
fn check(text: &str, expected: &str) {
    let told = stack(text, &[]).map(|_| "accepted".to_owned()).unwrap_or_else(|error| error);
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
    check(
        &format!("Transform: AWS::LanguageExtensions\nResources: {body}\n"),
        "Template error: Fn::ForEach makes",
    );
}
