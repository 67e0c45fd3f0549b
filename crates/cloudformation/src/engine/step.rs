//! What a step does to its resource.

use serde_json::{Map, Value as Json};
use weft_template::cloudformation::{Schema, Step, StepAction, compare};

use crate::engine::{Drive, Way};
use crate::stack_policy::{Update, denial};
use crate::tables::{OperationKind, ResourceRecord, StepRecord, json};

/// What is to be done in a step, or what is done already.
#[derive(Debug, Clone)]
pub(super) enum Intent {
    /// The resource is made, with these properties.
    Create(Map<String, Json>),
    /// Another one is made in its place.
    Replace(Map<String, Json>),
    /// It is changed from its properties to these.
    Update { from: Map<String, Json>, to: Map<String, Json> },
    /// This one is deleted.
    Delete(ResourceRecord),
    /// No service is asked; the stack's own records change as it says.
    Nothing(Change),
    /// It cannot even begin.
    Fail(String),
}

/// A change of the stack's records alone.
#[derive(Debug, Clone)]
pub(super) enum Change {
    None,
    /// Only the template's metadata is another.
    Metadata(Option<String>),
    /// The resource is what it was before its replacement.
    PutBack(Box<ResourceRecord>),
    /// The stack forgets the resource, which stays.
    Forget,
    /// What was replaced stays.
    Left(Box<ResourceRecord>),
    /// There is nothing to delete.
    Gone,
}

impl Drive<'_> {
    /// Decides what a step does; the reason where it cannot be told.
    pub(super) fn intent(&self, way: Way, step: &Step) -> Result<Intent, String> {
        let forward = self.forward_record(&step.logical_id);
        Ok(match step.action {
            StepAction::Create => Intent::Create(self.wanted(&step.logical_id)?),
            StepAction::Update => self.permitted(step, self.update(way, step)?)?,
            StepAction::Delete => self.removal(&step.logical_id),
            StepAction::Retain | StepAction::RetainNew => Intent::Nothing(Change::Forget),
            StepAction::DeleteOld => match forward {
                Some(record) if record.replaced => record.before.clone().map_or(NOTHING, Intent::Delete),
                _ => NOTHING,
            },
            StepAction::RetainOld => match forward {
                Some(StepRecord { replaced: true, before: Some(before), .. }) => {
                    Intent::Nothing(Change::Left(Box::new(before.clone())))
                }
                _ => NOTHING,
            },
            StepAction::Restore => self.restore(step, forward),
            StepAction::DeleteNew => self.delete_new(step, forward),
        })
    }

    /// What a resource shall be made of.
    fn wanted(&self, logical_id: &str) -> Result<Map<String, Json>, String> {
        let target = self.target.as_ref().ok_or("the template is gone")?;
        match target.properties(logical_id, &self.facts).map_err(|error| error.to_string())? {
            Json::Object(properties) => Ok(properties),
            _ => Ok(Map::new()),
        }
    }

    fn update(&self, way: Way, step: &Step) -> Result<Intent, String> {
        let to = self.wanted(&step.logical_id)?;
        let before = self.steps.get(&(way, step.id)).and_then(|record| record.before.as_ref());
        let Some(before) = before.or_else(|| self.resources.get(&step.logical_id)) else {
            return Ok(Intent::Create(to));
        };
        let from = object(&before.properties);
        if Schema::of(&step.kind).is_some_and(Schema::is_custom)
            && from.get("ServiceToken") != to.get("ServiceToken")
        {
            return Err("Modifying service token is not allowed.".to_owned());
        }
        let difference = compare(&step.kind, &Json::Object(from.clone()), &Json::Object(to.clone()));
        if difference.is_empty() {
            let target = self.target.as_ref().ok_or("the template is gone")?;
            let metadata =
                target.metadata(&step.logical_id, &self.facts).map_err(|error| error.to_string())?;
            return Ok(Intent::Nothing(Change::Metadata(metadata.map(|metadata| metadata.to_string()))));
        }
        Ok(if difference.replacement { Intent::Replace(to) } else { Intent::Update { from, to } })
    }

    /// Refuses what the stack's policy does not let an update do.
    fn permitted(&self, step: &Step, intent: Intent) -> Result<Intent, String> {
        let update = match &intent {
            Intent::Update { .. } => Update::Modify,
            Intent::Replace(_) => Update::Replace,
            _ => return Ok(intent),
        };
        match denial(self.operation.policy.as_deref(), update, &step.logical_id, &step.kind) {
            Some(reason) => Err(reason),
            None => Ok(intent),
        }
    }

    /// Why resources that the update removes cannot go.
    pub(super) fn removals_denied(&self) -> Vec<(String, String)> {
        let policy =
            self.operation.policy.as_deref().filter(|_| self.operation.kind == OperationKind::Update);
        let removed = self.plan.steps().iter().filter(|step| step.action == StepAction::Delete);
        let denied = removed.filter_map(|step| {
            Some((step.logical_id.clone(), denial(policy, Update::Delete, &step.logical_id, &step.kind)?))
        });
        denied.collect()
    }

    fn removal(&self, logical_id: &str) -> Intent {
        match self.resources.get(logical_id) {
            Some(record) if record.physical_id.is_some() => Intent::Delete(record.clone()),
            _ => Intent::Nothing(Change::Gone),
        }
    }

    /// Back to what it was before the update.
    fn restore(&self, step: &Step, forward: Option<&StepRecord>) -> Intent {
        let Some(StepRecord { before: Some(before), replaced, .. }) = forward else { return NOTHING };
        let Some(current) = self.resources.get(&step.logical_id) else {
            return Intent::Nothing(Change::PutBack(Box::new(before.clone())));
        };
        if *replaced {
            return Intent::Nothing(Change::PutBack(Box::new(before.clone())));
        }
        let wanted = self.wanted(&step.logical_id).unwrap_or_default();
        let to = object(&before.properties);
        // An update that failed, or did not come to its end, may have changed a part.
        let from = if wanted.is_empty() { object(&current.properties) } else { wanted };
        if from == to { NOTHING } else { Intent::Update { from, to } }
    }

    /// What a creation or a replacement made is deleted.
    fn delete_new(&self, step: &Step, forward: Option<&StepRecord>) -> Intent {
        match forward {
            Some(StepRecord { replaced: true, .. }) => {
                let put_back = self.back_record(&step.logical_id, StepAction::Restore);
                put_back.and_then(|record| record.before.clone()).map_or(NOTHING, Intent::Delete)
            }
            Some(StepRecord { before: None, .. }) => self.removal(&step.logical_id),
            _ => NOTHING,
        }
    }

    /// The note of the step that made or changed a resource on the way forward.
    fn forward_record(&self, logical_id: &str) -> Option<&StepRecord> {
        let made = |step: &&Step| {
            step.logical_id == logical_id && matches!(step.action, StepAction::Create | StepAction::Update)
        };
        let step = self.plan.steps().iter().find(made)?;
        self.steps.get(&(Way::Forward, step.id))
    }

    fn back_record(&self, logical_id: &str, action: StepAction) -> Option<&StepRecord> {
        let steps = self.back.as_ref()?.steps();
        let step = steps.iter().find(|step| step.logical_id == logical_id && step.action == action)?;
        self.steps.get(&(Way::Back, step.id))
    }
}

const NOTHING: Intent = Intent::Nothing(Change::None);

/// An object from a record's text.
pub(super) fn object(text: &str) -> Map<String, Json> {
    match json(text) {
        Json::Object(fields) => fields,
        _ => Map::new(),
    }
}
