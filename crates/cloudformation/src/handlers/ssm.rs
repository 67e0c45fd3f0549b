//! Parameters.

use serde_json::{Value as Json, json};

use crate::convert;
use crate::handlers::{Handlers, removed_tags};
use crate::task::{Failure, Handler, Made, Outcome, Task};

/// Letters of a parameter's generated name.
const NAME_MAX: usize = 1011;

pub(super) fn add(all: &mut Handlers) {
    all.add("AWS::SSM::Parameter", Parameter);
}

/// `AWS::SSM::Parameter`.
struct Parameter;

impl Parameter {
    fn made(task: &Task<'_>, name: &str) -> Made {
        let (region, account) = (&task.stack.region, &task.stack.account);
        let slash = if name.starts_with('/') { "" } else { "/" };
        let made =
            Made::of(name).with("Arn", format!("arn:aws:ssm:{region}:{account}:parameter{slash}{name}"));
        // Every property is an attribute of this type, too.
        let properties = task.properties.iter().filter(|(name, value)| *name != "Tags" && !value.is_null());
        properties.fold(made, |made, (name, value)| made.with(name, convert::text(value))).with("Name", name)
    }

    async fn create(task: &Task<'_>) -> Result<Made, Failure> {
        let name = task.name("Name", NAME_MAX);
        let mut input = Json::Object(task.but(&["Name", "Tags"]));
        input["Name"] = name.clone().into();
        if !task.tags().is_empty() {
            input["Tags"] = task.tag_list();
        }
        task.make("ssm", "PutParameter", input).await?;
        Ok(Self::made(task, &name))
    }

    async fn update(task: &Task<'_>) -> Result<Made, Failure> {
        let name = task.physical();
        let mut input = Json::Object(task.but(&["Name", "Tags"]));
        input["Name"] = name.into();
        input["Overwrite"] = true.into();
        task.make("ssm", "PutParameter", input).await?;
        if task.changed("Tags") {
            let about = json!({"ResourceType": "Parameter", "ResourceId": name});
            let gone = removed_tags(task);
            if !gone.is_empty() {
                let mut input = about.clone();
                input["TagKeys"] = gone.into();
                task.make("ssm", "RemoveTagsFromResource", input).await?;
            }
            if !task.tags().is_empty() {
                let mut input = about;
                input["Tags"] = task.tag_list();
                task.make("ssm", "AddTagsToResource", input).await?;
            }
        }
        Ok(Self::made(task, name))
    }
}

impl Handler for Parameter {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::create(task))
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::update(task))
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move { task.remove("ssm", "DeleteParameter", json!({"Name": task.physical()})).await })
    }
}
