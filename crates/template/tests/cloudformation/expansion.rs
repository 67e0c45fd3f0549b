use weft_template::cloudformation::Template;

use super::support::{environment, parameters};

/// The resources that a template of the language extensions becomes, or the error.
fn check(resources: &str, expected: &str) {
    let text = format!(
        "Transform: AWS::LanguageExtensions\nParameters: {{L: {{Type: CommaDelimitedList, Default: 'a,b-c'}}}}\nResources:\n  B: {{Type: T}}\n{resources}"
    );
    let template = Template::parse(&text).unwrap();
    let parameters = parameters(&template, &[]).unwrap();
    let told = template.expand(&parameters, &environment());
    let told =
        told.map(|template| template.document()["Resources"].to_string().replace(r#""B":{"Type":"T"},"#, ""));
    assert_eq!(told.unwrap_or_else(|error| error.to_string()), expected);
}

#[test]
fn loops_are_unrolled() {
    check(
        "  Fn::ForEach::L: [X, !Ref L, {'T&{X}': {Type: T, Properties: {A: !Ref X, B: '${X}', C: !GetAtt 'T&{X}.Arn'}}}]\n",
        r#"{"Ta":{"Type":"T","Properties":{"A":"a","B":"a","C":{"Fn::GetAtt":["Ta","Arn"]}}},"Tbc":{"Type":"T","Properties":{"A":"b-c","B":"b-c","C":{"Fn::GetAtt":["Tbc","Arn"]}}}}"#,
    );
    check(
        "  Fn::ForEach::L: [X, [a, b], {'Fn::ForEach::M': [Y, [c, d], {'T${X}${Y}': {Type: T}}]}]\n",
        r#"{"Tac":{"Type":"T"},"Tad":{"Type":"T"},"Tbc":{"Type":"T"},"Tbd":{"Type":"T"}}"#,
    );
    check(
        "  Fn::ForEach::L: [X, [a, b], {T: {Type: T}}]\n",
        "Template error: Fn::ForEach makes the key T more than once",
    );
    check(
        "  Fn::ForEach::L: [X, !Ref B, {'T${X}': {Type: T}}]\n",
        "Template error: Fn::ForEach cannot resolve its collection: Resource 'B' does not exist yet",
    );
    check("  Fn::ForEach::L: [X]\n", "Template error: Fn::ForEach::L layout is incorrect");
}

#[test]
fn the_added_functions_are_evaluated() {
    let text = "Transform: AWS::LanguageExtensions
Parameters: {L: {Type: CommaDelimitedList, Default: 'a,b'}, Policy: {Type: String, Default: Retain}}
Mappings: {M: {a: {b: c}}}
Resources:
  R:
    Type: Custom::R
    DeletionPolicy: !Ref Policy
    Properties:
      ServiceToken: t
      Length: !Length {Ref: L}
      Json: !ToJsonString {a: !Ref L}
      Default: !FindInMap [M, x, y, {DefaultValue: z}]
";
    let stack = super::support::stack(text, &[]).unwrap();
    let properties = stack.properties("R", &super::support::Made).unwrap();
    assert_eq!(
        properties.to_string(),
        r#"{"ServiceToken":"t","Length":"2","Json":"{\"a\":[\"a\",\"b\"]}","Default":"z"}"#
    );
    assert!(stack.resource("R").unwrap().deletion.keeps());
}
