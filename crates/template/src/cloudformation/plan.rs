//! The steps that carry out a change.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    Change, ChangeAction, Changes, DeletionPolicy, Old, Replacement, Resource, Schema, Stack, graph, rollback,
};

/// What is done to a resource in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepAction {
    /// It is made.
    Create,
    /// It is brought to what the new template says: in place, or by a new one where [`compare`](super::compare()) says so
    /// once all values are known.
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
    /// Once all of the work is done.
    Cleanup,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its number within the plan: its place in [`Plan::steps`].
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
    /// The steps that must be done before; their numbers are smaller.
    pub needs: Vec<usize>,
    /// What becomes of the resource when it leaves the stack, or of the old one where it is replaced.
    pub policy: DeletionPolicy,
}

/// An immutable graph of steps. Printed, it has one line per step.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Plan {
    pub(super) steps: Vec<Step>,
    /// Whether the stack was there before.
    pub(super) update: bool,
}

impl Plan {
    /// The steps of a creation or an update: what is wanted in the order of dependencies, then what is not any more.
    pub fn of(changes: &Changes, old: Option<&Old<'_>>, new: &Stack) -> Self {
        let mut plan =
            Self { steps: Vec::new(), update: old.is_some_and(|old| !old.physical_ids.is_empty()) };
        let mut placed: BTreeMap<&str, usize> = BTreeMap::new();
        for resource in graph::order(new) {
            let Some(change) = changes.get(&resource.logical_id) else { continue };
            let action =
                if change.action == ChangeAction::Add { StepAction::Create } else { StepAction::Update };
            let needs =
                resource.depends_on.iter().filter_map(|name| placed.get(name.as_str()).copied()).collect();
            let id = plan.push(action, Phase::Work, resource, change.physical_id.clone(), needs);
            placed.insert(&resource.logical_id, id);
        }
        if let Some(old) = old {
            let cleanup = |resource: &Resource| {
                changes.get(&resource.logical_id).and_then(|change| leaving(change, new))
            };
            plan.leave(old, Phase::Cleanup, &cleanup);
        }
        plan
    }

    /// The steps that delete a stack. Resources of `retain` and those whose policy says so stay.
    pub fn removal(old: &Old<'_>, retain: &BTreeSet<String>) -> Self {
        let mut plan = Self { steps: Vec::new(), update: true };
        plan.leave(old, Phase::Work, &|resource| {
            let keeps = retain.contains(&resource.logical_id) || resource.deletion.keeps();
            Some((if keeps { StepAction::Retain } else { StepAction::Delete }, resource.deletion))
        });
        plan
    }

    /// Steps for what leaves: users of a resource before it.
    fn leave(
        &mut self,
        old: &Old<'_>,
        phase: Phase,
        action: &dyn Fn(&Resource) -> Option<(StepAction, DeletionPolicy)>,
    ) {
        let mut users: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for resource in graph::order(old.stack).into_iter().rev() {
            let Some(physical_id) = old.physical_ids.get(&resource.logical_id) else { continue };
            let Some((action, policy)) = action(resource) else { continue };
            let needs = users.remove(resource.logical_id.as_str()).unwrap_or_default();
            let id = self.push(action, phase, resource, Some(physical_id.clone()), needs);
            self.steps[id].policy = policy;
            for name in &resource.depends_on {
                users.entry(name).or_default().push(id);
            }
        }
    }

    fn push(
        &mut self,
        action: StepAction,
        phase: Phase,
        resource: &Resource,
        physical_id: Option<String>,
        needs: Vec<usize>,
    ) -> usize {
        let id = self.steps.len();
        self.steps.push(Step {
            id,
            action,
            phase,
            logical_id: resource.logical_id.clone(),
            kind: resource.kind.clone(),
            physical_id,
            needs,
            policy: if action == StepAction::Update { resource.update_replace } else { resource.deletion },
        });
        id
    }

    /// All steps, each after those that it needs.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The steps that can begin once `done` are done: all that they need is, and before the cleanup all of the work.
    pub fn ready(&self, done: &BTreeSet<usize>) -> Vec<&Step> {
        let worked = self.steps.iter().all(|step| step.phase == Phase::Cleanup || done.contains(&step.id));
        let free = |step: &&Step| {
            !done.contains(&step.id)
                && (worked || step.phase == Phase::Work)
                && step.needs.iter().all(|need| done.contains(need))
        };
        self.steps.iter().filter(free).collect()
    }

    /// The way back from the steps that have begun, whether or not they are done. A restored resource that was not
    /// changed yet, or one that no new one was made for, has nothing done to it in its step.
    #[must_use]
    pub fn rollback(&self, begun: &BTreeSet<usize>) -> Self {
        rollback::plan(self, begun)
    }
}

/// What becomes of a resource that is there once the new ones are in force.
fn leaving(change: &Change, new: &Stack) -> Option<(StepAction, DeletionPolicy)> {
    let kept = |policy: DeletionPolicy, stays, goes| (if policy.keeps() { stays } else { goes }, policy);
    match (change.action, change.replacement) {
        (ChangeAction::Remove, _) => {
            let stays = change.policy == Some(super::PolicyAction::Retain);
            let policy = if stays { DeletionPolicy::Retain } else { DeletionPolicy::Delete };
            Some(kept(policy, StepAction::Retain, StepAction::Delete))
        }
        (ChangeAction::Modify, Some(Replacement::True | Replacement::Conditional)) => {
            let policy = new.resource(&change.logical_id)?.update_replace;
            Some(kept(policy, StepAction::RetainOld, StepAction::DeleteOld))
        }
        // Its function may answer an update with another physical id: then the old one leaves.
        (ChangeAction::Modify, _) if Schema::of(&change.kind).is_some_and(Schema::is_custom) => {
            let policy = new.resource(&change.logical_id)?.update_replace;
            Some(kept(policy, StepAction::RetainOld, StepAction::DeleteOld))
        }
        _ => None,
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self.action {
            StepAction::Create => "create",
            StepAction::Update => "update",
            StepAction::Delete => "delete",
            StepAction::Retain => "retain",
            StepAction::DeleteOld => "delete the replaced",
            StepAction::RetainOld => "retain the replaced",
            StepAction::Restore => "restore",
            StepAction::DeleteNew => "delete the new",
            StepAction::RetainNew => "retain the new",
        };
        write!(f, "{}. {words} {} ({})", self.id, self.logical_id, self.kind)?;
        if let Some(id) = &self.physical_id {
            write!(f, " {id}")?;
        }
        if !self.needs.is_empty() {
            let needs: Vec<String> = self.needs.iter().map(usize::to_string).collect();
            write!(f, " after {}", needs.join(", "))?;
        }
        if self.phase == Phase::Cleanup { f.write_str(" in the cleanup") } else { Ok(()) }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| writeln!(f, "{step}"))
    }
}
