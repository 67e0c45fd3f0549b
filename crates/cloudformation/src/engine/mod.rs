//! Carries out the operation that is stored for a stack.
//!
//! `load` reads all that an operation needs, `stages` decides what follows what, `run` takes the steps of a plan, `step` decides what
//! a step does to its resource, `work` does it, and `ending` stores how an operation ended.

mod deployer;
mod ending;
mod load;
mod run;
mod stages;
mod step;
mod work;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use weft_service::Error;
use weft_template::cloudformation::{Plan, Stack};

use crate::Cloudformation;
use crate::engine::deployer::Rights;
pub(crate) use crate::engine::ending::{ORIGINAL_BEFORE, drop_kept, kept_key};
use crate::known::Facts;
use crate::tables::{OperationRecord, ResourceRecord, StackKey, StackRecord, StepRecord};
use crate::task::StackFacts;

/// The pause after a failure of the store, and how often it is tried again before the operation waits for the next start.
const PAUSE: Duration = Duration::from_millis(250);
const TRIES: u32 = 40;

/// Which plan of an operation a step belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    Forward = 0,
    Back = 1,
}

/// An operation under way.
struct Drive<'a> {
    service: &'a Arc<Cloudformation>,
    stop: &'a AtomicBool,
    stack: StackRecord,
    operation: OperationRecord,
    plan: Plan,
    back: Option<Plan>,
    /// What the operation leads to; none for a deletion.
    target: Option<Stack>,
    resources: BTreeMap<String, ResourceRecord>,
    steps: BTreeMap<(Way, usize), StepRecord>,
    facts: Facts,
    stack_facts: Arc<StackFacts>,
    rights: Rights,
}

/// Carries out a stack's operation until it ended, or until the store fails for long.
pub(crate) async fn drive(service: &Arc<Cloudformation>, key: &StackKey, stop: &AtomicBool) {
    let mut failures = 0;
    while failures < TRIES {
        match stage(service, key, stop).await {
            Ok(true) => failures = 0,
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(stack = %key.2, %error, "a stack's operation is held up");
                failures += 1;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    tracing::error!(stack = %key.2, "a stack's operation waits for the next start");
}

/// One stage. Says whether another one follows.
async fn stage(service: &Arc<Cloudformation>, key: &StackKey, stop: &AtomicBool) -> Result<bool, Error> {
    match Drive::load(service, key, stop).await? {
        Some(mut drive) => drive.stage().await,
        None => Ok(false),
    }
}
