//! Lambda: functions with their versions, aliases, permissions, URLs, layers and event sources.

mod alias;
mod code;
mod code_signing;
mod event_invoke;
mod event_source;
mod function;
mod layer;
mod layer_permission;
mod package;
mod permission;
mod provisioned;
mod url;
mod version;

use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::handlers::Handlers;
use crate::handlers::parts::tags_gone;
use crate::task::{Failure, Task};

/// The longest wait for something that Lambda goes on with after its answer.
const WAIT_MAX: Duration = Duration::from_mins(10);
/// The first pause between two looks; each is longer by half, up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(2);

pub(super) fn add(all: &mut Handlers) {
    all.add("AWS::Lambda::Alias", alias::Alias);
    all.add("AWS::Lambda::CodeSigningConfig", code_signing::CodeSigningConfig);
    all.add("AWS::Lambda::EventInvokeConfig", event_invoke::EventInvokeConfig);
    all.add("AWS::Lambda::EventSourceMapping", event_source::EventSourceMapping);
    all.add("AWS::Lambda::Function", function::Function);
    all.add("AWS::Lambda::LayerVersion", layer::LayerVersion);
    all.add("AWS::Lambda::LayerVersionPermission", layer_permission::LayerVersionPermission);
    all.add("AWS::Lambda::Permission", permission::Permission);
    all.add("AWS::Lambda::Url", url::Url);
    all.add("AWS::Lambda::Version", version::Version);
}

/// Waits between two looks at something that settles by itself.
struct Patience {
    what: String,
    pause: Duration,
    waited: Duration,
}

impl Patience {
    /// To settle is `what`, as the failure names it.
    fn with(what: impl Into<String>) -> Self {
        Self { what: what.into(), pause: PAUSE, waited: Duration::ZERO }
    }

    /// Pauses, unless it took too long.
    async fn pause(&mut self) -> Result<(), Failure> {
        if self.waited >= WAIT_MAX {
            return Err(Failure::new(format!(
                "{} did not settle within {} s.",
                self.what,
                WAIT_MAX.as_secs()
            )));
        }
        tokio::time::sleep(self.pause).await;
        self.waited += self.pause;
        self.pause = (self.pause * 3 / 2).min(PAUSE_MAX);
        Ok(())
    }
}

/// Brings the tags of what has an ARN to what the properties say, where an update changes them.
async fn tag(task: &Task<'_>, arn: &str) -> Result<(), Failure> {
    if !task.changed("Tags") {
        return Ok(());
    }
    let gone = tags_gone(task);
    if !gone.is_empty() {
        task.make("lambda", "UntagResource", json!({"Resource": arn, "TagKeys": gone})).await?;
    }
    if !task.tags().is_empty() {
        task.make("lambda", "TagResource", json!({"Resource": arn, "Tags": task.tag_map()})).await?;
    }
    Ok(())
}

/// A property, or what stands for its absence.
fn or(task: &Task<'_>, name: &str, otherwise: Json) -> Json {
    task.get(name).cloned().unwrap_or(otherwise)
}
