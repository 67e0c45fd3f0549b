use weft_template::cloudformation::Template;

/// What `Resources.R.Properties.P` is once it is read, or the error.
fn check(value: &str, expected: &str) {
    let yaml = format!("Transform: X\nResources:\n  R:\n    Type: T\n    Properties:\n      P: {value}\n");
    let read = match Template::parse(&yaml) {
        Ok(template) => template.document().pointer("/Resources/R/Properties/P").unwrap().to_string(),
        Err(error) => error.to_string(),
    };
    assert_eq!(read, expected, "{value}");
}

#[test]
fn yaml_is_read_as_templates_write_it() {
    check("!Ref A", r#"{"Ref":"A"}"#);
    check("!GetAtt A.B.C", r#"{"Fn::GetAtt":["A","B.C"]}"#);
    check("!GetAtt [A, B]", r#"{"Fn::GetAtt":["A","B"]}"#);
    check("!Sub '${A}-b'", r#"{"Fn::Sub":"${A}-b"}"#);
    check("!If [C, !Ref A, !Ref 'AWS::NoValue']", r#"{"Fn::If":["C",{"Ref":"A"},{"Ref":"AWS::NoValue"}]}"#);
    check("!Condition C", r#"{"Condition":"C"}"#);
    check(
        "!Nothing A",
        "Template format error: YAML not well-formed. (line 6, column 10): the tag !Nothing is not known",
    );
    check(
        "[yes, 'yes', on, 'no', 7, '7', 1.5, 007, 2012-10-17, ~, 1_000]",
        r#"[true,"yes",true,"no",7,"7",1.5,"007","2012-10-17",null,"1_000"]"#,
    );
    check("!!str 7", r#""7""#);
    check("{z: 1, a: 2}", r#"{"z":1,"a":2}"#);
    check(
        "{a: 1, a: 2}",
        "Template format error: YAML not well-formed. (line 6, column 17): the key \"a\" is there already",
    );
    check("[&a x, *a]", "Template format error: YAML aliases are not allowed in CloudFormation templates");
}

#[test]
fn what_is_malformed_says_where() {
    let check = |text: &str, expected: &str| {
        assert_eq!(Template::parse(text).unwrap_err().message(), expected, "{text}");
    };
    check(
        "{\"a\": 1, \"a\": 2}",
        "Template format error: JSON not well-formed. (line 1, column 12): the key \"a\" is there already",
    );
    check("{\"Resources\": }", "Template format error: JSON not well-formed. (line 1, column 15)");
    check("Resources: [", "Template format error: YAML not well-formed. (line 2, column 1)");
    check("just text", "Template format error: unsupported structure.");
    check("", "Template format error: unsupported structure.");
}
