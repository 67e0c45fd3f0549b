//! Events by which APIs call a function.

use serde_json::{Map, Value, json};

use super::event::Source;
use super::push::named_permission;
use super::{IMPLICIT_API, IMPLICIT_HTTP_API, Sam, names, serverless};
use crate::cloudformation::TemplateError;

/// A path and a method of an API that call a function.
#[derive(Debug, Clone)]
pub(super) struct Route {
    pub(super) path: String,
    /// In small letters; `x-amazon-apigateway-any-method` for any.
    pub(super) method: String,
    /// How `Fn::Sub` names the ARN of what is called.
    pub(super) target: String,
    pub(super) condition: Option<String>,
    /// What becomes of the function when it leaves the stack, or is replaced.
    pub(super) policies: [Option<String>; 2],
    /// All properties of the event.
    pub(super) given: Value,
}

pub(super) const ANY: &str = "x-amazon-apigateway-any-method";

/// Whether a member of a path is a method; parameters and descriptions stand beside them.
pub(super) fn is_method(name: &str) -> bool {
    matches!(name, "get" | "put" | "post" | "delete" | "options" | "head" | "patch" | "trace" | ANY)
}

impl Route {
    fn new(source: &Source<'_>, path: &str, method: &str) -> Self {
        let method = method.to_lowercase();
        let attribute = |name: &str| source.resource.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            path: path.to_owned(),
            method: if method == "any" { ANY.to_owned() } else { method },
            target: source.target.variable.clone(),
            condition: attribute("Condition"),
            policies: [attribute("DeletionPolicy"), attribute("UpdateReplacePolicy")],
            given: source.given.clone(),
        }
    }

    /// How `Fn::Sub` gives the URI of what is called; no value where the function is not there.
    pub(super) fn uri(&self, partition: &str) -> Value {
        let target = &self.target;
        let uri = format!(
            "arn:{partition}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/{target}/invocations"
        );
        let uri = json!({"Fn::Sub": uri});
        match &self.condition {
            Some(condition) => json!({"Fn::If": [condition, uri, {"Ref": "AWS::NoValue"}]}),
            None => uri,
        }
    }

    /// A part of the event's `Auth`.
    pub(super) fn auth(&self, name: &str) -> Option<&Value> {
        self.given.get("Auth")?.get(name)
    }
}

/// The API that an event names: its name in the template, and whether its definition is the transform's to make.
fn api<'v>(
    source: &Source<'v>,
    property: &str,
    kind: &str,
    implicit: &'v str,
    resources: &Map<String, Value>,
) -> (Value, Option<&'v str>, bool) {
    let Some(given) = source.given.get(property) else {
        return (json!({"Ref": implicit}), Some(implicit), true);
    };
    let name = given.get("Ref").and_then(Value::as_str);
    let there = name.and_then(|name| resources.get(name)).filter(|found| serverless(found) == Some(kind));
    let Some(there) = there else { return (given.clone(), None, false) };
    let own = |name: &str| there.pointer(&format!("/Properties/{name}")).is_some();
    (given.clone(), name, !own("DefinitionBody") && !own("DefinitionUri"))
}

/// `Api`.
pub(super) fn rest(
    sam: &mut Sam<'_>,
    source: &Source<'_>,
    resources: &Map<String, Value>,
) -> Result<(), TemplateError> {
    let text = |name: &str| {
        let value = source.required(name)?.as_str();
        value.ok_or_else(|| source.wrong(&format!("Api Event must have a String specified for '{name}'.")))
    };
    let (path, method) = (text("Path")?, text("Method")?);
    let (reference, name, managed) = api(source, "RestApiId", "Api", IMPLICIT_API, resources);
    let suffix = match name {
        None => "AllStages".to_owned(),
        Some(IMPLICIT_API) => "Prod".to_owned(),
        Some(name) => {
            let stage = resources.get(name).and_then(|api| api.pointer("/Properties/StageName")?.as_str());
            stage.unwrap_or("Stage").to_owned()
        }
    };
    let verb = if method.eq_ignore_ascii_case("any") { "*".to_owned() } else { method.to_uppercase() };
    let partition = &sam.environment.partition;
    let from = json!({"Fn::Sub": [
        format!("arn:{partition}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{__ApiId__}}/${{__Stage__}}/{verb}{}", starred(path)),
        {"__ApiId__": reference, "__Stage__": "*"},
    ]});
    let id = names::suffixed(&format!("{}Permission", source.id), &suffix);
    named_permission(sam, source, &id, "apigateway.amazonaws.com", &from);
    add(sam, source, name.filter(|_| managed), Route::new(source, path, method))
}

