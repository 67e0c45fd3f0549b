//! The cloud assembly that a CDK app writes: `manifest.json` and what it names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::archive;
use crate::failure::Failure;

/// Assemblies within assemblies that are read; CDK's stages nest a few deep.
const DEPTH_MAX: usize = 16;

/// What an app wants deployed.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    /// The stacks, those first that others depend on.
    pub(super) stacks: Vec<StackArtifact>,
}

/// A stack of an assembly.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StackArtifact {
    pub(super) name: String,
    pub(super) template: PathBuf,
    /// `s3://bucket/key`, placeholders unfilled; none where the template is not an asset.
    pub(super) template_url: Option<String>,
    pub(super) environment: String,
    pub(super) parameters: Vec<(String, String)>,
    pub(super) tags: Vec<(String, String)>,
    pub(super) asset_manifests: Vec<PathBuf>,
    /// The SSM parameter that says that the environment is prepared.
    pub(super) bootstrap_parameter: Option<String>,
}

/// Where a stack is deployed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Place {
    pub(crate) account: String,
    pub(crate) region: String,
}

impl Place {
    /// A text with the pseudo parameters of places filled in.
    pub(crate) fn filled(&self, text: &str) -> String {
        text.replace("${AWS::AccountId}", &self.account)
            .replace("${AWS::Region}", &self.region)
            .replace("${AWS::Partition}", "aws")
    }
}

#[derive(Debug, Deserialize)]
struct Manifest {
    #[serde(default)]
    artifacts: serde_json::Map<String, Value>,
    #[serde(default)]
    missing: Vec<Missing>,
}

#[derive(Debug, Deserialize)]
struct Missing {
    key: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Properties {
    stack_name: Option<String>,
    template_file: String,
    stack_template_asset_object_url: Option<String>,
    parameters: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
    requires_bootstrap_stack_version: Option<u64>,
    bootstrap_stack_version_ssm_parameter: Option<String>,
}

impl Assembly {
    /// Reads the assembly in a folder, with those within it.
    pub(super) fn read(folder: &Path) -> Result<Self, Failure> {
        let mut assembly = Self::default();
        assembly.add(folder, 0)?;
        Ok(assembly)
    }

