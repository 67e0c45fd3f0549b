//! Values that fit schemas, and those that do not.

use serde_json::json;

use super::*;

#[track_caller]
fn check(schema: &Json, value: &Json, expected: Result<(), &str>) {
    let pet = json!({ "type": "object", "required": ["name"] });
    let models = Models::from([("Pet".to_owned(), Schema::compile(&pet).unwrap())]);
    let found = Schema::compile(schema).unwrap().check(value, &models);
    match (found, expected) {
        (Ok(()), Ok(())) => {}
        (Err(why), Err(part)) => assert!(why.contains(part), "{why}"),
        (found, _) => panic!("{found:?} for {value}"),
    }
}

#[test]
fn values_are_held_against_every_keyword() {
    let object = json!({ "type": "object", "required": ["a"], "properties": { "a": { "type": "integer", "minimum": 2 } }, "additionalProperties": false });
    check(&object, &json!({ "a": 2 }), Ok(()));
    check(&object, &json!({}), Err("missing required properties ([\"a\"])"));
    check(&object, &json!({ "a": "x" }), Err("[Path '/a'] instance type (string) does not match"));
    check(&object, &json!({ "a": 1 }), Err("lower than the required minimum"));
    check(&object, &json!({ "a": 3, "b": 1 }), Err("not allowed by the schema: [\"b\"]"));
    check(&json!({ "type": "array", "items": { "enum": ["x"] }, "maxItems": 1 }), &json!(["x"]), Ok(()));
    check(&json!({ "items": { "enum": ["x"] } }), &json!(["y"]), Err("[Path '/0'] instance value (\"y\")"));
    check(&json!({ "uniqueItems": true }), &json!([1, 1]), Err("duplicate"));
    check(&json!({ "pattern": "^a+$", "minLength": 2 }), &json!("aa"), Ok(()));
    check(&json!({ "pattern": "^a+$" }), &json!("b"), Err("regex"));
    check(&json!({ "oneOf": [{ "type": "string" }, { "maxLength": 1 }] }), &json!("ab"), Ok(()));
    check(&json!({ "oneOf": [{ "type": "string" }, { "maxLength": 2 }] }), &json!("ab"), Err("exactly one"));
    check(&json!({ "not": { "type": "string" } }), &json!("ab"), Err("should not have"));
    check(&json!({ "anyOf": [{ "type": "null" }] }), &json!(1), Err("at least one"));
    check(&json!({ "multipleOf": 0.1 }), &json!(0.3), Ok(()));
    check(&json!({ "maximum": 3, "exclusiveMaximum": true }), &json!(3), Err("greater"));
    check(&json!({ "dependencies": { "a": ["b"] } }), &json!({ "a": 1 }), Err("dependencies"));
}

#[test]
fn references_lead_within_and_to_other_models() {
    let tree = json!({ "$ref": "#/definitions/t", "definitions": { "t": { "type": "object", "properties": { "next": { "$ref": "#/definitions/t" } } } } });
    check(&tree, &json!({ "next": { "next": {} } }), Ok(()));
    check(&tree, &json!({ "next": { "next": 1 } }), Err("[Path '/next/next']"));
    let pet = json!({ "$ref": "https://apigateway.amazonaws.com/restapis/abc/models/Pet" });
    check(&pet, &json!({ "name": 1 }), Ok(()));
    check(&pet, &json!({}), Err("missing required"));
    let endless = json!({ "$ref": "#" });
    check(&endless, &json!(1), Err("too deeply"));
}
