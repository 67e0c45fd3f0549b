//! Stores how an operation, or a stage of it, ended.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use weft_service::Error;
use weft_store::{Read, StoreError, WriteTx};
use weft_template::cloudformation::{Phase, Plan};
use weft_types::Timestamp;

use crate::convert;
use crate::engine::Drive;
use crate::engine::stages::has;
use crate::status::StackStatus;
use crate::tables::{
    BEFORE, EXPORTS, ExportRecord, IMPORTS, Mark, NAMES, OPERATIONS, OperationRecord, OutputRecord,
    PROCESSED, STACKS, STEPS, StackKey, StackRecord, Stage, TEXTS, enter, set_text, text,
};

impl Drive<'_> {
    /// Ends the work of a creation or an update: outputs, exports, and the state. Gives the problem where outputs or exports have one.
    pub(super) async fn complete(&mut self) -> Result<Option<String>, Error> {
        let outputs = match self.outputs() {
            Ok(outputs) => outputs,
            Err(problem) => return Ok(Some(problem)),
        };
        let imports: Vec<String> =
            self.target.as_ref().map(|target| target.imports().keys().cloned().collect()).unwrap_or_default();
        let is_creation = self.operation.kind == crate::tables::OperationKind::Create;
        let (key, operation, now) = (self.stack.key(), self.operation.clone(), self.service.clock.now());
        let written = self.service.store.write(move |tx| {
            let mut stack = require(tx, &key)?;
            if let Some(problem) = export(tx, &stack, &outputs)? {
                return Ok(Err(problem));
            }
            import(tx, &stack, &imports)?;
            stack.outputs.clone_from(&outputs);
            stack.settings = operation.settings.clone();
            if is_creation {
                end(tx, &operation, &stack)?;
                enter(tx, &mut stack, StackStatus::CreateComplete, None, now)?;
            } else {
                let stage = OperationRecord { stage: Stage::Cleanup, ..operation.clone() };
                OPERATIONS.insert(tx, &(stack.unique.clone(),), &stage)?;
                enter(tx, &mut stack, StackStatus::UpdateCompleteCleanupInProgress, None, now)?;
            }
            Ok::<_, Error>(Ok(()))
        });
        let written = written.await?;
        self.service.tell();
        Ok(written.err())
    }

    fn outputs(&self) -> Result<Vec<OutputRecord>, String> {
        let target = self.target.as_ref().ok_or("the template is gone")?;
        let outputs = target.outputs(&self.facts).map_err(|error| error.to_string())?;
        let outputs = outputs.into_iter().map(|output| OutputRecord {
            key: output.key.clone(),
            value: convert::text(&Json::from(output.value)),
            description: output.description.clone(),
            export: output.export.clone(),
        });
        Ok(outputs.collect())
    }

    /// Begins the way back.
    pub(super) async fn turn_back(
        &mut self,
        back: &Plan,
        status: StackStatus,
        told: &str,
    ) -> Result<(), Error> {
        let text = serde_json::to_string(back).map_err(Error::internal)?;
        let operation =
            OperationRecord { stage: Stage::Rollback, back: Some(text), ..self.operation.clone() };
        let (key, told, now) = (self.stack.key(), told.to_owned(), self.service.clock.now());
        let work = move |tx: &mut WriteTx<'_>| {
            let mut stack = require(tx, &key)?;
            OPERATIONS.insert(tx, &(stack.unique.clone(),), &operation)?;
            enter(tx, &mut stack, status, Some(&told), now)?;
            Ok::<_, Error>(())
        };
        self.service.store.write(work).await?;
        self.service.tell();
        Ok(())
    }

    /// After the way back of an update: what was before is in force again, and what the update had made goes.
    pub(super) async fn back_in_force(&mut self) -> Result<(), Error> {
        let cleans = self.back.as_ref().is_some_and(|back| has(back, Phase::Cleanup));
        let operation = OperationRecord { stage: Stage::RollbackCleanup, ..self.operation.clone() };
        let (key, now) = (self.stack.key(), self.service.clock.now());
        let work = move |tx: &mut WriteTx<'_>| {
            let mut stack = require(tx, &key)?;
            put_back(tx, &mut stack, &operation)?;
            OPERATIONS.insert(tx, &(stack.unique.clone(),), &operation)?;
            let status = StackStatus::UpdateRollbackCompleteCleanupInProgress;
            if cleans {
                enter(tx, &mut stack, status, None, now)?;
            } else {
                STACKS.insert(tx, &stack.key(), &stack)?;
            }
            Ok::<_, Error>(())
        };
        self.service.store.write(work).await?;
        self.service.tell();
        Ok(())
    }

    /// Ends the operation.
    pub(super) async fn finish(&mut self, status: StackStatus, reason: Option<String>) -> Result<(), Error> {
        let (key, operation, now) = (self.stack.key(), self.operation.clone(), self.service.clock.now());
        let work = move |tx: &mut WriteTx<'_>| {
            let mut stack = require(tx, &key)?;
            if keeps(status) {
                OPERATIONS.remove(tx, &(stack.unique.as_str(),))?;
                keep(tx, &operation, &stack)?;
            } else {
                end(tx, &operation, &stack)?;
            }
            if status == StackStatus::DeleteComplete {
                forget(tx, &mut stack, now)?;
            }
            if matches!(status, StackStatus::UpdateFailed | StackStatus::CreateFailed) {
                stack.settings = operation.settings.clone();
            }
            enter(tx, &mut stack, status, reason.as_deref(), now)?;
            Ok::<_, Error>(())
        };
        self.service.store.write(work).await?;
        self.service.tell();
        Ok(())
    }

    /// Why the stack cannot go: others import what it exports.
    pub(super) async fn exports_in_use(&self) -> Result<Option<String>, Error> {
        let stack = self.stack.clone();
        let work = move |tx: &weft_store::ReadTx<'_>| {
            for output in &stack.outputs {
                if let Some(export) = &output.export
                    && let Some(user) = user_of(tx, &stack, export)?
                {
                    return Ok::<_, Error>(Some(format!(
                        "Delete canceled. Cannot delete export {export} as it is in use by {user}."
                    )));
                }
            }
            Ok(None)
        };
        self.service.store.read(work).await
    }
}

