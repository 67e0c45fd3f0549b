use super::support::stack;

/// The error of a template whose rest is in order.
fn check(text: &str, expected: &str) {
    assert_eq!(stack(text, &[]).map(|_| String::new()).unwrap_or_else(|error| error), expected, "{text}");
}

const B: &str = "Resources: {B: {Type: 'AWS::S3::Bucket'}}\n";

#[test]
fn the_form_of_a_template_is_checked() {
    check("Description: x", "Template format error: At least one Resources member must be defined.");
    check("Resources: {}", "Template format error: At least one Resources member must be defined.");
    check("Resources: {my-b: {Type: T}}", "Template format error: Resource name my-b is non alphanumeric.");
    check(
        "Resources: {B: {Properties: {}}}",
        "Template format error: [/Resources/B] Every Resources object must contain a Type member.",
    );
    check("Resources: {B: {Type: T, Colour: red}}", "Invalid template resource property 'Colour'");
    check(&format!("{B}Globals: {{}}"), "Invalid template property or properties [Globals]");
    check(
        &format!("{B}AWSTemplateFormatVersion: 2010-09-10"),
        "Template format error: Unsupported value for AWSTemplateFormatVersion: 2010-09-10.",
    );
    check(
        "Resources: {B: {Type: T, Properties: {A: [null]}}}",
        "[/Resources/B/Properties/A/0] 'null' values are not allowed in templates",
    );
    check(
        &format!("{B}Parameters: {{P: {{Default: x}}}}"),
        "Template format error: Every Parameters object must contain a Type member.",
    );
    check(
        &format!("{B}Parameters: {{P: {{Type: Strin}}}}"),
        "Template format error: Unrecognized parameter type: Strin",
    );
    check(
        &format!("{B}Outputs: {{O: {{Description: x}}}}"),
        "Template format error: Every Outputs member must contain a Value object",
    );
    check(
        &format!("{B}Outputs: {{O: {{Value: !Ref Nope}}}}"),
        "Template format error: Unresolved resource dependencies [Nope] in the Outputs block of the template",
    );
    check(
        &format!("{B}Mappings: {{M: {{a: b}}}}"),
        "Template format error: [/Mappings/M/a] Every Mappings attribute must be a map",
    );
    check(
        "Resources: {B: {Type: T, DependsOn: [Nope]}}",
        "Template format error: Unresolved resource dependencies [Nope] in the Resources block of the template",
    );
    check(
        "Resources: {B: {Type: T, Condition: Nope}}",
        "Template format error: Unresolved condition dependency Nope in the Resources block of the template",
    );
    check(
        "Resources: {B: {Type: T, DeletionPolicy: Keep}}",
        "Template format error: Unrecognized DeletionPolicy Keep for resource B",
    );
    let many: String = (0..501).map(|number| format!("  B{number}: {{Type: T}}\n")).collect();
    check(
        &format!("Resources:\n{many}"),
        "Template format error: Number of resources, 501, is greater than maximum allowed, 500",
    );
}

#[test]
fn circles_are_refused_by_name() {
    check(
        "Resources: {A: {Type: T, DependsOn: B}, B: {Type: T, DependsOn: C}, C: {Type: T, DependsOn: A}, D: {Type: T, DependsOn: A}, E: {Type: T}}",
        "Circular dependency between resources: [A, B, C]",
    );
    check("Resources: {A: {Type: T, Properties: {X: !Ref A}}}", "Circular dependency between resources: [A]");
    check(
        &format!("{B}Conditions: {{A: !Not [!Condition C], C: !Not [!Condition A]}}"),
        "Template format error: Circular dependency between conditions: [A]",
    );
}

#[test]
fn conditions_and_rules_are_checked() {
    check(
        &format!("{B}Conditions: {{C: yes}}"),
        "Template format error: Conditions can only be boolean operations on parameters and other conditions",
    );
    check(
        &format!("{B}Conditions: {{C: !And [!Equals [a, a]]}}"),
        "Template error: every Fn::And object requires a list of at least 2 and at most 10 boolean parameters.",
    );
    check(
        &format!("{B}Conditions: {{C: !Equals [a]}}"),
        "Template error: every Fn::Equals object requires a list of 2 string parameters.",
    );
    check(
        &format!("{B}Conditions: {{C: !Equals [!Ref B, a]}}"),
        "Template format error: Unresolved dependencies [B]. Cannot reference resources in the Conditions block of the template",
    );
    let rule = |assert: &str| {
        format!(
            "{B}Parameters: {{V: {{Type: String, Default: '5'}}}}\nRules:\n  R:\n    Assertions:\n      - Assert: {assert}\n        AssertDescription: too old\n"
        )
    };
    check(&rule("!Not [!Contains [['1', '2', '3', '4', '5'], !Ref V]]"), "too old");
    check(&rule("!Contains [['5', '6'], !Ref V]"), "");
    check(&rule("!EachMemberIn [[a, b], [a, b, c]]"), "");
    check(&rule("!EachMemberEquals [!RefAll String, '6']"), "too old");
}
