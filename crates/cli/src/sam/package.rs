//! Packaging: every property that names something beside the template comes to name an object of S3.

use std::path::Path;

use serde_json::{Map, Value, json};
use weft_template::cloudformation::Template;

use super::build;
use crate::archive;
use crate::client::Client;
use crate::failure::Failure;
use crate::objects::Bucket;

/// Entries of folders that are not part of code.
const WITHOUT: &[&str] = &[".git", ".aws-sam", ".weft", "__pycache__", ".venv", "venv"];

/// How a property names an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `s3://bucket/key`.
    Uri,
    /// A map with these keys for bucket and key.
    Map(&'static str, &'static str),
    /// The URL of a template, which is packaged itself.
    Template,
}

/// Types whose property may be a path, whether that names code to be built, and how an object is named in its place.
const PROPERTIES: &[(&str, &str, bool, Form)] = &[
    ("AWS::Serverless::Function", "CodeUri", true, Form::Uri),
    ("AWS::Serverless::LayerVersion", "ContentUri", false, Form::Uri),
    ("AWS::Serverless::Api", "DefinitionUri", false, Form::Uri),
    ("AWS::Serverless::HttpApi", "DefinitionUri", false, Form::Uri),
    ("AWS::Serverless::StateMachine", "DefinitionUri", false, Form::Uri),
    ("AWS::Serverless::Application", "Location", false, Form::Template),
    ("AWS::Lambda::Function", "Code", true, Form::Map("S3Bucket", "S3Key")),
    ("AWS::Lambda::LayerVersion", "Content", false, Form::Map("S3Bucket", "S3Key")),
    ("AWS::ApiGateway::RestApi", "BodyS3Location", false, Form::Map("Bucket", "Key")),
    ("AWS::ApiGatewayV2::Api", "BodyS3Location", false, Form::Map("Bucket", "Key")),
    ("AWS::StepFunctions::StateMachine", "DefinitionS3Location", false, Form::Map("Bucket", "Key")),
    ("AWS::CloudFormation::Stack", "TemplateURL", false, Form::Template),
];

/// Uploads what templates name.
pub(super) struct Packager<'a> {
    client: &'a Client,
    account: &'a str,
}

impl<'a> Packager<'a> {
    pub(super) fn new(client: &'a Client, account: &'a str) -> Self {
        Self { client, account }
    }

    /// The document of a template in a file, with every path uploaded.
    pub(super) async fn template(&self, file: &Path, mut document: Value) -> Result<Value, Failure> {
        let folder = file.parent().map(Path::to_path_buf).unwrap_or_default();
        let globals = document.pointer("/Globals/Function").cloned().unwrap_or_default();
        let Some(Value::Object(resources)) = document.get_mut("Resources") else { return Ok(document) };
        for (id, resource) in resources.iter_mut() {
            self.resource(&folder, id, resource, &globals).await?;
        }
        Ok(document)
    }

    async fn resource(
        &self,
        folder: &Path,
        id: &str,
        resource: &mut Value,
        globals: &Value,
    ) -> Result<(), Failure> {
        let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let method = resource.pointer("/Metadata/BuildMethod").and_then(Value::as_str).map(str::to_owned);
        for (_, property, is_code, form) in PROPERTIES.iter().filter(|(known, ..)| *known == kind) {
            let Some(named) = local_path(folder, &kind, property, resource, globals) else { continue };
            let path = folder.join(&named);
            if !path.exists() {
                return Err(Failure::Told(format!(
                    "`{property}` of `{id}` names `{named}`, and there is no such file or folder beside the template"
                )));
            }
            let value = if *form == Form::Template {
                Value::String(self.nested(&path, id).await?)
            } else {
                let runtime = setting(resource, globals, "Runtime");
                let code =
                    Code { id, runtime: runtime.as_deref(), method: method.as_deref(), is_built: *is_code };
                self.object(&path, &code, *form).await?
            };
            properties(resource).insert((*property).to_owned(), value);
        }
        Ok(())
    }

    /// Packages a nested stack's template; gives its URL.
    async fn nested(&self, path: &Path, id: &str) -> Result<String, Failure> {
        let text = archive::text(path)?;
        let template = Template::parse(&text)
            .map_err(|error| Failure::Told(format!("`{}`: {error}", path.display())))?;
        let packaged = Box::pin(self.template(path, template.document().clone())).await?;
        let bucket = Bucket::of_artifacts(self.client, self.account).await?;
        let key = bucket.put(".template", packaged.to_string().into_bytes(), id).await?;
        Ok(bucket.url(&key))
    }

