use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// Patterns and events are JSON with `'` for `"`.
fn json_of(text: &str) -> Value {
    serde_json::from_str(&text.replace('\'', "\"")).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn check(pattern: &str, event: &str, expected: bool) {
    let parsed = EventPattern::parse(&pattern.replace('\'', "\""));
    let parsed = parsed.unwrap_or_else(|error| panic!("{pattern}: {error}"));
    assert_eq!(parsed.matches(&json_of(event)), expected, "{pattern} on {event}");
}

#[test]
fn a_field_is_one_of_the_values() {
    for (event, expected) in [
        ("{'source':'aws.ec2'}", true),
        ("{'source':'aws.s3','more':1}", true),
        ("{'source':'AWS.EC2'}", false),
        ("{'source':null}", false),
        ("{}", false),
        ("{'source':['other','aws.ec2']}", true),
        ("{'source':{'aws.ec2':1}}", false),
    ] {
        check("{'source':['aws.ec2','aws.s3']}", event, expected);
    }
    check("{'a':[null]}", "{'a':null}", true);
    check("{'a':[null]}", "{}", false);
    check("{'a':['']}", "{'a':''}", true);
    check("{'a':[true]}", "{'a':true}", true);
    check("{'a':[true]}", "{'a':'true'}", false);
    check("{'a':[300]}", "{'a':300}", true);
    check("{'a':[300]}", "{'a':300.0}", false);
    check("{'a':[300]}", "{'a':'300'}", false);
}

#[test]
fn every_field_must_match_and_objects_nest() {
    let pattern = "{'detail':{'state':['running'],'tags':{'team':['a']}}}";
    check(pattern, "{'detail':{'state':'running','tags':{'team':'a'}}}", true);
    check(pattern, "{'detail':{'state':'running','tags':{'team':'b'}}}", false);
    check(pattern, "{'detail':{'state':'running'}}", false);
    check(pattern, "{'detail':'running'}", false);
    // What is asked of an object in a list is asked of one and the same.
    let list = "{'items':{'name':['a'],'size':[1]}}";
    check(list, "{'items':[{'name':'b'},{'name':'a','size':1}]}", true);
    check(list, "{'items':[{'name':'a'},{'size':1}]}", false);
}

#[test]
fn operators_look_at_texts() {
    for (operator, value, expected) in [
        ("{'prefix':'us-'}", "'us-east-1'", true),
        ("{'prefix':'us-'}", "'eu-us-'", false),
        ("{'prefix':'us-'}", "1", false),
        ("{'prefix':{'equals-ignore-case':'EventB'}}", "'EVENTBRIDGE'", true),
        ("{'suffix':'.png'}", "'a.png'", true),
        ("{'suffix':'.png'}", "'a.jpg'", false),
        ("{'suffix':{'equals-ignore-case':'.png'}}", "'a.PNG'", true),
        ("{'equals-ignore-case':'alice'}", "'ALICE'", true),
        ("{'equals-ignore-case':'alice'}", "'alicia'", false),
        ("{'wildcard':'dir/*.png'}", "'dir/a/b.png'", true),
        ("{'wildcard':'dir/*.png'}", "'dir/.jpg'", false),
        ("{'wildcard':'*'}", "''", true),
        ("{'wildcard':'a*a'}", "'a'", false),
        ("{'wildcard':'a*b*c'}", "'aXbYbZc'", true),
        ("{'wildcard':'a\\\\*b'}", "'a*b'", true),
        ("{'wildcard':'a\\\\*b'}", "'axb'", false),
        ("{'cidr':'10.0.0.0/24'}", "'10.0.0.255'", true),
        ("{'cidr':'10.0.0.0/24'}", "'10.0.1.0'", false),
        ("{'cidr':'10.0.0.0/24'}", "'host'", false),
        ("{'cidr':'0.0.0.0/0'}", "'255.1.1.1'", true),
        ("{'cidr':'2001:db8::/32'}", "'2001:db8:1::1'", true),
        ("{'cidr':'2001:db8::/32'}", "'10.0.0.1'", false),
    ] {
        check(&format!("{{'a':[{operator}]}}"), &format!("{{'a':{value}}}"), expected);
    }
}

#[test]
fn operators_look_at_numbers() {
    for (operator, value, expected) in [
        ("['=',100]", "100", true),
        ("['=',100]", "100.0", true),
        ("['=',3.018e2]", "301.8", true),
        ("['<',10]", "10", false),
        ("['<=',10]", "10", true),
        ("['>',0,'<=',5]", "5", true),
        ("['>',0,'<=',5]", "0", false),
        ("['>=',-1.5]", "-1.5", true),
        ("['>',0]", "'1'", false),
    ] {
        check(&format!("{{'a':[{{'numeric':{operator}}}]}}"), &format!("{{'a':{value}}}"), expected);
    }
}

#[test]
fn a_field_is_there_or_not() {
    let (present, absent) = ("{'a':{'b':[{'exists':true}]}}", "{'a':{'b':[{'exists':false}]}}");
    for (event, is_there) in [
        ("{'a':{'b':1}}", true),
        ("{'a':{'b':null}}", true),
        ("{'a':{'b':[1]}}", true),
        ("{'a':{'b':[]}}", false),
        ("{'a':{'b':{'c':1}}}", false),
        ("{'a':{}}", false),
        ("{}", false),
    ] {
        check(present, event, is_there);
        check(absent, event, !is_there);
    }
    check("{'a':['x',{'exists':false}]}", "{}", true);
    check("{'a':['x',{'exists':false}]}", "{'a':'x'}", true);
    check("{'a':['x',{'exists':false}]}", "{'a':'y'}", false);
}

#[test]
fn anything_but_turns_a_test_round() {
    for (operand, value, expected) in [
        ("'a'", "'b'", true),
        ("'a'", "'a'", false),
        ("'a'", "1", true),
        ("['a','b']", "'b'", false),
        ("[1,2]", "3", true),
        ("{'prefix':'init'}", "'initial'", false),
        ("{'prefix':'init'}", "'final'", true),
        ("{'prefix':['a','b']}", "'bc'", false),
        ("{'suffix':'.txt'}", "'a.txt'", false),
        ("{'equals-ignore-case':['A','B']}", "'b'", false),
        ("{'wildcard':'*/lib/*'}", "'x/lib/y'", false),
        ("{'wildcard':'*/lib/*'}", "'x/bin/y'", true),
    ] {
        check(&format!("{{'a':[{{'anything-but':{operand}}}]}}"), &format!("{{'a':{value}}}"), expected);
    }
    check("{'a':[{'anything-but':'x'}]}", "{}", false);
}

#[test]
fn one_of_the_alternatives_matches() {
    let pattern = "{'source':['s'],'$or':[{'a':['x']},{'b':[{'numeric':['>',1]}]}]}";
    check(pattern, "{'source':'s','a':'x'}", true);
    check(pattern, "{'source':'s','b':2}", true);
    check(pattern, "{'source':'s','b':1}", false);
    check(pattern, "{'a':'x','b':2}", false);
    // A field may be called so.
    check("{'$or':['x']}", "{'$or':'x'}", true);
}

#[test]
fn what_is_wrong_with_a_pattern_is_said() {
    for (pattern, reason) in [
        ("", "Invalid JSON"),
        ("[]", "Filter is not an object"),
        ("{}", "Empty filter"),
        ("{'a':'x'}", "must be an object or an array"),
        ("{'a':[]}", "Empty arrays"),
        ("{'a':{}}", "Empty objects"),
        ("{'a':[['x']]}", "array within an array"),
        ("{'a':[{'prefix':'x','suffix':'y'}]}", "Only one key"),
        ("{'a':[{'prefix':1}]}", "prefix match pattern must be a string"),
        ("{'a':[{'like':'x'}]}", "Unrecognized match type like"),
        ("{'a':[{'exists':'yes'}]}", "true or false"),
        ("{'a':[{'cidr':'10.0.0.0/33'}]}", "Malformed CIDR"),
        ("{'a':[{'wildcard':'a**b'}]}", "Consecutive wildcard"),
        ("{'a':[{'wildcard':'a\\\\b'}]}", "Invalid escape"),
        ("{'a':[{'numeric':['~',1]}]}", "Unrecognized numeric range operator"),
        ("{'a':[{'numeric':['>']}]}", "one or two operators"),
        ("{'a':[{'numeric':['>',5,'<',1]}]}", "Bottom must be less than top"),
        ("{'a':[{'numeric':['<',1,'>',5]}]}", "Bad numeric range operator"),
        ("{'a':[{'numeric':['>',6000000000]}]}", "between"),
        ("{'a':[{'anything-but':['x',1]}]}", "Value of anything-but"),
        ("{'a':[{'anything-but':[]}]}", "Empty arrays"),
        ("{'$or':[{'a':['x']}]}", "at least two"),
    ] {
        let error = EventPattern::parse(&pattern.replace('\'', "\"")).expect_err(pattern);
        assert!(error.reason().contains(reason), "{pattern}: {error}");
    }
    let deep = format!("{}[1]{}", "{\"a\":".repeat(100), "}".repeat(100));
    assert!(EventPattern::parse(&deep).is_err());
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i32>().prop_map(|number| json!(number)),
        "[a-z*\\\\/.0-9]{0,6}".prop_map(Value::String),
    ];
    let name =
        prop::sample::select(vec!["a", "$or", "prefix", "exists", "numeric", "anything-but", "wildcard"]);
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((name.clone(), inner), 0..4).prop_map(|fields| {
                Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn no_pattern_and_no_event_do_harm(pattern in any_json(), event in any_json()) {
        if let Ok(parsed) = EventPattern::parse(&pattern.to_string()) {
            let _ = parsed.matches(&event);
        }
    }

    #[test]
    fn a_wildcard_matches_what_it_was_made_from(parts in prop::collection::vec("[a-c]{0,3}", 1..5)) {
        let pattern = json!({"a": [{"wildcard": parts.iter().filter(|p| !p.is_empty()).cloned().collect::<Vec<_>>().join("*")}]});
        let event = json!({"a": parts.iter().filter(|p| !p.is_empty()).cloned().collect::<Vec<_>>().join("xyz")});
        let parsed = EventPattern::parse(&pattern.to_string()).expect("no consecutive wildcards");
        prop_assert!(parsed.matches(&event));
    }
}
