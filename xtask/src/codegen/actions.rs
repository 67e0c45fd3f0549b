//! IAM's actions with their resources and condition keys: pruned from the published data, and a table of the model crate.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{HEADER, prune, read_json, save};
use crate::shell::root;

/// The services whose actions we have; files of this name in the published data.
const SERVICES: &[&str] =
    &["apigateway", "cloudformation", "ecr", "execute-api", "iam", "lambda", "logs", "s3", "ssm", "sts"];

/// Cuts the data of the unpacked package in `from` down to what is used, in `models/iam-data`.
pub(crate) fn prune_all(from: &Path) -> Result<(), String> {
    let folder = root().join("models/iam-data");
    fs::create_dir_all(&folder).map_err(|error| format!("`{}`: {error}", folder.display()))?;
    for service in SERVICES {
        let read = |kind: &str| read_json(&from.join("data").join(kind).join(format!("{service}.json")));
        let pruned = prune_service(&read("actions")?, &read("resourceTypes")?)?;
        save(&folder.join(format!("{service}.json")), &prune::print(&pruned))?;
    }
    Ok(())
}

/// Actions by their names, with resource types and condition keys; resource types with the form of their ARNs and their keys.
fn prune_service(actions: &Value, types: &Value) -> Result<Value, String> {
    let entries = |value: &Value, what: &str| value.as_object().cloned().ok_or(format!("no {what}"));
    let mut kept = Map::new();
    for action in entries(actions, "actions")?.values() {
        let types: Vec<&Value> = list(&action["resourceTypes"]).iter().map(|kind| &kind["name"]).collect();
        let of_types = list(&action["resourceTypes"]).iter().flat_map(|kind| list(&kind["conditionKeys"]));
        let mut keys: Vec<&Value> = list(&action["conditionKeys"]).iter().chain(of_types).collect();
        keys.sort_by_key(ToString::to_string);
        keys.dedup();
        kept.insert(text(&action["name"])?, json!({ "resources": types, "keys": keys }));
    }
    let used = |key: &Value| kept.values().any(|action| list(&action["resources"]).contains(key));
    let mut resources = Map::new();
    for kind in entries(types, "resource types")?.values().filter(|kind| used(&kind["key"])) {
        let keys = list(&kind["conditionKeys"]);
        resources.insert(text(&kind["key"])?, json!({ "arn": kind["arn"], "keys": keys }));
    }
    kept.sort_keys();
    resources.sort_keys();
    Ok(json!({ "actions": kept, "resources": resources }))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| format!("`{value}` is not a text"))
}

/// The generated module.
pub(crate) fn module() -> Result<String, String> {
    let mut text = format!("{HEADER}//! IAM's actions, sorted by name, and their resources.\n\n");
    text.push_str("use crate::rights::{ActionFacts, ResourceFacts};\n\n");
    let mut actions = BTreeMap::new();
    for service in SERVICES {
        let data = read_json(&root().join(format!("models/iam-data/{service}.json")))?;
        let resources = data["resources"].as_object().ok_or("no resources")?;
        for (name, kind) in resources {
            let _ = writeln!(
                text,
                "#[rustfmt::skip]\nstatic {}: ResourceFacts = ResourceFacts {{ name: {}, arn: {}, keys: &{} }};",
                constant(service, name),
                json!(name),
                kind["arn"],
                kind["keys"],
            );
        }
        for (name, action) in data["actions"].as_object().ok_or("no actions")? {
            let known = list(&action["resources"]).iter().filter_map(Value::as_str);
            let known = known.filter(|kind| resources.contains_key(*kind));
            let kinds: Vec<String> = known.map(|kind| format!("&{}", constant(service, kind))).collect();
            let name = format!("{service}:{name}");
            let line = format!(
                "    ActionFacts {{ name: {}, resources: &[{}], keys: &{} }},\n",
                json!(name),
                kinds.join(", "),
                action["keys"]
            );
            actions.insert(name, line);
        }
    }
    text.push_str("\n/// Every action of the services that we have, sorted by name.\n#[rustfmt::skip]\npub static ACTIONS: &[ActionFacts] = &[\n");
    text.extend(actions.into_values());
    text.push_str("];\n");
    Ok(text)
}

/// `LAMBDA_FUNCTION_ALIAS` for `function alias` of `lambda`.
fn constant(service: &str, kind: &str) -> String {
    format!("{service}_{kind}").to_uppercase().replace([' ', '-', '.', '/'], "_")
}
