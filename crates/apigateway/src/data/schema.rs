//! JSON Schema, draft 4, as far as models are checked with it: every keyword of validation; `format` says nothing.
//!
//! Source: <https://json-schema.org/draft-04/json-schema-validation>. References lead within the schema
//! (`#/definitions/Pet`) or to another model of the API (`https://apigateway.amazonaws.com/restapis/ID/models/Pet`).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use regex::{Regex, RegexBuilder};
use serde_json::Value as Json;

/// Levels of a schema, and of references followed within one value.
const DEPTH_MAX: usize = 64;
/// Checks for one body.
const CHECKS_MAX: usize = 500_000;

/// A schema that was looked through.
#[derive(Debug, Clone)]
pub(crate) struct Schema {
    root: Arc<Json>,
    patterns: Arc<HashMap<String, Regex>>,
}

/// A schema among the other models of its API, by name.
pub(crate) type Models = BTreeMap<String, Schema>;

struct Check<'s> {
    models: &'s Models,
    left: usize,
}

impl Schema {
    /// Looks a schema through. The message of a failure says what is wrong.
    pub(crate) fn compile(json: &Json) -> Result<Self, String> {
        let mut patterns = HashMap::new();
        gather(json, &mut patterns, 0)?;
        Ok(Self { root: Arc::new(json.clone()), patterns: Arc::new(patterns) })
    }

    /// What is wrong with a value, as AWS says it; nothing where it fits.
    pub(crate) fn check(&self, value: &Json, models: &Models) -> Result<(), String> {
        let mut check = Check { models, left: CHECKS_MAX };
        check.value(self, &self.root, value, 0)
    }
}

/// Compiles all patterns of a schema and refuses what cannot be one.
fn gather(json: &Json, patterns: &mut HashMap<String, Regex>, depth: usize) -> Result<(), String> {
    if depth > DEPTH_MAX {
        return Err("The schema is nested too deeply".to_owned());
    }
    let mut pattern = |text: &str| {
        let built = RegexBuilder::new(text).size_limit(1 << 20).build();
        built
            .map(|regex| patterns.insert(text.to_owned(), regex))
            .map_err(|_| format!("Invalid pattern: {text}"))
    };
    match json {
        Json::Object(members) => {
            if let Some(Json::String(text)) = members.get("pattern") {
                pattern(text)?;
            }
            if let Some(Json::Object(properties)) = members.get("patternProperties") {
                properties.keys().try_for_each(|text| pattern(text).map(drop))?;
            }
            for member in members.values() {
                gather(member, patterns, depth + 1)?;
            }
            Ok(())
        }
        Json::Array(items) => items.iter().try_for_each(|item| gather(item, patterns, depth + 1)),
        _ => Ok(()),
    }
}

