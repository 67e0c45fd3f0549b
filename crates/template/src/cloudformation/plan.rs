//! Plan.
use std::collections::BTreeSet;
use std::fmt;
use serde::{Deserialize, Serialize};
use super::*;
/// What is done to a resource in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepAction {
    /// It is made.
    Create,
    /// It is brought to what the new template says: in place, or by a new one where [`compare`] says so at that time.
    Update,
    /// It is deleted.
    Delete,
    /// The stack forgets it and it stays.
    Retain,
    /// After an update that replaced it, the old one is deleted.
    DeleteOld,
    /// After an update that replaced it, the old one stays.
    RetainOld,
    /// In a rollback: back to what the old template says, or to the old physical id.
    Restore,
    /// In a rollback: what a creation or a replacement has made is deleted.
    DeleteNew,
    /// In a rollback: what a creation has made stays.
    RetainNew,
}
/// When a step is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Phase {
    /// While the operation can still be rolled back.
    Work,
    /// Once it is complete.
    Cleanup,
}
/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its number within the plan.
    pub id: usize,
    /// What is done.
    pub action: StepAction,
    /// When.
    pub phase: Phase,
    /// To which resource.
    pub logical_id: String,
    /// Its type.
    pub kind: String,
    /// What is there before the step, if anything.
    pub physical_id: Option<String>,
    /// The steps that must be done before.
    pub needs: Vec<usize>,
}
/// An immutable graph of steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan { steps: Vec<Step> }
impl Plan {
    /// Of changes.
    pub fn of(changes: &Changes, old: Option<&Old<'_>>, new: &Stack) -> Self { todo!() }
    /// Of the whole stack's removal.
    pub fn removal(old: &Old<'_>, retain: &BTreeSet<String>) -> Self { todo!() }
    /// All steps.
    pub fn steps(&self) -> &[Step] { &self.steps }
    /// Steps that can begin.
    pub fn ready(&self, done: &BTreeSet<usize>) -> Vec<&Step> { todo!() }
    /// The way back.
    pub fn rollback(&self, begun: &BTreeSet<usize>) -> Self { todo!() }
}
impl fmt::Display for Plan { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { todo!() } }
