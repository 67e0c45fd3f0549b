//! Takes the steps of a plan, side by side where they do not need each other.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use futures::stream::{FuturesUnordered, StreamExt as _};
use weft_service::{BoxFuture, Error};
use weft_template::cloudformation::{Phase, Plan, Step};

use crate::engine::step::Intent;
use crate::engine::work::{Work, Worked};
use crate::engine::{Drive, Way};
use crate::tables::StepState;

/// What becomes of the others when a step fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zeal {
    /// No further one begins; those under way are waited for.
    Stop,
    /// Those that do not need it go on.
    GoOn,
}

/// Steps that failed: logical id and reason.
pub(super) type Failed = Vec<(String, String)>;

impl Drive<'_> {
    /// Takes the steps of one phase of a plan that are not done yet.
    pub(super) async fn run(&mut self, way: Way, phase: Phase, zeal: Zeal) -> Result<Failed, Error> {
        let plan = self.plan_of(way);
        let mut done = self.in_state(way, StepState::Done);
        let mut failed: Failed = Vec::new();
        let mut under_way = BTreeSet::new();
        let mut running: FuturesUnordered<BoxFuture<'static, Worked>> = FuturesUnordered::new();
        loop {
            let stopped = self.stop.load(Ordering::Relaxed) && way == Way::Forward && phase == Phase::Work;
            if !(stopped || zeal == Zeal::Stop && !failed.is_empty()) {
                loop {
                    let room = self.service.options.steps_max.saturating_sub(running.len());
                    let ready = ready(&plan, phase, &done, &under_way, room);
                    if ready.is_empty() {
                        break;
                    }
                    under_way.extend(ready.iter().map(|step| step.id));
                    let begun = self.begin(way, &ready, &mut done, &mut failed).await?;
                    running.extend(begun.into_iter().map(Work::take));
                }
            }
            let Some(worked) = running.next().await else { break };
            self.end(way, worked, &mut done, &mut failed).await?;
        }
        Ok(failed)
    }

    /// The plan of a way; empty where there is none.
    fn plan_of(&self, way: Way) -> Plan {
        match (way, &self.back) {
            (Way::Back, Some(back)) => back.clone(),
            _ => self.plan.clone(),
        }
    }

    /// The numbers of steps in a state.
    pub(super) fn in_state(&self, way: Way, state: StepState) -> BTreeSet<usize> {
        let steps = self.steps.iter().filter(|((found, _), record)| *found == way && record.state == state);
        steps.map(|((_, number), _)| *number).collect()
    }

    /// Notes that steps begin. Those that do nothing are done at once; the others are given back.
    async fn begin(
        &mut self,
        way: Way,
        ready: &[Step],
        done: &mut BTreeSet<usize>,
        failed: &mut Failed,
    ) -> Result<Vec<Work>, Error> {
        let cx = self.rights.context(self.service, &self.stack, &self.operation.deployer).await;
        let mut work = Vec::new();
        let mut intents = Vec::new();
        for step in ready {
            let intent = match self.intent(way, step) {
                Ok(intent) => intent,
                Err(reason) => Intent::Fail(reason),
            };
            intents.push((step, intent));
        }
        for record in self.note_begun(way, &intents).await? {
            self.steps.insert(record.0, record.1);
        }
        for (step, intent) in intents {
            match (intent, &cx) {
                (Intent::Fail(reason), _) => {
                    self.fail_step(way, step, reason, failed).await?;
                }
                (Intent::Nothing(change), _) => {
                    self.settle(way, step, change).await?;
                    done.insert(step.id);
                }
                (intent, Ok(cx)) => work.push(self.work(way, step, intent, cx)),
                (_, Err(error)) => {
                    let reason = error.message().to_owned();
                    self.fail_step(way, step, reason, failed).await?;
                }
            }
        }
        Ok(work)
    }

    /// Notes how a step ended.
    async fn end(
        &mut self,
        way: Way,
        worked: Worked,
        done: &mut BTreeSet<usize>,
        failed: &mut Failed,
    ) -> Result<(), Error> {
        let number = worked.step.id;
        let logical_id = worked.step.logical_id.clone();
        match self.note_ended(way, worked).await? {
            None => {
                done.insert(number);
            }
            Some(reason) => failed.push((logical_id, reason)),
        }
        Ok(())
    }
}

/// Steps of a phase that can begin, at most `room`.
fn ready(
    plan: &Plan,
    phase: Phase,
    done: &BTreeSet<usize>,
    under_way: &BTreeSet<usize>,
    room: usize,
) -> Vec<Step> {
    let ready = plan.ready(done).into_iter();
    ready.filter(|step| step.phase == phase && !under_way.contains(&step.id)).take(room).cloned().collect()
}