/// `HttpApi`.
pub(super) fn http(
    sam: &mut Sam<'_>,
    source: &Source<'_>,
    resources: &Map<String, Value>,
) -> Result<(), TemplateError> {
    let text = |name: &str| source.given.get(name).and_then(Value::as_str);
    let (path, method) = match (text("Path"), text("Method")) {
        (None, None) => ("$default", "any"),
        (Some(path), Some(method)) => (path, method),
        _ => return Err(source.wrong("Either both Path and Method must be given or none of them.")),
    };
    let (reference, name, managed) = api(source, "ApiId", "HttpApi", IMPLICIT_HTTP_API, resources);
    let verb = if method.eq_ignore_ascii_case("any") { "*".to_owned() } else { method.to_uppercase() };
    let resource = if path == "$default" { "*".to_owned() } else { format!("{verb}{}", starred(path)) };
    let from = json!({"Fn::Sub": [
        format!("arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{__ApiId__}}/${{__Stage__}}/{resource}"),
        {"__ApiId__": reference, "__Stage__": "*"},
    ]});
    // What may call the default route may call all.
    if path == "$default" || !has_default(source) {
        let id = format!("{}Permission", source.id);
        named_permission(sam, source, &id, "apigateway.amazonaws.com", &from);
    }
    add(sam, source, name.filter(|_| managed), Route::new(source, path, method))
}

/// Whether the function takes the default route of the same API.
fn has_default(source: &Source<'_>) -> bool {
    let events = source.resource.pointer("/Properties/Events").and_then(Value::as_object);
    events.into_iter().flatten().any(|(_, event)| {
        let of = |name: &str| event.get("Properties").and_then(|given| given.get(name));
        let default = of("Path").is_none_or(|path| path == "$default");
        event["Type"] == "HttpApi" && default && of("ApiId") == source.given.get("ApiId")
    })
}

fn add(sam: &mut Sam<'_>, source: &Source<'_>, api: Option<&str>, route: Route) -> Result<(), TemplateError> {
    let Some(api) = api else { return Ok(()) };
    let routes = sam.routes.entry(api.to_owned()).or_default();
    if routes.iter().any(|known| known.path == route.path && known.method == route.method) {
        let (method, path) = (&route.method, &route.path);
        return Err(
            source.wrong(&format!("API method \"{method}\" defined multiple times for path \"{path}\"."))
        );
    }
    routes.push(route);
    Ok(())
}

/// A path with `*` for each of its variables, and without a slash at its end.
fn starred(path: &str) -> String {
    let mut starred = String::new();
    let mut rest = path.strip_suffix('/').filter(|rest| !rest.is_empty()).unwrap_or(path);
    while let Some(at) = rest.find('{') {
        let Some(length) = rest[at..].find('}') else { break };
        starred.push_str(&rest[..at]);
        starred.push('*');
        rest = &rest[at + length + 1..];
    }
    starred.push_str(rest);
    starred
}

/// Puts the routes of an API into the paths of its definition.
pub(super) fn paths(routes: &[Route], method: &dyn Fn(&Route) -> Value) -> Map<String, Value> {
    let mut paths: Map<String, Value> = Map::new();
    for route in routes {
        let path = paths.entry(route.path.clone()).or_insert_with(|| json!({}));
        path[route.method.as_str()] = method(route);
    }
    paths
}

/// Makes the methods of conditional functions conditional, and in an implicit API the paths that have no others.
pub(super) fn conditional(routes: &[Route], api: &str, paths: &mut Map<String, Value>) {
    for route in routes {
        let Some(condition) = &route.condition else { continue };
        let Some(method) = paths.get_mut(&route.path).and_then(|path| path.get_mut(&route.method)) else {
            continue;
        };
        *method = json!({"Fn::If": [condition, method.take(), {"Ref": "AWS::NoValue"}]});
    }
    if !matches!(api, IMPLICIT_API | IMPLICIT_HTTP_API) {
        return;
    }
    for (path, methods) in paths.iter_mut() {
        match path_conditions(routes, path).as_deref() {
            None | Some([]) => {}
            Some([one]) => *methods = json!({"Fn::If": [one, methods.take(), {"Ref": "AWS::NoValue"}]}),
            Some(_) => {
                let name = path_condition(api, path);
                *methods = json!({"Fn::If": [name, methods.take(), {"Ref": "AWS::NoValue"}]});
            }
        }
    }
}

/// The conditions of a path's routes, sorted, each once; `None` where one of them has none.
pub(super) fn path_conditions<'r>(routes: &'r [Route], path: &str) -> Option<Vec<&'r str>> {
    let of = routes.iter().filter(|route| route.path == path).map(|route| route.condition.as_deref());
    let conditions: Option<std::collections::BTreeSet<&str>> = of.collect();
    conditions.map(|conditions| conditions.into_iter().collect())
}

/// The name of the condition of a path with several.
pub(super) fn path_condition(api: &str, path: &str) -> String {
    let path = path.replace('/', "SLASH").replace('{', "OB").replace('}', "CB");
    format!("{api}{path}PathCondition")
}
