//! What lies at a path: a CDK app, a template, or what `weft-template` reads; and the stacks of the first two.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::args::{StackArgs, UpArgs};
use crate::cdk::{self, AppStack, Effect};
use crate::client::Client;
use crate::connect::Connection;
use crate::failure::Failure;
use crate::logs::Group;
use crate::sam;
use crate::stack::{self, Deployed};

/// The names that templates have by themselves.
const TEMPLATES: [&str; 3] = ["template.yaml", "template.yml", "template.json"];

/// What is deployed by stacks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Project {
    /// A folder with a `cdk.json`.
    Cdk(PathBuf),
    /// A template's file.
    Template { file: PathBuf, config: sam::Config },
}

impl Project {
    /// Looks at a path; none where nothing there is deployed by stacks. A `weft.toml` comes before everything else.
    pub(crate) fn find(path: &Path) -> Result<Option<Self>, Failure> {
        let Ok(path) = path.canonicalize() else { return Ok(None) };
        if path.is_file() {
            let ending = path.extension().and_then(|ending| ending.to_str());
            let is_template = matches!(ending, Some("yaml" | "yml" | "json" | "template"));
            let config = path.parent().map(sam::Config::read).transpose()?.unwrap_or_default();
            return Ok(is_template.then_some(Self::Template { file: path, config }));
        }
        if path.join(weft_template::MANIFEST_FILE).is_file() {
            return Ok(None);
        }
        if path.join("cdk.json").is_file() {
            return Ok(Some(Self::Cdk(path)));
        }
        let config = sam::Config::read(&path)?;
        if let Some(file) = &config.template_file {
            return Ok(Some(Self::Template { file: path.join(file), config }));
        }
        let file = TEMPLATES.iter().map(|name| path.join(name)).find(|file| file.is_file());
        if file.is_none() && path.join(sam::CONFIG_FILE).is_file() {
            return Err(Failure::Told(format!(
                "`{}` has a samconfig.toml, but no template.yaml beside it\n  help: name the template's file",
                path.display()
            )));
        }
        Ok(file.map(|file| Self::Template { file, config }))
    }

    /// The stacks, with all that they need uploaded, in an order in which they can be deployed.
    pub(crate) async fn stacks(
        &self,
        client: &Client,
        args: &StackArgs,
        effect: Effect,
    ) -> Result<Vec<AppStack>, Failure> {
        match self {
            Self::Cdk(folder) => {
                if args.name.is_some() || !args.parameters.is_empty() {
                    return Err(Failure::Told(
                        "a CDK app names its stacks and their parameters itself; `--context` is what it can be given".to_owned(),
                    ));
                }
                cdk::stacks(client, folder, &args.context, effect).await
            }
            Self::Template { file, config } => {
                let name = args.name.clone().or_else(|| config.stack_name.clone());
                let name = name.unwrap_or_else(|| name_of(file));
                let wanted = sam::wanted(client, file, config, &name, &args.parameters).await?;
                Ok(vec![AppStack { client: client.clone(), wanted }])
            }
        }
    }
}

/// A stack's name after the template's file, or after the folder where the file has a usual name.
fn name_of(file: &Path) -> String {
    let is_usual = TEMPLATES.iter().any(|name| file.ends_with(name));
    let name = if is_usual { file.parent().and_then(Path::file_name) } else { file.file_stem() };
    let name = name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut clean: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect::<String>();
    clean = clean.trim_matches('-').to_owned();
    if !clean.starts_with(|c: char| c.is_ascii_alphabetic()) {
        clean.insert_str(0, "stack-");
    }
    clean.truncate(128);
    clean.trim_end_matches('-').to_owned()
}

/// Deploys a project's stacks and prints what they put out; gives the log groups of their functions.
pub(crate) async fn deploy(args: &UpArgs, project: &Project) -> Result<(Client, Vec<Group>), Failure> {
    let client = Client::new(Connection::find(&args.connect)?);
    if args.plan {
        print_differences(&client, project, &args.stack, args.json).await?;
        return Ok((client, Vec::new()));
    }
    let mut done: Vec<Deployed> = Vec::new();
    for AppStack { client, wanted } in project.stacks(&client, &args.stack, Effect::Deploy).await? {
        let deployed = stack::deploy(&client, &wanted).await?;
        if !args.json {
            print!("{}", stack::deployed_text(&deployed));
        }
        done.push(deployed);
    }
    if args.json {
        println!("{}", json!({"stacks": done.iter().map(stack::deployed_json).collect::<Vec<_>>()}));
    }
    let functions = done.into_iter().flat_map(|deployed| deployed.functions);
    let groups = functions.map(|name| Group { name: format!("/aws/lambda/{name}"), label: name });
    Ok((client, groups.collect()))
}

/// Prints what a project would change.
pub(crate) async fn print_differences(
    client: &Client,
    project: &Project,
    args: &StackArgs,
    is_json: bool,
) -> Result<(), Failure> {
    let mut all = Vec::new();
    for AppStack { client, wanted } in project.stacks(client, args, Effect::Look).await? {
        let difference = stack::differences(&client, &wanted).await?;
        if is_json {
            all.push(stack::difference_json(&difference));
        } else {
            print!("{}", stack::difference_text(&difference));
        }
    }
    if is_json {
        println!("{}", json!({"stacks": all}));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_is_named_after_folder_or_file() {
        let check = |file: &str, expected: &str| assert_eq!(name_of(Path::new(file)), expected, "{file}");
        check("/home/me/my_shop/template.yaml", "my-shop");
        check("/home/me/1st/template.json", "stack-1st");
        check("/home/me/shop/network.yaml", "network");
    }

    #[test]
    fn what_lies_in_a_folder_says_how_it_is_deployed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().canonicalize().expect("its path");
        let write = |name: &str, text: &str| std::fs::write(path.join(name), text).expect("written");
        let found = || Project::find(&path).expect("it can be read");
        assert_eq!(found(), None);
        write("template.yaml", "Resources: {}");
        assert!(matches!(found(), Some(Project::Template { file, .. }) if file.ends_with("template.yaml")));
        write("samconfig.toml", "[default.deploy.parameters]\ntemplate_file = 'other.yaml'\n");
        assert!(matches!(found(), Some(Project::Template { file, .. }) if file.ends_with("other.yaml")));
        write("cdk.json", "{}");
        assert_eq!(found(), Some(Project::Cdk(path.clone())));
        write("weft.toml", "");
        assert_eq!(found(), None);
    }
}
