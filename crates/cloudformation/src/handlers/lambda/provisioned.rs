//! Provisioned concurrency of versions and aliases.

use serde_json::json;

use super::Patience;
use crate::handlers::parts::answered;
use crate::task::{Failure, Task};

/// Provides what `ProvisionedConcurrencyConfig` says, and waits until it is there; without one takes it away, where an update
/// does so.
pub(super) async fn provide(task: &Task<'_>, function: &str, qualifier: &str) -> Result<(), Failure> {
    let named = json!({"FunctionName": function, "Qualifier": qualifier});
    let Some(config) = task.get("ProvisionedConcurrencyConfig") else {
        if task.previous.is_none() || !task.changed("ProvisionedConcurrencyConfig") {
            return Ok(());
        }
        return task.remove("lambda", "DeleteProvisionedConcurrencyConfig", named).await;
    };
    if !task.changed("ProvisionedConcurrencyConfig") {
        return Ok(());
    }
    let mut input = named.clone();
    input["ProvisionedConcurrentExecutions"] = config["ProvisionedConcurrentExecutions"].clone();
    let mut answer = task.make("lambda", "PutProvisionedConcurrencyConfig", input).await?;
    let mut patience = Patience::with(format!("The provisioned concurrency of {qualifier}"));
    loop {
        match answered(&answer, "/Status").as_str() {
            "READY" => return Ok(()),
            "FAILED" => return Err(Failure::new(answered(&answer, "/StatusReason"))),
            _ => patience.pause().await?,
        }
        answer = task.make("lambda", "GetProvisionedConcurrencyConfig", named.clone()).await?;
    }
}
