//! Permissions to use a function.

use serde_json::json;

use crate::task::{Handler, Made, Outcome, Task};

/// `AWS::Lambda::Permission`: `Ref` is the id of its statement. It never changes.
pub(super) struct Permission;

impl Handler for Permission {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let id = task.generated(100);
            let mut input = task.but(&["Id"]);
            input.insert("StatementId".to_owned(), json!(id));
            task.make("lambda", "AddPermission", input).await?;
            Ok(Made::of(&id).with("Id", id.as_str()))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move { Ok(task.same()) })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move {
            let input = json!({"FunctionName": task.get("FunctionName"), "StatementId": task.physical()});
            task.remove("lambda", "RemovePermission", input).await
        })
    }
}
