//! Permissions to use a version of a layer.

use serde_json::{Value as Json, json};

use super::layer::parts;
use crate::task::{Handler, Made, Outcome, Task};

/// `AWS::Lambda::LayerVersionPermission`: the ARN of the version and the id of its statement, with `#` between them.
pub(super) struct LayerVersionPermission;

impl Handler for LayerVersionPermission {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let (arn, statement) = (task.text("LayerVersionArn").unwrap_or_default(), task.generated(100));
            let (layer, number) = parts(&arn);
            let mut input = Json::Object(task.pick(&["Action", "Principal", "OrganizationId"]));
            input["LayerName"] = json!(layer);
            input["VersionNumber"] = json!(number);
            input["StatementId"] = json!(statement);
            task.make("lambda", "AddLayerVersionPermission", input).await?;
            let id = format!("{arn}#{statement}");
            Ok(Made::of(&id).with("Id", id.as_str()))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move { Ok(task.same()) })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move {
            let (arn, statement) = task.physical().split_once('#').unwrap_or((task.physical(), ""));
            let (layer, number) = parts(arn);
            let input = json!({"LayerName": layer, "VersionNumber": number, "StatementId": statement});
            task.remove("lambda", "RemoveLayerVersionPermission", input).await
        })
    }
}