    fn add(&mut self, folder: &Path, depth: usize) -> Result<(), Failure> {
        let path = folder.join("manifest.json");
        let manifest: Manifest = serde_json::from_str(&archive::text(&path)?).map_err(|error| {
            Failure::Told(format!("`{}` is not a cloud assembly: {error}", path.display()))
        })?;
        if !manifest.missing.is_empty() {
            return Err(Failure::Told(missing(&manifest.missing)));
        }
        for id in in_order(&manifest.artifacts) {
            let Some(artifact) = manifest.artifacts.get(&id) else { continue };
            match artifact.get("type").and_then(Value::as_str) {
                Some("aws:cloudformation:stack") => {
                    self.stacks.push(stack(folder, &id, artifact, &manifest.artifacts)?);
                }
                Some("cdk:cloud-assembly") if depth < DEPTH_MAX => {
                    let inner = artifact.pointer("/properties/directoryName").and_then(Value::as_str);
                    self.add(&folder.join(inner.unwrap_or(&id)), depth + 1)?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn missing(missing: &[Missing]) -> String {
    let keys: Vec<&str> = missing.iter().map(|missing| missing.key.as_str()).collect();
    format!(
        "the CDK app looks up what its cdk.context.json does not have: {}\n  help: the CDK's own command line looks these \
         up; `npm install aws-cdk@2` in the project installs it, and `weft up` then uses it",
        keys.join(", ")
    )
}

fn stack(
    folder: &Path,
    id: &str,
    artifact: &Value,
    all: &serde_json::Map<String, Value>,
) -> Result<StackArtifact, Failure> {
    let properties = artifact.get("properties").cloned().unwrap_or_default();
    let properties: Properties = serde_json::from_value(properties)
        .map_err(|error| Failure::Told(format!("the assembly's stack `{id}` cannot be read: {error}")))?;
    let manifests = dependencies(artifact)
        .filter_map(|id| all.get(id))
        .filter(|artifact| artifact.get("type").and_then(Value::as_str) == Some("cdk:asset-manifest"));
    let files = manifests.filter_map(|artifact| artifact.pointer("/properties/file")?.as_str());
    let needs_bootstrap = properties.requires_bootstrap_stack_version.is_some();
    Ok(StackArtifact {
        name: properties.stack_name.unwrap_or_else(|| id.to_owned()),
        template: folder.join(properties.template_file),
        template_url: properties.stack_template_asset_object_url,
        environment: artifact.get("environment").and_then(Value::as_str).unwrap_or_default().to_owned(),
        parameters: properties.parameters.into_iter().collect(),
        tags: properties.tags.into_iter().collect(),
        asset_manifests: files.map(|file| folder.join(file)).collect(),
        bootstrap_parameter: properties.bootstrap_stack_version_ssm_parameter.filter(|_| needs_bootstrap),
    })
}

fn dependencies(artifact: &Value) -> impl Iterator<Item = &str> {
    let list = artifact.get("dependencies").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}

/// The artifacts' ids, each after those that it depends on, else as they are written.
fn in_order(artifacts: &serde_json::Map<String, Value>) -> Vec<String> {
    let mut ordered: Vec<String> = Vec::new();
    while ordered.len() < artifacts.len() {
        let is_done = |id: &str| ordered.iter().any(|done| done == id) || !artifacts.contains_key(id);
        let next =
            artifacts.iter().find(|(id, artifact)| !is_done(id) && dependencies(artifact).all(is_done));
        // What depends on itself by a detour comes as it is written; the server's answer tells of it.
        let next = next.or_else(|| artifacts.iter().find(|(id, _)| !is_done(id)));
        let Some((id, _)) = next else { break };
        ordered.push(id.clone());
    }
    ordered
}

impl StackArtifact {
    /// Where the stack goes: what its environment says, else the caller's account and region.
    pub(super) fn place(&self, account: &str, region: &str) -> Result<Place, Failure> {
        let rest = self.environment.strip_prefix("aws://").unwrap_or_default();
        let (wanted, wanted_region) = rest.split_once('/').unwrap_or_default();
        if !matches!(wanted, "" | "unknown-account") && wanted != account {
            return Err(Failure::Told(format!(
                "the stack `{}` is for the account {wanted}, and your key is of {account}\n  help: leave `env` out of the \
                 stack, or take the account from CDK_DEFAULT_ACCOUNT",
                self.name
            )));
        }
        let region = if matches!(wanted_region, "" | "unknown-region") { region } else { wanted_region };
        Ok(Place { account: account.to_owned(), region: region.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check_order(artifacts: &Value, expected: &[&str]) {
        assert_eq!(in_order(artifacts.as_object().expect("a map")), expected);
    }

    #[test]
    fn stacks_come_after_what_they_depend_on() {
        let on = |ids: &[&str]| json!({"dependencies": ids});
        check_order(&json!({"A": on(&["B", "A.assets"]), "A.assets": {}, "B": {}}), &["A.assets", "B", "A"]);
        check_order(&json!({"A": {}, "B": {}}), &["A", "B"]);
        check_order(&json!({"A": on(&["B"]), "B": on(&["A"]), "C": on(&["Elsewhere"])}), &["C", "A", "B"]);
    }

    #[track_caller]
    fn check_place(environment: &str, expected: Option<&str>) {
        let artifact = json!({"environment": environment, "properties": {"templateFile": "t.json"}});
        let artifact = stack(Path::new("out"), "S", &artifact, &serde_json::Map::new()).expect("a stack");
        let place = artifact.place("000000000000", "us-east-1").ok();
        assert_eq!(
            place.map(|place| place.filled("${AWS::Partition}/${AWS::AccountId}/${AWS::Region}")).as_deref(),
            expected
        );
    }

    #[test]
    fn a_stack_goes_where_its_environment_says() {
        check_place("aws://unknown-account/unknown-region", Some("aws/000000000000/us-east-1"));
        check_place("aws://000000000000/eu-west-1", Some("aws/000000000000/eu-west-1"));
        check_place("aws://123456789012/eu-west-1", None);
    }
}
