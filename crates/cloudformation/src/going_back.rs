//! Rollbacks that a caller asks for.

use std::collections::BTreeSet;

use weft_service::{Context, Error};
use weft_store::{StoreError, WriteTx};
use weft_template::cloudformation::Plan;

use crate::engine::{Way, kept_key};
use crate::names::StackRef;
use crate::status::StackStatus;
use crate::tables::{
    OPERATIONS, OperationKind, OperationRecord, STEPS, Stage, StackRecord, StepState, enter, require,
};
use crate::{Cloudformation, errors};

impl Cloudformation {
    /// Tries a failed rollback of an update again, without some resources.
    pub(crate) async fn go_back_again(
        &self,
        cx: &Context,
        stack: &StackRef,
        role: Option<&str>,
        skip: Vec<String>,
        token: Option<String>,
    ) -> Result<StackRecord, Error> {
        let deployer = Self::deployer(cx, role)?;
        let (scope, stack) = (cx.scope.clone(), stack.clone());
        let work = move |tx: &mut WriteTx<'_>| {
            let mut stack = require(tx, &scope, &stack)?;
            let kept = OPERATIONS.get(tx, &(kept_key(&stack.unique).as_str(),))?;
            let kept = kept.filter(|_| stack.status == StackStatus::UpdateRollbackFailed);
            let Some(kept) = kept else {
                let message = format!(
                    "Stack:{} is in {} state and can not continue rollback.",
                    stack.id(),
                    stack.status.as_str()
                );
                return Err(errors::validation(message));
            };
            let back: Plan = serde_json::from_str(kept.back.as_deref().unwrap_or("")).map_err(Error::internal)?;
            let known: BTreeSet<&str> = back.steps().iter().map(|step| step.logical_id.as_str()).collect();
            if let Some(unknown) = skip.iter().find(|name| !known.contains(name.as_str())) {
                let message = format!("Resource [{unknown}] is not in the failed rollback of the stack.");
                return Err(errors::validation(message));
            }
            forget_failed(tx, &kept, &back, &skip)?;
            let operation = OperationRecord {
                stage: Stage::Rollback,
                deployer: deployer.clone(),
                skip: skip.clone(),
                token: token.clone(),
                ..kept
            };
            resume(tx, &mut stack, &operation)?;
            enter(tx, &mut stack, StackStatus::UpdateRollbackInProgress, Some("User Initiated"), scope.now)?;
            Ok(stack)
        };
        self.begun_again(work).await
    }

    /// Rolls back what failed and was told to stay.
    pub(crate) async fn go_back(
        &self,
        cx: &Context,
        stack: &StackRef,
        role: Option<&str>,
        token: Option<String>,
    ) -> Result<StackRecord, Error> {
        let deployer = Self::deployer(cx, role)?;
        let (scope, stack) = (cx.scope.clone(), stack.clone());
        let work = move |tx: &mut WriteTx<'_>| {
            let mut stack = require(tx, &scope, &stack)?;
            let fits = matches!(stack.status, StackStatus::CreateFailed | StackStatus::UpdateFailed);
            let kept = OPERATIONS.get(tx, &(kept_key(&stack.unique).as_str(),))?.filter(|_| fits);
            let Some(kept) = kept else {
                let message = format!(
                    "Stack:{} is in {} state and can not be rolled back.",
                    stack.id(),
                    stack.status.as_str()
                );
                return Err(errors::validation(message));
            };
            let plan: Plan = serde_json::from_str(&kept.plan).map_err(Error::internal)?;
            let rows = STEPS.query(&(kept.id.as_str(), Way::Forward as u64)).rows(tx)?;
            let begun = rows.iter().filter_map(|((_, _, number), _)| usize::try_from(*number).ok()).collect();
            let back = serde_json::to_string(&plan.rollback(&begun)).map_err(Error::internal)?;
            let status = match kept.kind {
                OperationKind::Create => StackStatus::RollbackInProgress,
                _ => StackStatus::UpdateRollbackInProgress,
            };
            let operation = OperationRecord {
                stage: Stage::Rollback,
                back: Some(back),
                deployer: deployer.clone(),
                token: token.clone(),
                ..kept
            };
            resume(tx, &mut stack, &operation)?;
            enter(tx, &mut stack, status, Some("User Initiated"), scope.now)?;
            Ok(stack)
        };
        self.begun_again(work).await
    }

    async fn begun_again(
        &self,
        work: impl Fn(&mut WriteTx<'_>) -> Result<StackRecord, Error> + Send + Sync + 'static,
    ) -> Result<StackRecord, Error> {
        let stack = self.store.write(work).await?;
        self.start(stack.key());
        self.tell();
        Ok(stack)
    }
}

/// The steps of a rollback that failed may begin anew; those of resources to skip count as done.
fn forget_failed(
    tx: &mut WriteTx<'_>,
    operation: &OperationRecord,
    back: &Plan,
    skip: &[String],
) -> Result<(), StoreError> {
    for (key, mut record) in STEPS.query(&(operation.id.as_str(), Way::Back as u64)).rows(tx)? {
        if record.state == StepState::Done {
            continue;
        }
        let step = back.steps().iter().find(|step| step.id as u64 == key.2);
        if step.is_some_and(|step| skip.contains(&step.logical_id)) {
            record.state = StepState::Done;
            STEPS.insert(tx, &key, &record)?;
        } else {
            record.state = StepState::Begun;
            STEPS.insert(tx, &key, &record)?;
        }
    }
    Ok(())
}

/// The kept operation is the one under way again.
fn resume(tx: &mut WriteTx<'_>, stack: &mut StackRecord, operation: &OperationRecord) -> Result<(), StoreError> {
    OPERATIONS.remove(tx, &(kept_key(&stack.unique).as_str(),))?;
    stack.token.clone_from(&operation.token);
    OPERATIONS.insert(tx, &(stack.unique.clone(),), operation)
}
