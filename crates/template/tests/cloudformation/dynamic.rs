use serde_json::json;
use weft_template::cloudformation::{DynamicReference, dynamic_references, substitute};

/// What a text refers to, and the text once that is filled in.
fn check(text: &str, expected: &[&str], filled: &str) {
    let value = json!({"a": [text]});
    let told: Vec<String> = dynamic_references(&value)
        .iter()
        .map(|reference| match reference {
            DynamicReference::Ssm { name, version } => format!("ssm {name} {version:?}"),
            DynamicReference::SsmSecure { name, version } => format!("secure {name} {version:?}"),
            DynamicReference::SecretsManager { secret, json_key, version_stage, version_id } => {
                format!("secret {secret} {json_key:?} {version_stage:?} {version_id:?}")
            }
        })
        .collect();
    assert_eq!(told, expected, "{text}");
    let done = substitute(&value, &mut |_| Ok::<_, ()>("{{resolve:ssm:again}}".to_owned())).unwrap();
    assert_eq!(done["a"][0], filled, "{text}");
}

#[test]
fn dynamic_references_are_found_and_filled_in_once() {
    check("plain", &[], "plain");
    check("{{resolve:ssm:/a/b}}", &["ssm /a/b None"], "{{resolve:ssm:again}}");
    check("x{{resolve:ssm:/a/b:3}}y", &["ssm /a/b Some(3)"], "x{{resolve:ssm:again}}y");
    check(
        "{{resolve:ssm:arn:aws:ssm:us-east-1:123456789012:parameter/a}}",
        &["ssm arn:aws:ssm:us-east-1:123456789012:parameter/a None"],
        "{{resolve:ssm:again}}",
    );
    check("{{resolve:ssm-secure:a:1}}", &["secure a Some(1)"], "{{resolve:ssm:again}}");
    check("{{resolve:secretsmanager:s}}", &["secret s None None None"], "{{resolve:ssm:again}}");
    check(
        "{{resolve:secretsmanager:arn:aws:secretsmanager:us-east-1:123456789012:secret:s-Ab:SecretString:password::}}",
        &[r#"secret arn:aws:secretsmanager:us-east-1:123456789012:secret:s-Ab Some("password") None None"#],
        "{{resolve:ssm:again}}",
    );
    check(
        "{{resolve:secretsmanager:s:SecretString:k:AWSPREVIOUS}}",
        &[r#"secret s Some("k") Some("AWSPREVIOUS") None"#],
        "{{resolve:ssm:again}}",
    );
    check("{{resolve:nothing:s}} {{resolve:ssm:", &[], "{{resolve:nothing:s}} {{resolve:ssm:");
}
