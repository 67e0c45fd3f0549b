//! `AWS::Serverless::SimpleTable`.

use serde_json::{Value, json};

use super::{Sam, invalid, pick, properties};
use crate::cloudformation::TemplateError;

pub(super) fn make(sam: &mut Sam<'_>, name: &str, resource: &Value) -> Result<(), TemplateError> {
    let given = properties(resource);
    let (key, kind) = match given.get("PrimaryKey") {
        Some(key) => (
            key.get("Name").cloned().unwrap_or_else(|| json!("id")),
            key["Type"].as_str().unwrap_or("String"),
        ),
        None => (json!("id"), "String"),
    };
    let kind = match kind {
        "String" => "S",
        "Number" => "N",
        "Binary" => "B",
        other => return Err(invalid(name, &format!("Invalid 'Type' \"{other}\"."))),
    };
    let mut table = pick(
        given,
        &["ProvisionedThroughput", "TableName", "SSESpecification", "PointInTimeRecoverySpecification"],
    );
    if !table.contains_key("ProvisionedThroughput") {
        table.insert("BillingMode".into(), json!("PAY_PER_REQUEST"));
    }
    table.insert("AttributeDefinitions".into(), json!([{"AttributeName": key, "AttributeType": kind}]));
    table.insert("KeySchema".into(), json!([{"AttributeName": key, "KeyType": "HASH"}]));
    if let Some(tags) = given.get("Tags") {
        table.insert("Tags".into(), super::function_parts::tag_list(tags));
    }
    let more = pick(resource, &["DependsOn", "Metadata"]);
    sam.put(name, "AWS::DynamoDB::Table", table, resource, Value::Object(more));
    Ok(())
}