impl Check<'_> {
    fn value(&mut self, schema: &Schema, rules: &Json, value: &Json, depth: usize) -> Result<(), String> {
        self.left = self.left.checked_sub(1).ok_or("the value takes too many checks")?;
        if depth > DEPTH_MAX {
            return Err("the schema is nested too deeply".to_owned());
        }
        let Some(rules) = rules.as_object() else { return Ok(()) };
        if let Some(Json::String(reference)) = rules.get("$ref") {
            return self.reference(schema, reference, value, depth);
        }
        if let Some(kinds) = rules.get("type") {
            let kinds: Vec<&str> = match kinds {
                Json::Array(kinds) => kinds.iter().filter_map(Json::as_str).collect(),
                kind => kind.as_str().into_iter().collect(),
            };
            if !kinds.is_empty() && !kinds.iter().any(|kind| is_kind(value, kind)) {
                let allowed = kinds.iter().map(|kind| format!("\"{kind}\"")).collect::<Vec<_>>().join(",");
                let message =
                    "instance type (NAME) does not match any allowed primitive type (allowed: [KINDS])";
                return Err(message.replace("NAME", kind_of(value)).replace("KINDS", &allowed));
            }
        }
        if let Some(Json::Array(all)) = rules.get("enum")
            && !all.contains(value)
        {
            return Err(format!(
                "instance value ({value}) not found in enum (possible values: {})",
                Json::from(all.clone())
            ));
        }
        match value {
            Json::Object(members) => self.object(schema, rules, members, depth)?,
            Json::Array(items) => self.array(schema, rules, items, depth)?,
            Json::String(text) => check_text(schema, rules, text)?,
            Json::Number(number) => check_number(rules, number.as_f64().unwrap_or_default())?,
            _ => {}
        }
        self.combined(schema, rules, value, depth)
    }

    fn reference(
        &mut self,
        schema: &Schema,
        reference: &str,
        value: &Json,
        depth: usize,
    ) -> Result<(), String> {
        if let Some(pointer) = reference.strip_prefix('#') {
            let Some(rules) = schema.root.pointer(pointer) else {
                return Err(format!("the reference {reference} leads nowhere"));
            };
            return self.value(schema, rules, value, depth + 1);
        }
        let name = reference.rsplit_once("/models/").map_or(reference, |(_, name)| name);
        let models = self.models;
        let Some(other) = models.get(name) else {
            return Err(format!("the reference {reference} leads nowhere"));
        };
        self.value(other, &other.root, value, depth + 1)
    }

    fn combined(
        &mut self,
        schema: &Schema,
        rules: &serde_json::Map<String, Json>,
        value: &Json,
        depth: usize,
    ) -> Result<(), String> {
        let list = |name: &str| rules.get(name).and_then(Json::as_array);
        for rule in list("allOf").into_iter().flatten() {
            self.value(schema, rule, value, depth + 1)?;
        }
        for (name, wanted) in [("anyOf", None), ("oneOf", Some(1))] {
            let Some(all) = list(name) else { continue };
            let fit = all.iter().filter(|rule| self.value(schema, rule, value, depth + 1).is_ok()).count();
            if fit == 0 || wanted.is_some_and(|wanted| wanted != fit) {
                let wanted =
                    if wanted.is_some() { "exactly one schema" } else { "at least one required schema" };
                return Err(format!("instance failed to match {wanted} among {} (matched {fit})", all.len()));
            }
        }
        match rules.get("not") {
            Some(rule) if self.value(schema, rule, value, depth + 1).is_ok() => {
                Err("instance matched a schema which it should not have".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn object(
        &mut self,
        schema: &Schema,
        rules: &serde_json::Map<String, Json>,
        members: &serde_json::Map<String, Json>,
        depth: usize,
    ) -> Result<(), String> {
        let texts = |json: &Json| -> Vec<String> {
            json.as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
        };
        let required = rules.get("required").map(texts).unwrap_or_default();
        let missing: Vec<&String> = required.iter().filter(|name| !members.contains_key(*name)).collect();
        if !missing.is_empty() {
            let list = |names: &[&String]| {
                names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(",")
            };
            let required: Vec<&String> = required.iter().collect();
            return Err(format!(
                "object has missing required properties ([{}])",
                list(if missing.is_empty() { &required } else { &missing })
            ));
        }
        check_count(rules, members.len(), "minProperties", "maxProperties", "object", "properties")?;
        let properties = rules.get("properties").and_then(Json::as_object);
        let by_pattern = rules.get("patternProperties").and_then(Json::as_object);
        for (name, member) in members {
            let mut known = false;
            if let Some(rule) = properties.and_then(|all| all.get(name)) {
                known = true;
                self.value(schema, rule, member, depth + 1).map_err(|why| within(name, &why))?;
            }
            for (pattern, rule) in by_pattern.into_iter().flatten() {
                if schema.patterns.get(pattern).is_some_and(|regex| regex.is_match(name)) {
                    known = true;
                    self.value(schema, rule, member, depth + 1).map_err(|why| within(name, &why))?;
                }
            }
            match rules.get("additionalProperties") {
                Some(Json::Bool(false)) if !known => {
                    return Err(format!(
                        "object instance has properties which are not allowed by the schema: [\"{name}\"]"
                    ));
                }
                Some(rule @ Json::Object(_)) if !known => {
                    self.value(schema, rule, member, depth + 1).map_err(|why| within(name, &why))?;
                }
                _ => {}
            }
        }
        for (name, needs) in rules.get("dependencies").and_then(Json::as_object).into_iter().flatten() {
            if !members.contains_key(name) {
                continue;
            }
            if needs.is_object() {
                self.value(schema, needs, &Json::Object(members.clone()), depth + 1)?;
            } else if let Some(missing) = texts(needs).iter().find(|need| !members.contains_key(*need)) {
                return Err(format!(
                    "property \"{name}\" of object has missing property dependencies ([\"{missing}\"])"
                ));
            }
        }
        Ok(())
    }

    fn array(
        &mut self,
        schema: &Schema,
        rules: &serde_json::Map<String, Json>,
        items: &[Json],
        depth: usize,
    ) -> Result<(), String> {
        check_count(rules, items.len(), "minItems", "maxItems", "array", "elements")?;
        if rules.get("uniqueItems") == Some(&Json::Bool(true)) {
            let mut texts: Vec<String> = items.iter().map(Json::to_string).collect();
            texts.sort_unstable();
            if texts.windows(2).any(|pair| pair[0] == pair[1]) {
                return Err("array must not contain duplicate elements".to_owned());
            }
        }
        let single = rules.get("items").filter(|rule| rule.is_object());
        let by_place = rules.get("items").and_then(Json::as_array);
        for (at, item) in items.iter().enumerate() {
            let rule = match (single, by_place.map(|all| all.get(at))) {
                (Some(rule), _) | (None, Some(Some(rule))) => Some(rule),
                (None, Some(None)) => match rules.get("additionalItems") {
                    Some(Json::Bool(false)) => return Err("array has too many elements".to_owned()),
                    rule => rule,
                },
                (None, None) => None,
            };
            if let Some(rule) = rule {
                self.value(schema, rule, item, depth + 1).map_err(|why| within(&at.to_string(), &why))?;
            }
        }
        Ok(())
    }
}

/// Says where in the value something is wrong.
fn within(name: &str, why: &str) -> String {
    match why.strip_prefix("[Path '") {
        Some(rest) => format!("[Path '/{name}{rest}"),
        None => format!("[Path '/{name}'] {why}"),
    }
}

fn kind_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

fn is_kind(value: &Json, kind: &str) -> bool {
    let whole = || value.as_f64().is_some_and(|number| number.fract() == 0.0);
    match kind {
        "number" => value.is_number(),
        "integer" => value.is_number() && whole(),
        "any" => true,
        _ => kind_of(value) == kind,
    }
}

fn bound(rules: &serde_json::Map<String, Json>, name: &str) -> Option<usize> {
    rules.get(name)?.as_u64().and_then(|value| usize::try_from(value).ok())
}

fn check_count(
    rules: &serde_json::Map<String, Json>,
    count: usize,
    min: &str,
    max: &str,
    what: &str,
    of: &str,
) -> Result<(), String> {
    if let Some(min) = bound(rules, min).filter(|min| count < *min) {
        return Err(format!(
            "{what} is too short: must have at least {min} {of} but instance has {count} {of}"
        ));
    }
    match bound(rules, max).filter(|max| count > *max) {
        Some(max) => {
            Err(format!("{what} is too long: must have at most {max} {of} but instance has {count} {of}"))
        }
        None => Ok(()),
    }
}

fn check_text(schema: &Schema, rules: &serde_json::Map<String, Json>, text: &str) -> Result<(), String> {
    let length = text.chars().count();
    if let Some(min) = bound(rules, "minLength").filter(|min| length < *min) {
        return Err(format!("string \"{text}\" is too short (length: {length}, required minimum: {min})"));
    }
    if let Some(max) = bound(rules, "maxLength").filter(|max| length > *max) {
        return Err(format!("string \"{text}\" is too long (length: {length}, maximum allowed: {max})"));
    }
    match rules.get("pattern").and_then(Json::as_str) {
        Some(pattern) if schema.patterns.get(pattern).is_some_and(|regex| !regex.is_match(text)) => {
            Err(format!("ECMA 262 regex \"{pattern}\" does not match input string \"{text}\""))
        }
        _ => Ok(()),
    }
}

fn check_number(rules: &serde_json::Map<String, Json>, value: f64) -> Result<(), String> {
    let bound = |name: &str| rules.get(name).and_then(Json::as_f64);
    let exclusive = |name: &str| rules.get(name) == Some(&Json::Bool(true));
    if let Some(min) = bound("minimum")
        && (value < min || (exclusive("exclusiveMinimum") && value <= min))
    {
        return Err(format!(
            "numeric instance is lower than the required minimum (minimum: {min}, found: {value})"
        ));
    }
    if let Some(max) = bound("maximum")
        && (value > max || (exclusive("exclusiveMaximum") && value >= max))
    {
        return Err(format!(
            "numeric instance is greater than the required maximum (maximum: {max}, found: {value})"
        ));
    }
    match bound("multipleOf").filter(|step| *step > 0.0) {
        Some(step) if (value / step - (value / step).round()).abs() > 1e-9 => {
            Err(format!("remainder of division is not zero ({value} / {step})"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
