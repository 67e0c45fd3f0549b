//! Checks on the dependency graph.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use toml_edit::DocumentMut;

use crate::shell::{cargo, output};

/// What is wrong with the graph: edges, licences, sources, doubled versions.
pub(crate) fn check(settings: &DocumentMut) -> Result<Vec<String>, String> {
    let text = output(&mut cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--filter-platform",
        "x86_64-unknown-linux-gnu",
    ]))?;
    let metadata: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata has no packages")?;
    let mut wrong = edges(packages, settings);
    wrong.extend(licences(packages, settings));
    wrong.extend(versions(packages, settings));
    Ok(wrong)
}

fn name(package: &Value) -> &str {
    package["name"].as_str().unwrap_or_default()
}

fn is_ours(package: &Value) -> bool {
    package["source"].is_null()
}

/// The layer of each of our crates, lowest first, as `tidy.toml` lists them.
fn layers(settings: &DocumentMut) -> BTreeMap<String, usize> {
    let lists = settings.get("layers").and_then(|l| l.as_array()).into_iter().flatten();
    let named = lists.enumerate().flat_map(|(depth, layer)| {
        let crates = layer.as_array().into_iter().flatten();
        crates.filter_map(move |c| c.as_str().map(|c| (c.to_owned(), depth))).collect::<Vec<_>>()
    });
    named.collect()
}

/// Edges that point up, or sideways where the layer is a row of rooms without doors.
fn edges(packages: &[Value], settings: &DocumentMut) -> Vec<String> {
    let layers = layers(settings);
    let sideways: BTreeSet<&str> = strings(settings, "sideways");
    let mut wrong = Vec::new();
    for package in packages.iter().filter(|p| is_ours(p) && name(p) != "xtask") {
        let from = name(package);
        let Some(depth) = layers.get(from) else {
            wrong.push(format!("crate `{from}` stands in no layer of xtask/tidy.toml"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let to = dependency["name"].as_str().unwrap_or_default();
            let edge = format!("{from} -> {to}");
            let Some(below) = layers.get(to) else { continue };
            let test_only = dependency["kind"] == "dev";
            if below > depth || (below == depth && !sideways.contains(edge.as_str()) && !test_only) {
                wrong.push(format!("dependency `{edge}` points the wrong way"));
            }
        }
    }
    wrong
}

fn strings<'a>(settings: &'a DocumentMut, key: &str) -> BTreeSet<&'a str> {
    settings.get(key).and_then(|l| l.as_array()).into_iter().flatten().filter_map(|v| v.as_str()).collect()
}

/// Packages with a licence that is not on the list, or from elsewhere than the registry.
fn licences(packages: &[Value], settings: &DocumentMut) -> Vec<String> {
    let allowed = strings(settings, "licences");
    let mut wrong = Vec::new();
    for package in packages {
        let licence = package["license"].as_str().unwrap_or("none");
        if !is_allowed(licence, &allowed) {
            wrong.push(format!("`{}` has licence `{licence}`, which is not on the list", name(package)));
        }
        let source = package["source"].as_str().unwrap_or("registry+");
        if !source.starts_with("registry+") {
            wrong.push(format!("`{}` comes from `{source}`", name(package)));
        }
    }
    wrong
}

/// Whether an SPDX expression can be satisfied from the list.
fn is_allowed(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let flat = expression.replace(['(', ')'], " ").replace('/', " OR ");
    flat.split(" AND ").all(|term| term.split(" OR ").any(|licence| allowed.contains(licence.trim())))
}

/// Crates that come in several versions without a reason.
fn versions(packages: &[Value], settings: &DocumentMut) -> Vec<String> {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages {
        found.entry(name(package)).or_default().insert(package["version"].as_str().unwrap_or_default());
    }
    let reasons = settings.get("doubled").and_then(|d| d.as_table());
    let excused = |name: &str| {
        reasons.and_then(|r| r.get(name)).and_then(|r| r.as_str()).is_some_and(|reason| !reason.is_empty())
    };
    let doubled = found.iter().filter(|(name, versions)| versions.len() > 1 && !excused(name));
    let mut wrong: Vec<String> = doubled
        .map(|(name, versions)| format!("`{name}` comes in versions {versions:?} without a reason"))
        .collect();
    let stale = reasons.into_iter().flatten().filter(|(name, _)| found.get(name).is_none_or(|v| v.len() < 2));
    wrong.extend(stale.map(|(name, _)| format!("the reason for several versions of `{name}` is stale")));
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_expression_is_satisfied_from_the_list() {
        let allowed = BTreeSet::from(["MIT", "Apache-2.0", "Unicode-3.0"]);
        for (expression, good) in [
            ("MIT", true),
            ("MIT OR GPL-3.0", true),
            ("MIT/Apache-2.0", true),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("MIT AND GPL-3.0", false),
            ("GPL-3.0", false),
            ("none", false),
        ] {
            assert_eq!(is_allowed(expression, &allowed), good, "{expression}");
        }
    }
}