/// States in which a rollback can be asked for again.
fn keeps(status: StackStatus) -> bool {
    matches!(
        status,
        StackStatus::UpdateRollbackFailed | StackStatus::UpdateFailed | StackStatus::CreateFailed
    )
}

/// Keeps what `ContinueUpdateRollback` and `RollbackStack` need: the operation, under another key.
fn keep(tx: &mut WriteTx<'_>, operation: &OperationRecord, stack: &StackRecord) -> Result<(), StoreError> {
    OPERATIONS.insert(tx, &(kept_key(&stack.unique),), operation)
}

/// Where the operation of a stack whose update failed is kept.
pub(crate) fn kept_key(unique: &str) -> String {
    format!("{unique}/kept")
}

fn require(tx: &impl Read, key: &StackKey) -> Result<StackRecord, Error> {
    STACKS.get(tx, key)?.ok_or_else(|| Error::internal("the stack's record is gone"))
}

/// Removes what is kept of an operation that failed, as another one begins.
pub(crate) fn drop_kept(tx: &mut WriteTx<'_>, stack: &StackRecord) -> Result<(), StoreError> {
    match OPERATIONS.get(tx, &(kept_key(&stack.unique).as_str(),))? {
        Some(kept) => end(tx, &kept, stack),
        None => Ok(()),
    }
}

/// Removes an operation and its notes.
fn end(tx: &mut WriteTx<'_>, operation: &OperationRecord, stack: &StackRecord) -> Result<(), StoreError> {
    OPERATIONS.remove(tx, &(stack.unique.as_str(),))?;
    OPERATIONS.remove(tx, &(kept_key(&stack.unique).as_str(),))?;
    TEXTS.remove(tx, &(stack.unique.as_str(), BEFORE))?;
    TEXTS.remove(tx, &(stack.unique.as_str(), ORIGINAL_BEFORE))?;
    for (key, _) in STEPS.query(&(operation.id.as_str(),)).rows(tx)? {
        STEPS.remove(tx, &key)?;
    }
    Ok(())
}

