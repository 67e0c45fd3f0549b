//! What follows what in an operation.

use std::sync::atomic::Ordering;

use weft_service::Error;
use weft_template::cloudformation::{Phase, Plan, StepAction};

use crate::engine::run::{Failed, Zeal};
use crate::engine::{Drive, Way};
use crate::status::StackStatus;
use crate::tables::{OnFailure, OperationKind, Stage, StepState};

impl Drive<'_> {
    /// One stage of the operation. Says whether another one follows.
    pub(super) async fn stage(&mut self) -> Result<bool, Error> {
        match (self.operation.stage, self.operation.kind) {
            (Stage::Work, OperationKind::Delete) => self.delete().await,
            (Stage::Work, _) => self.make().await,
            (Stage::Cleanup, _) => {
                self.run(Way::Forward, Phase::Cleanup, Zeal::GoOn).await?;
                self.finish(StackStatus::UpdateComplete, None).await?;
                Ok(false)
            }
            (Stage::Rollback, _) => self.roll_back().await,
            (Stage::RollbackCleanup, _) => {
                self.run(Way::Back, Phase::Cleanup, Zeal::GoOn).await?;
                self.finish(StackStatus::UpdateRollbackComplete, None).await?;
                Ok(false)
            }
        }
    }

    /// The work of a creation or an update.
    async fn make(&mut self) -> Result<bool, Error> {
        let mut failed: Failed = self.failed_before();
        if let Some((_, reason)) = self.removals_denied().into_iter().next() {
            return self.fail(reason).await;
        }
        if failed.is_empty() {
            failed = self.run(Way::Forward, Phase::Work, Zeal::Stop).await?;
        }
        if failed.is_empty() && self.stop.load(Ordering::Relaxed) && !self.is_through() {
            return self.fail("Resource update cancelled".to_owned()).await;
        }
        if !failed.is_empty() {
            return self.fail(self.what_failed(&failed)).await;
        }
        match self.complete().await? {
            None => Ok(self.operation.kind == OperationKind::Update),
            Some(problem) => self.fail(problem).await,
        }
    }

    /// Steps that had failed before a restart.
    fn failed_before(&self) -> Failed {
        let failed = self.in_state(Way::Forward, StepState::Failed);
        let steps =
            self.plan.steps().iter().filter(|step| step.phase == Phase::Work && failed.contains(&step.id));
        steps.map(|step| (step.logical_id.clone(), String::new())).collect()
    }

    /// Whether all of the work is done.
    fn is_through(&self) -> bool {
        let done = self.in_state(Way::Forward, StepState::Done);
        self.plan.steps().iter().filter(|step| step.phase == Phase::Work).all(|step| done.contains(&step.id))
    }

    /// The reason of a failure, as `CloudFormation` words it.
    fn what_failed(&self, failed: &Failed) -> String {
        let creates = |logical_id: &str| {
            let mut steps = self.plan.steps().iter();
            steps.any(|step| step.logical_id == logical_id && step.action == StepAction::Create)
        };
        let (new, changed): (Vec<&str>, Vec<&str>) = failed
            .iter()
            .map(|(logical_id, _)| logical_id.as_str())
            .partition(|logical_id| creates(logical_id));
        let list = |verb: &str, names: &[&str]| {
            let all = names.join(", ");
            (!names.is_empty()).then(|| format!("The following resource(s) failed to {verb}: [{all}]. "))
        };
        let texts = [list("create", &new), list("update", &changed)];
        texts.into_iter().flatten().collect::<String>().trim_end().to_owned()
    }

    /// What follows a failure of the work.
    async fn fail(&mut self, reason: String) -> Result<bool, Error> {
        let is_creation = self.operation.kind == OperationKind::Create;
        match (self.operation.on_failure, is_creation) {
            (OnFailure::DoNothing, true) => {
                self.finish(StackStatus::CreateFailed, Some(reason)).await?;
                Ok(false)
            }
            (OnFailure::DoNothing, false) => {
                self.finish(StackStatus::UpdateFailed, Some(reason)).await?;
                Ok(false)
            }
            (OnFailure::Rollback | OnFailure::Delete, _) => {
                let back = self.plan.rollback(&self.begun());
                let status = if is_creation {
                    StackStatus::RollbackInProgress
                } else {
                    StackStatus::UpdateRollbackInProgress
                };
                let told = if is_creation { format!("{reason} Rollback requested by user.") } else { reason };
                self.turn_back(&back, status, &told).await?;
                Ok(true)
            }
        }
    }

    /// Steps of the way forward that began, whatever came of them.
    fn begun(&self) -> std::collections::BTreeSet<usize> {
        self.steps.keys().filter(|(way, _)| *way == Way::Forward).map(|(_, number)| *number).collect()
    }

    async fn roll_back(&mut self) -> Result<bool, Error> {
        let is_creation = self.operation.kind == OperationKind::Create;
        let mut failed = self.run(Way::Back, Phase::Work, Zeal::GoOn).await?;
        if is_creation {
            failed.extend(self.run(Way::Back, Phase::Cleanup, Zeal::GoOn).await?);
        }
        failed.retain(|(logical_id, _)| !self.operation.skip.contains(logical_id));
        if !failed.is_empty() {
            let names: Vec<&str> = failed.iter().map(|(logical_id, _)| logical_id.as_str()).collect();
            let (status, verb) = if is_creation {
                (StackStatus::RollbackFailed, "delete")
            } else {
                (StackStatus::UpdateRollbackFailed, "update")
            };
            let reason = format!("The following resource(s) failed to {verb}: [{}]. ", names.join(", "));
            self.finish(status, Some(reason.trim_end().to_owned())).await?;
            return Ok(false);
        }
        if !is_creation {
            self.back_in_force().await?;
            return Ok(true);
        }
        if self.operation.on_failure == OnFailure::Delete {
            self.finish(StackStatus::DeleteComplete, None).await?;
        } else {
            self.finish(StackStatus::RollbackComplete, None).await?;
        }
        Ok(false)
    }

    /// A deletion.
    async fn delete(&mut self) -> Result<bool, Error> {
        if let Some(problem) = self.exports_in_use().await? {
            self.finish(StackStatus::DeleteFailed, Some(problem)).await?;
            return Ok(false);
        }
        let mut failed = self.run(Way::Forward, Phase::Work, Zeal::GoOn).await?;
        failed.extend(self.run(Way::Forward, Phase::Cleanup, Zeal::GoOn).await?);
        if failed.is_empty() {
            self.finish(StackStatus::DeleteComplete, None).await?;
        } else {
            let names: Vec<&str> = failed.iter().map(|(logical_id, _)| logical_id.as_str()).collect();
            let reason = format!("The following resource(s) failed to delete: [{}]. ", names.join(", "));
            self.finish(StackStatus::DeleteFailed, Some(reason)).await?;
        }
        Ok(false)
    }
}

/// Whether a plan has steps of a phase.
pub(super) fn has(plan: &Plan, phase: Phase) -> bool {
    plan.steps().iter().any(|step| step.phase == phase)
}