    async fn object(&self, path: &Path, code: &Code<'_>, form: Form) -> Result<Value, Failure> {
        let (ending, bytes) = contents(path, code).await?;
        let bucket = Bucket::of_artifacts(self.client, self.account).await?;
        let key = bucket.put(ending, bytes, code.id).await?;
        Ok(match form {
            Form::Map(bucket_key, key_key) => json!({bucket_key: bucket.name, key_key: key}),
            Form::Uri | Form::Template => json!(format!("s3://{}/{key}", bucket.name)),
        })
    }
}

/// What is known of code that a property names.
struct Code<'a> {
    id: &'a str,
    runtime: Option<&'a str>,
    method: Option<&'a str>,
    is_built: bool,
}

/// What is uploaded for a path: a folder zipped, built before where it is code; a file as it is.
async fn contents(path: &Path, code: &Code<'_>) -> Result<(&'static str, Vec<u8>), Failure> {
    if path.is_dir() {
        let built =
            if code.is_built { build::folder(path, code.id, code.runtime, code.method).await? } else { None };
        let zip = match &built {
            Some(built) => archive::zip_folder(built.path(), &[])?,
            None => archive::zip_folder(path, WITHOUT)?,
        };
        return Ok((".zip", zip));
    }
    let bytes = std::fs::read(path).map_err(|error| archive::unreadable(path, &error))?;
    let ending = path.extension().and_then(|ending| ending.to_str());
    Ok((if matches!(ending, Some("zip" | "jar")) { ".zip" } else { "" }, bytes))
}

/// The path that a property names, where it does: a text that is no URL. A serverless function that says nothing of its
/// code has that beside the template.
fn local_path(
    folder: &Path,
    kind: &str,
    property: &str,
    resource: &Value,
    globals: &Value,
) -> Option<String> {
    let given = resource.pointer(&format!("/Properties/{property}"));
    let given = given.or_else(|| globals.get(property).filter(|_| kind == "AWS::Serverless::Function"));
    match given {
        Some(Value::String(text)) if text.contains("://") => None,
        // A function's `Code` may be the code itself in `ZipFile` only; text of another kind is a path.
        Some(Value::String(text)) => Some(text.clone()),
        None if kind == "AWS::Serverless::Function" => {
            let says = |name: &str| setting(resource, globals, name).is_some();
            let is_elsewhere = says("InlineCode") || says("ImageUri") || says("PackageType");
            (!is_elsewhere && folder.is_dir()).then(|| ".".to_owned())
        }
        _ => None,
    }
}

/// A property that is a text, of the resource or of all functions.
fn setting(resource: &Value, globals: &Value, name: &str) -> Option<String> {
    let own = resource.pointer(&format!("/Properties/{name}"));
    own.or_else(|| globals.get(name)).and_then(Value::as_str).map(str::to_owned)
}

fn properties(resource: &mut Value) -> &mut Map<String, Value> {
    if !resource.get("Properties").is_some_and(Value::is_object) {
        resource["Properties"] = json!({});
    }
    match &mut resource["Properties"] {
        Value::Object(properties) => properties,
        _ => unreachable!("it was made a map"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: &str, property: &str, given: &Value, globals: &Value, expected: Option<&str>) {
        let resource = json!({"Type": kind, "Properties": given});
        let found = local_path(Path::new("/"), kind, property, &resource, globals);
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn a_property_names_a_path_where_it_is_a_text_that_is_no_url() {
        let function = "AWS::Serverless::Function";
        check(function, "CodeUri", &json!({"CodeUri": "src/"}), &json!({}), Some("src/"));
        check(function, "CodeUri", &json!({}), &json!({"CodeUri": "all"}), Some("all"));
        check(function, "CodeUri", &json!({}), &json!({}), Some("."));
        check(function, "CodeUri", &json!({"InlineCode": "x"}), &json!({}), None);
        check(function, "CodeUri", &json!({"PackageType": "Image"}), &json!({}), None);
        check(function, "CodeUri", &json!({"CodeUri": "s3://b/k"}), &json!({}), None);
        check(function, "CodeUri", &json!({"CodeUri": {"Bucket": "b", "Key": "k"}}), &json!({}), None);
        check("AWS::Lambda::Function", "Code", &json!({"Code": {"ZipFile": "x"}}), &json!({}), None);
        check("AWS::Lambda::Function", "Code", &json!({}), &json!({"Code": "all"}), None);
        check(
            "AWS::CloudFormation::Stack",
            "TemplateURL",
            &json!({"TemplateURL": "n.yaml"}),
            &json!({}),
            Some("n.yaml"),
        );
    }
}
