//! Descriptions of APIs: `OpenAPI` 3 and Swagger 2, in JSON and YAML, with API Gateway's extensions.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html>.

mod yaml;

use serde_json::{Map, Value as Json};
use weft_service::Error;

/// Bytes of a document.
const BYTES_MAX: usize = 6 << 20;
/// Operations and their methods, as they are written.
pub(crate) const METHODS: [(&str, &str); 8] = [
    ("get", "GET"),
    ("put", "PUT"),
    ("post", "POST"),
    ("delete", "DELETE"),
    ("options", "OPTIONS"),
    ("head", "HEAD"),
    ("patch", "PATCH"),
    ("x-amazon-apigateway-any-method", "ANY"),
];

/// A document.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) json: Json,
    /// Whether it is `OpenAPI` 3.
    pub(crate) newer: bool,
}

/// One operation of a document.
pub(crate) struct Operation<'d> {
    pub(crate) path: &'d str,
    pub(crate) method: &'static str,
    pub(crate) json: &'d Json,
    /// What holds for all operations of the path.
    pub(crate) shared: &'d Json,
}

impl Document {
    /// Reads a document. The message of a failure is the caller's to read.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, String> {
        if body.len() > BYTES_MAX {
            return Err("The document is too large (at most 6 MB)".to_owned());
        }
        let text = std::str::from_utf8(body).map_err(|_| "Invalid OpenAPI input: it is not UTF-8")?;
        let json: Json = match serde_json::from_str(text) {
            Ok(json) => json,
            Err(_) => yaml::parse(text).map_err(|why| format!("Invalid OpenAPI input: {why}"))?,
        };
        let version =
            |name: &str, start: &str| json[name].as_str().is_some_and(|text| text.starts_with(start));
        let newer = version("openapi", "3.");
        if !newer && !version("swagger", "2.") && json["swagger"].as_f64() != Some(2.0) {
            return Err(
                "Invalid OpenAPI input: Unsupported or missing version; swagger 2.0 and openapi 3.0 are read"
                    .to_owned(),
            );
        }
        Ok(Self { json, newer })
    }

    /// All operations, in the document's order.
    pub(crate) fn operations(&self) -> Vec<Operation<'_>> {
        let mut all = Vec::new();
        for (path, item) in self.json["paths"].as_object().into_iter().flatten() {
            for (name, method) in METHODS {
                if item[name].is_object() {
                    all.push(Operation { path, method, json: &item[name], shared: item });
                }
            }
        }
        all
    }

    /// What a reference within the document leads to; what is none stays as it is.
    pub(crate) fn follow<'d>(&'d self, json: &'d Json) -> &'d Json {
        let mut at = json;
        for _ in 0..16 {
            let Some(pointer) = at["$ref"].as_str().and_then(|text| text.strip_prefix('#')) else {
                return at;
            };
            match self.json.pointer(pointer) {
                Some(found) => at = found,
                None => return at,
            }
        }
        at
    }

    /// Schemas by name.
    pub(crate) fn schemas(&self) -> Option<&Map<String, Json>> {
        let schemas =
            if self.newer { &self.json["components"]["schemas"] } else { &self.json["definitions"] };
        schemas.as_object()
    }

    /// How callers prove who they are, by name.
    pub(crate) fn security_schemes(&self) -> Option<&Map<String, Json>> {
        let all = if self.newer {
            &self.json["components"]["securitySchemes"]
        } else {
            &self.json["securityDefinitions"]
        };
        all.as_object()
    }

    /// The path before all paths: `basePath`, or that of the first server.
    pub(crate) fn base_path(&self) -> String {
        if !self.newer {
            return self.json["basePath"].as_str().unwrap_or_default().trim_end_matches('/').to_owned();
        }
        let server = &self.json["servers"][0];
        let mut url = server["url"].as_str().unwrap_or_default().to_owned();
        for (name, variable) in server["variables"].as_object().into_iter().flatten() {
            url = url.replace(&format!("{{{name}}}"), variable["default"].as_str().unwrap_or_default());
        }
        let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        rest.find('/').map(|at| rest[at..].trim_end_matches('/').to_owned()).unwrap_or_default()
    }

    /// The path of an operation, with what the import does about the path before it: `ignore`, `prepend` or `split`.
    pub(crate) fn whole_path(&self, path: &str, mode: Option<&str>) -> String {
        let base = self.base_path();
        let base = match mode {
            Some("prepend") => base.as_str(),
            Some("split") => base.trim_start_matches('/').find('/').map_or("", |at| &base[at + 1..]),
            _ => "",
        };
        let path = format!("{base}/{}", path.trim_start_matches('/'));
        if path.len() > 1 { path.trim_end_matches('/').to_owned() } else { path }
    }

    /// The names of the schemes that an operation asks for first; an empty list asks for none.
    pub(crate) fn security<'d>(&'d self, operation: &'d Json) -> Option<(&'d str, &'d Json)> {
        let own =
            if operation["security"].is_array() { &operation["security"] } else { &self.json["security"] };
        let all = own.as_array()?.iter().filter_map(Json::as_object);
        all.flat_map(|one| one.iter()).map(|(name, scopes)| (name.as_str(), scopes)).next()
    }
}

/// A document as text, with its content type.
pub(crate) fn written(json: &Json, as_yaml: bool) -> Result<(&'static str, String), Error> {
    if as_yaml {
        return Ok(("application/yaml", yaml::write(json)));
    }
    let text = serde_json::to_string_pretty(json).map_err(Error::internal)?;
    Ok(("application/json", text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn json_and_yaml_are_read_and_versions_told_apart() {
        assert!(document("openapi: 3.0.1\ninfo: {title: a}\npaths: {}\n").newer);
        assert!(!document("swagger: 2.0\npaths:\n  /a:\n    get: {}\n").newer);
        assert!(!document(r#"{"swagger":"2.0"}"#).newer);
        for text in ["{", "a: [", "openapi: 4.0.0", "[]", "a: &a 1\nb: *a"] {
            assert!(Document::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn the_path_before_all_paths_is_left_out_or_put_before_them() {
        let check = |text: &str, mode: Option<&str>, expected: &str| {
            assert_eq!(document(text).whole_path("/pets/", mode), expected, "{text} {mode:?}");
        };
        let older = r#"{"swagger":"2.0","basePath":"/v1/a"}"#;
        check(older, None, "/pets");
        check(older, Some("prepend"), "/v1/a/pets");
        check(older, Some("split"), "/a/pets");
        let newer = r#"{"openapi":"3.0.1","servers":[{"url":"https://h/{basePath}","variables":{"basePath":{"default":"v1"}}}]}"#;
        check(newer, Some("prepend"), "/v1/pets");
    }
}
