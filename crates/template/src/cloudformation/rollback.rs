//! The way back from a plan that failed on its way.

use std::collections::{BTreeMap, BTreeSet};

use super::{DeletionPolicy, Phase, Plan, Step, StepAction};

/// Restores what was changed, in the order in which it was; then deletes what was made, users first.
pub(super) fn plan(forward: &Plan, begun: &BTreeSet<usize>) -> Plan {
    let worked: Vec<&Step> =
        forward.steps().iter().filter(|step| step.phase == Phase::Work && begun.contains(&step.id)).collect();
    let mut back = Plan { steps: Vec::new(), update: forward.update };
    let mut restored: BTreeMap<usize, usize> = BTreeMap::new();
    for step in worked.iter().filter(|step| step.action == StepAction::Update) {
        let needs = step.needs.iter().filter_map(|need| restored.get(need).copied()).collect();
        restored.insert(step.id, push(&mut back, StepAction::Restore, Phase::Work, step, needs));
    }
    // A stack that was there before is restored first and cleaned up then; a new one is only deleted again.
    let phase = if forward.update { Phase::Cleanup } else { Phase::Work };
    let mut users: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for step in worked.iter().rev() {
        let action = match step.action {
            StepAction::Create if step.policy == DeletionPolicy::Retain => StepAction::RetainNew,
            StepAction::Create | StepAction::Update => StepAction::DeleteNew,
            _ => continue,
        };
        let needs = users.remove(&step.id).unwrap_or_default();
        let id = push(&mut back, action, phase, step, needs);
        for need in &step.needs {
            users.entry(*need).or_default().push(id);
        }
    }
    back
}

fn push(plan: &mut Plan, action: StepAction, phase: Phase, step: &Step, needs: Vec<usize>) -> usize {
    let id = plan.steps.len();
    plan.steps.push(Step { id, action, phase, needs, ..step.clone() });
    id
}
