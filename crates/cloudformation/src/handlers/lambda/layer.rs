//! Versions of layers.

use serde_json::{Value as Json, json};

use super::code;
use crate::handlers::parts::answered;
use crate::task::{Handler, Made, Outcome, Task};

/// `AWS::Lambda::LayerVersion`: `Ref` is its ARN. It never changes.
pub(super) struct LayerVersion;

/// The ARN of the layer, and the version's number.
pub(super) fn parts(arn: &str) -> (&str, &str) {
    arn.rsplit_once(':').unwrap_or((arn, ""))
}

impl Handler for LayerVersion {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let mut input = task.but(&["LayerVersionArn"]);
            input.insert("LayerName".to_owned(), json!(task.name("LayerName", 140)));
            input.insert("Content".to_owned(), Json::Object(code::given(task, "Content")?));
            let answer = task.make("lambda", "PublishLayerVersion", input).await?;
            let arn = answered(&answer, "/LayerVersionArn");
            Ok(Made::of(&arn).with("LayerVersionArn", arn.as_str()))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move { Ok(task.same()) })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move {
            let (layer, number) = parts(task.physical());
            let input = json!({"LayerName": layer, "VersionNumber": number});
            task.remove("lambda", "DeleteLayerVersion", input).await
        })
    }
}
