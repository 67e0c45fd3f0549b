//! How functions are invoked asynchronously.

use crate::task::{Failure, Handler, Made, Outcome, Task};

/// `AWS::Lambda::EventInvokeConfig`: `Ref` is the function and the qualifier, with `|` between them.
pub(super) struct EventInvokeConfig;

async fn put(task: &Task<'_>) -> Result<Made, Failure> {
    task.make("lambda", "PutFunctionEventInvokeConfig", task.but(&[])).await?;
    let text = |name: &str| task.text(name).unwrap_or_default();
    Ok(Made::of(format!("{}|{}", text("FunctionName"), text("Qualifier"))))
}

impl Handler for EventInvokeConfig {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(put(task))
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(put(task))
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move {
            let input = task.pick(&["FunctionName", "Qualifier"]);
            task.remove("lambda", "DeleteFunctionEventInvokeConfig", input).await
        })
    }
}
