//! Synthesis: the app's own program writes the cloud assembly.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Map, Value, json};
use tokio::process::Command;

use crate::archive;
use crate::client::Client;
use crate::failure::Failure;

/// The folder that an assembly goes to where cdk.json names none.
const OUTPUT: &str = "cdk.out";

/// Synthesises the app in a folder; gives the assembly's folder. The CDK's command line does it where there is one, else the
/// app is run as that would run it.
pub(super) async fn run(
    client: &Client,
    folder: &Path,
    account: &str,
    context: &[(String, String)],
) -> Result<PathBuf, Failure> {
    let settings = object(&folder.join("cdk.json"))?;
    let output = folder.join(settings.get("output").and_then(Value::as_str).unwrap_or(OUTPUT));
    let Some(app) = settings.get("app").and_then(Value::as_str) else {
        return Err(Failure::Told(format!(
            "`{}` has no `app`: the command that runs the CDK app",
            folder.join("cdk.json").display()
        )));
    };
    if folder.join(app).join("manifest.json").is_file() {
        return Ok(folder.join(app));
    }
    let mut command = if let Some(cli) = command_line(folder) {
        eprintln!("  synthesising with {}", cli.display());
        let mut command = Command::new(cli);
        command.args(["synth", "--quiet", "--output"]).arg(&output);
        for (key, value) in context {
            command.arg("--context").arg(format!("{key}={value}"));
        }
        command.envs(client.variables());
        command
    } else {
        eprintln!("  synthesising: {app}");
        let mut all = object_or_empty(&folder.join("cdk.context.json"))?;
        all.extend(settings.get("context").and_then(Value::as_object).cloned().unwrap_or_default());
        all.extend(context.iter().map(|(key, value)| (key.clone(), Value::String(value.clone()))));
        switches(&settings, &mut all);
        let mut command = Command::new("sh");
        command.arg("-c").arg(program(folder, app));
        command.env("CDK_OUTDIR", &output).env("CDK_CONTEXT_JSON", Value::Object(all).to_string());
        command.env("CDK_DEFAULT_ACCOUNT", account).env("CDK_DEFAULT_REGION", client.region());
        command
    };
    command.current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    let done = command.output().await;
    let done = done.map_err(|error| Failure::Told(format!("the CDK app does not start: {error}")))?;
    if !done.status.success() {
        return Err(Failure::Told(failed(app, &done)));
    }
    Ok(output)
}

/// What the app said before it failed, and the next step.
fn failed(app: &str, done: &std::process::Output) -> String {
    let said = [&done.stdout, &done.stderr].map(|bytes| String::from_utf8_lossy(bytes).trim_end().to_owned());
    let said = said.join("\n").trim().to_owned();
    let mut text = format!("the CDK app `{app}` failed ({})", done.status);
    for line in said.lines() {
        text.push_str("\n  ");
        text.push_str(line);
    }
    if said.contains("No module named 'aws_cdk'") {
        text.push_str(
            "\n  help: `pip install -r requirements.txt` in the environment that `weft up` is called from",
        );
    } else if said.contains("Cannot find module") {
        text.push_str("\n  help: `npm install` in the project's folder");
    }
    text
}

/// The switches that the CDK's command line sets for an app.
fn switches(settings: &Map<String, Value>, context: &mut Map<String, Value>) {
    let is_on = |name: &str| settings.get(name).and_then(Value::as_bool).unwrap_or(true);
    let switches = [
        ("aws:cdk:enable-path-metadata", json!(is_on("pathMetadata"))),
        ("aws:cdk:enable-asset-metadata", json!(is_on("assetMetadata"))),
        ("aws:cdk:version-reporting", json!(is_on("versionReporting"))),
        ("aws:cdk:bundling-stacks", json!(["**"])),
    ];
    for (name, value) in switches {
        if value != Value::Bool(false) {
            context.entry(name).or_insert(value);
        }
    }
}

/// A lone script is run by its interpreter.
fn program(folder: &Path, app: &str) -> String {
    let is_script =
        Path::new(app).extension().is_some_and(|ending| ending == "js") && folder.join(app).is_file();
    if is_script { format!("node '{app}'") } else { app.to_owned() }
}

/// The CDK's command line: the project's own, else the machine's.
fn command_line(folder: &Path) -> Option<PathBuf> {
    let own = folder.ancestors().map(|folder| folder.join("node_modules/.bin/cdk"));
    let path: OsString = std::env::var_os("PATH").unwrap_or_default();
    let all: Vec<PathBuf> = std::env::split_paths(&path).map(|folder| folder.join("cdk")).collect();
    own.chain(all).find(|path| path.is_file())
}

fn object(path: &Path) -> Result<Map<String, Value>, Failure> {
    serde_json::from_str(&archive::text(path)?)
        .map_err(|error| Failure::Told(format!("`{}` is not a JSON object: {error}", path.display())))
}

fn object_or_empty(path: &Path) -> Result<Map<String, Value>, Failure> {
    if path.is_file() { object(path) } else { Ok(Map::new()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_switches_are_those_that_cdk_json_leaves_on() {
        let check = |settings: Value, name: &str, expected: Option<Value>| {
            let mut context = Map::new();
            switches(settings.as_object().expect("a map"), &mut context);
            assert_eq!(context.get(name), expected.as_ref(), "{settings}");
        };
        check(json!({}), "aws:cdk:version-reporting", Some(json!(true)));
        check(json!({"versionReporting": false}), "aws:cdk:version-reporting", None);
        check(json!({}), "aws:cdk:bundling-stacks", Some(json!(["**"])));
    }
}
