use std::collections::BTreeMap;

use weft_template::cloudformation::{Given, Template};

use super::support::parameters;

/// What a parameter declared so is with a value, or the error.
fn check(declaration: &str, given: Option<&str>, expected: &str) {
    let text = format!("Parameters: {{P: {{{declaration}}}}}\nResources: {{B: {{Type: T}}}}\n");
    let template = Template::parse(&text).unwrap();
    let given: Vec<(&str, &str)> = given.map(|value| ("P", value)).into_iter().collect();
    let told = parameters(&template, &given).map(|parameters| {
        parameters.iter().map(|(_, value)| format!("{} {}", value.value, value.shown())).collect::<String>()
    });
    assert_eq!(told.unwrap_or_else(|error| error), expected, "{declaration}");
}

#[test]
fn values_meet_their_declaration() {
    check("Type: String", None, "Parameters: [P] must have values");
    check("Type: String, Default: 7", None, r#""7" 7"#);
    check("Type: String, NoEcho: true", Some("secret"), r#""secret" ****"#);
    check("Type: CommaDelimitedList", Some("a, b"), r#"["a","b"] a, b"#);
    check("Type: Number", Some("x"), "Parameter 'P' must be a number");
    check("Type: Number, MinValue: 3", Some("2"), "Parameter 'P' must be a number not less than 3");
    check("Type: Number, MaxValue: 3", Some("4"), "Parameter 'P' must be a number not greater than 3");
    check("Type: List<Number>", Some("4,x"), "Parameter 'P' must be a number");
    check("Type: String, MinLength: 3", Some("ab"), "Parameter 'P' must contain at least 3 characters");
    check("Type: String, MaxLength: 1", Some("ab"), "Parameter 'P' must contain at most 1 characters");
    check("Type: String, AllowedValues: [a, b]", Some("c"), "Parameter 'P' must be one of AllowedValues");
    check("Type: String, AllowedPattern: '[a-z]+'", Some("aB"), "Parameter 'P' must match pattern [a-z]+");
    check(
        "Type: String, AllowedPattern: '[a-z]+', ConstraintDescription: be small",
        Some("aB"),
        "Parameter P failed to satisfy constraint: be small",
    );
    check("Type: 'AWS::SSM::Parameter::Value<String>'", Some("/there"), r#""looked,up" /there"#);
    check(
        "Type: 'AWS::SSM::Parameter::Value<String>'",
        Some("/away"),
        "Unable to fetch parameters [/away] from parameter store for this account.",
    );
    check("Type: 'AWS::EC2::VPC::Id'", Some("vpc-1"), r#""vpc-1" vpc-1"#);
}

#[test]
fn previous_values_are_used_where_there_are_any() {
    let template = Template::parse("Parameters: {P: {Type: String}}\nResources: {B: {Type: T}}\n").unwrap();
    let check = |key: &str, previous: &[(&str, &str)], expected: &str| {
        let given = BTreeMap::from([(key.to_owned(), Given::Previous)]);
        let previous = previous.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let told = template.bind(&given, &previous).map(|binding| binding.given()["P"].clone());
        assert_eq!(told.unwrap_or_else(|error| error.to_string()), expected);
    };
    check("P", &[("P", "old")], "old");
    check(
        "P",
        &[],
        "Invalid input for parameter key P. Cannot specify usePreviousValue as true for a parameter key not in the previous template",
    );
    check("Q", &[("P", "old")], "Parameters: [Q] do not exist in the template");
}