/// The submitted text before the operation under way.
pub(crate) const ORIGINAL_BEFORE: &str = "original_before";

/// The stack's texts and settings are those before the update again.
fn put_back(
    tx: &mut WriteTx<'_>,
    stack: &mut StackRecord,
    operation: &OperationRecord,
) -> Result<(), StoreError> {
    stack.settings = operation.before.clone();
    stack.outputs.clone_from(&operation.outputs_before);
    for (now, before) in [(PROCESSED, BEFORE), (crate::tables::ORIGINAL, ORIGINAL_BEFORE)] {
        if let Some(found) = text(tx, &stack.unique, before)? {
            set_text(tx, &stack.unique, now, &found)?;
        }
    }
    Ok(())
}

/// A deleted stack's name, exports and imports are free.
fn forget(tx: &mut WriteTx<'_>, stack: &mut StackRecord, now: Timestamp) -> Result<(), StoreError> {
    NAMES.remove(tx, &(stack.account, stack.region.as_str(), stack.name.as_str()))?;
    for output in &stack.outputs {
        if let Some(name) = &output.export {
            EXPORTS.remove(tx, &(stack.account, stack.region.as_str(), name.as_str()))?;
        }
    }
    import(tx, stack, &[])?;
    stack.deleted = Some(now);
    Ok(())
}

/// Sets a stack's exports to what its outputs say; gives the problem where another stack has one, or needs one that goes.
fn export(
    tx: &mut WriteTx<'_>,
    stack: &StackRecord,
    outputs: &[OutputRecord],
) -> Result<Option<String>, StoreError> {
    let (account, region) = (stack.account, stack.region.as_str());
    let old = stack.outputs.iter().filter_map(|output| Some((output.export.clone()?, output.value.clone())));
    let new: Vec<(String, String)> =
        outputs.iter().filter_map(|output| Some((output.export.clone()?, output.value.clone()))).collect();
    for (name, value) in old {
        if new.contains(&(name.clone(), value)) {
            continue;
        }
        let stays = new.iter().any(|(other, _)| *other == name);
        if let Some(user) = user_of(tx, stack, &name)? {
            let verb = if stays { "update" } else { "delete" };
            return Ok(Some(format!("Cannot {verb} export {name} as it is in use by {user}")));
        }
        EXPORTS.remove(tx, &(account, region, name.as_str()))?;
    }
    for (name, value) in new {
        if let Some(found) = EXPORTS.get(tx, &(account, region, name.as_str()))?
            && found.unique != stack.unique
        {
            let other = found.stack_id;
            return Ok(Some(format!("Export with name {name} is already exported by stack {other}.")));
        }
        let record = ExportRecord { stack_id: stack.id(), unique: stack.unique.clone(), value };
        EXPORTS.insert(tx, &(account, region.to_owned(), name), &record)?;
    }
    Ok(None)
}

/// The name of a stack that imports an export.
fn user_of(tx: &impl Read, stack: &StackRecord, export: &str) -> Result<Option<String>, StoreError> {
    let rows = IMPORTS.query(&(stack.account, stack.region.as_str(), export)).limit(1).rows(tx)?;
    let Some(((account, region, _, unique), _)) = rows.into_iter().next() else { return Ok(None) };
    Ok(STACKS.get(tx, &(account, region, unique))?.map(|user| user.name))
}

/// Sets which exports a stack imports. What it imported before is found by its marks.
pub(crate) fn import(tx: &mut WriteTx<'_>, stack: &StackRecord, wanted: &[String]) -> Result<(), StoreError> {
    let (account, region) = (stack.account, stack.region.clone());
    let wanted: BTreeSet<&String> = wanted.iter().collect();
    for ((_, _, export, unique), _) in IMPORTS.query(&(account, region.as_str())).rows(tx)? {
        if unique == stack.unique && !wanted.contains(&export) {
            IMPORTS.remove(tx, &(account, region.as_str(), export.as_str(), unique.as_str()))?;
        }
    }
    for export in wanted {
        IMPORTS.insert(tx, &(account, region.clone(), export.clone(), stack.unique.clone()), &Mark {})?;
    }
    Ok(())
}
