use serde_json::Value;

use super::support::{Made, stack};

const HEAD: &str = "
Parameters:
  Env: {Type: String, Default: dev}
  Subnets: {Type: CommaDelimitedList, Default: 'a, b,c'}
  FromSsm: {Type: 'AWS::SSM::Parameter::Value<List<String>>', Default: /there}
Mappings:
  M: {eu-central-1: {Ami: ami-1, Zones: [x, y]}}
Conditions:
  IsProd: !Equals [!Ref Env, prod]
  IsDev: !Not [!Condition IsProd]
  Both: !And [!Condition IsDev, !Equals [!FindInMap [M, !Ref 'AWS::Region', Ami], ami-1]]
Resources:
  B: {Type: 'AWS::S3::Bucket'}
  Q: {Type: 'AWS::SQS::Queue'}
  Gone: {Type: 'AWS::S3::Bucket', Condition: IsProd}
  R:
    Type: Custom::R
    Properties:
      ServiceToken: arn
      P: ";

/// What a property is once everything is made, or the error.
fn check(value: &str, expected: &str) {
    let told = stack(&format!("{HEAD}{value}\n"), &[]).and_then(|stack| {
        let properties = stack.properties("R", &Made).map_err(|error| error.to_string())?;
        Ok(properties.get("P").map_or_else(|| "none".to_owned(), Value::to_string))
    });
    assert_eq!(told.unwrap_or_else(|error| error), expected, "{value}");
}

#[test]
fn functions_give_values() {
    check("!Ref B", r#""physical-B""#);
    check("!Ref Env", r#""dev""#);
    check("!Ref Subnets", r#"["a","b","c"]"#);
    check("!Ref FromSsm", r#"["looked","up"]"#);
    check("!Ref AWS::StackName", r#""shop""#);
    check("!Ref AWS::NoValue", "none");
    check("!GetAtt B.Arn", r#""B.Arn""#);
    check("!Sub 'x-${B}-${B.Arn}-${!Lit}-${AWS::Region}'", r#""x-physical-B-B.Arn-${Lit}-eu-central-1""#);
    check("!Sub ['${a}${Env}', {a: !Ref B}]", r#""physical-Bdev""#);
    check("!Join ['-', [a, !Ref B, 7, true]]", r#""a-physical-B-7-true""#);
    check("!Join ['', !Ref Subnets]", r#""abc""#);
    check("!Join [',', [a, !If [IsProd, b, !Ref 'AWS::NoValue'], c]]", r#""a,c""#);
    check("!Select [1, !Ref Subnets]", r#""b""#);
    check("!Select ['0', !GetAZs '']", r#""eu-central-1a""#);
    check("!Split [',', 'a,b,,c']", r#"["a","b","","c"]"#);
    check("!If [Both, yes it is, no]", r#""yes it is""#);
    check("[a, !If [IsProd, b, !Ref 'AWS::NoValue'], c]", r#"["a","c"]"#);
    check("{k: !If [IsProd, b, !Ref 'AWS::NoValue'], l: m}", r#"{"l":"m"}"#);
    check("!FindInMap [M, !Ref 'AWS::Region', Zones]", r#"["x","y"]"#);
    check("!Base64 'hello world'", r#""aGVsbG8gd29ybGQ=""#);
    check("!Cidr ['192.168.0.0/24', 3, 5]", r#"["192.168.0.0/27","192.168.0.32/27","192.168.0.64/27"]"#);
    check("!Cidr ['10.0.7.9/16', '2', '8']", r#"["10.0.0.0/24","10.0.1.0/24"]"#);
    check(
        "!Cidr ['2600:1f18:abc:de00::/56', 2, 64]",
        r#"["2600:1f18:abc:de00::/64","2600:1f18:abc:de01::/64"]"#,
    );
    check("!ImportValue there", r#""imported""#);
    check("!ImportValue {'Fn::Sub': 'nowhere-${Env}'}", "No export named nowhere-dev found.");
    check("!If [IsProd, !Ref Gone, none of it]", r#""none of it""#);
    check("{Condition: {StringEquals: {a: b}}}", r#"{"Condition":{"StringEquals":{"a":"b"}}}"#);
}

#[test]
fn misused_functions_are_refused() {
    check(
        "!Ref Nope",
        "Template format error: Unresolved resource dependencies [Nope] in the Resources block of the template",
    );
    check(
        "!Ref Gone",
        "Template format error: Unresolved resource dependencies [Gone] in the Resources block of the template",
    );
    check(
        "!Sub '${Nope}${Neither.Arn}'",
        "Template format error: Unresolved resource dependencies [Neither, Nope] in the Resources block of the template",
    );
    check(
        "!GetAtt B.Colour",
        "Template error: resource B does not support attribute type Colour in Fn::GetAtt",
    );
    check(
        "!GetAtt B",
        "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute",
    );
    check("!Select [5, [a]]", "Template error: Fn::Select cannot select nonexistent value at index 5");
    check(
        "!Select [x, [a]]",
        "Template error: Fn::Select requires a list argument with two elements: an integer index and a list",
    );
    check(
        "!Split ['', x]",
        "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split.",
    );
    check("!FindInMap [M, eu-west-1, Ami]", "Template error: Unable to get mapping for M::eu-west-1::Ami");
    check(
        "!FindInMap [N, eu-west-1, Ami]",
        "Template error: Mapping named 'N' is not present in the 'Mappings' section of template.",
    );
    check(
        "!FindInMap [M, eu-west-1, Ami, {DefaultValue: x}]",
        "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value",
    );
    check("!If [Nope, a, b]", "Template error: unresolved condition dependency Nope in Fn::If");
    check(
        "!ImportValue {Ref: B}",
        "Template error: the attribute in Fn::ImportValue must not depend on any resources, imported values, or Fn::GetAZs",
    );
    check(
        "!Cidr ['10.0.0.0/24', 9, 5]",
        "Template error: Fn::Cidr cannot divide 10.0.0.0/24 into 9 blocks of that size",
    );
    check("!Length [a]", "Template format error: Unrecognized or misplaced function Fn::Length");
    check(
        "!Sub '${a b}'",
        "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons",
    );
}
