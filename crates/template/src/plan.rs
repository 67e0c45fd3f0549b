//! What has to be done to make what is there what is wanted.

use std::collections::BTreeSet;
use std::fmt;

use weft_types::WorkloadName;

use crate::{Key, PartName, Resource, Resources};

/// An immutable list of steps. Printed, it has one line per step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    steps: Vec<Step>,
}

/// One step of a plan.
#[expect(clippy::large_enum_variant, reason = "a plan has some tens of steps, and is read by pattern")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Makes a resource.
    Create(Resource),
    /// Changes a resource in place.
    Update {
        /// As it is.
        from: Resource,
        /// As it is to be.
        to: Resource,
        /// What differs, as words for people.
        changed: Vec<&'static str>,
    },
    /// Removes a resource.
    Delete(Resource),
}

/// A wanted resource has a name that something else of the app has already.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} {}", match owner { Some(part) => format!("belongs to the part `{part}` of this app"), None => "is there already and was not made by `weft up`".to_owned() })]
pub struct Conflict {
    /// The resource.
    pub key: Key,
    /// The part that it belongs to; none for what was made without `weft up`.
    pub owner: Option<PartName>,
}

/// Plans how `current`, all that is there of the app, becomes `desired`, all that the part `part` wants. What belongs to
/// other parts stays as it is.
pub fn diff(current: &Resources, desired: &Resources, part: &PartName) -> Result<Plan, Vec<Conflict>> {
    let conflicts = conflicts(current, desired, part);
    if !conflicts.is_empty() {
        return Err(conflicts);
    }
    let swapped = swapped(current, desired, part);
    let replaced = |resource: &Resource| match resource {
        Resource::Function(function) => swapped.contains(&function.name),
        Resource::Service(service) => swapped.contains(&service.name),
        Resource::Route(route) => swapped.contains(&route.target),
        Resource::App(_) | Resource::Role(_) => false,
    };
    let own = |resource: &Resource| resource.part() == Some(part);
    let mut steps = Vec::new();
    // A name that changes its kind must be free before it is taken again, and free of routes before that.
    let early: BTreeSet<&Key> = current
        .iter()
        .filter(|(_, resource)| own(resource) && replaced(resource))
        .map(|(key, _)| key)
        .collect();
    steps.extend(
        current.iter().rev().filter(|(key, _)| early.contains(key)).map(|(_, r)| Step::Delete(r.clone())),
    );
    for (key, wanted) in desired.iter() {
        match current.get(key).filter(|_| !early.contains(key)) {
            None => steps.push(Step::Create(wanted.clone())),
            Some(there) => {
                let changed = there.changed(wanted);
                if !changed.is_empty() {
                    steps.push(Step::Update { from: there.clone(), to: wanted.clone(), changed });
                }
            }
        }
    }
    let gone =
        |key: &Key, resource: &Resource| own(resource) && desired.get(key).is_none() && !early.contains(key);
    steps.extend(current.iter().rev().filter(|(key, r)| gone(key, r)).map(|(_, r)| Step::Delete(r.clone())));
    Ok(Plan { steps })
}

/// Plans the removal of everything that is there of an app, or only of one workload with its role and routes.
pub fn removal(current: &Resources, workload: Option<&WorkloadName>) -> Plan {
    let goes = |resource: &Resource| match (workload, resource) {
        (None, _) => true,
        (Some(_), Resource::App(_)) => false,
        (Some(name), Resource::Role(role)) => role.workload == *name,
        (Some(name), Resource::Function(function)) => function.name == *name,
        (Some(name), Resource::Service(service)) => service.name == *name,
        (Some(name), Resource::Route(route)) => route.target == *name,
    };
    let resources = current.iter().rev().map(|(_, resource)| resource).filter(|resource| goes(resource));
    Plan { steps: resources.cloned().map(Step::Delete).collect() }
}

fn conflicts(current: &Resources, desired: &Resources, part: &PartName) -> Vec<Conflict> {
    let foreign =
        |resource: &Resource| !matches!(resource, Resource::App(_)) && resource.part() != Some(part);
    let mut found = Vec::new();
    for (key, _) in desired.iter() {
        let other_kind = match key {
            Key::Function(name) => Some(Key::Service(name.clone())),
            Key::Service(name) => Some(Key::Function(name.clone())),
            Key::App | Key::Role(_) | Key::Route { .. } => None,
        };
        for key in [Some(key.clone()), other_kind].into_iter().flatten() {
            if let Some(there) = current.get(&key).filter(|there| foreign(there)) {
                found.push(Conflict { owner: there.part().cloned(), key });
            }
        }
    }
    found
}

/// Names that are a function and are to become a service, or the other way round.
fn swapped(current: &Resources, desired: &Resources, part: &PartName) -> BTreeSet<WorkloadName> {
    let names = desired.iter().filter_map(|(key, _)| match key {
        Key::Function(name) => Some((name, Key::Service(name.clone()))),
        Key::Service(name) => Some((name, Key::Function(name.clone()))),
        Key::App | Key::Role(_) | Key::Route { .. } => None,
    });
    let own = |key: &Key| current.get(key).is_some_and(|there| there.part() == Some(part));
    names.filter(|(_, other)| own(other)).map(|(name, _)| name.clone()).collect()
}

impl Plan {
    /// The steps, in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// What is there once the plan has been carried out on `current`.
    #[must_use]
    pub fn applied_to(&self, current: &Resources) -> Resources {
        let mut resources = current.clone();
        for step in &self.steps {
            match step {
                Step::Create(resource) | Step::Update { to: resource, .. } => {
                    resources.insert(resource.clone());
                }
                Step::Delete(resource) => {
                    resources.remove(&resource.key());
                }
            }
        }
        resources
    }
}

impl Step {
    /// The resource that the step is about, as it will be, or as it was where it goes.
    pub fn resource(&self) -> &Resource {
        match self {
            Self::Create(resource) | Self::Delete(resource) | Self::Update { to: resource, .. } => resource,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self {
            Self::Create(_) => '+',
            Self::Update { .. } => '~',
            Self::Delete(_) => '-',
        };
        write!(f, "{sign} {}", self.resource().key())?;
        match (self, self.resource()) {
            (_, Resource::App(app)) => write!(f, " {}", app.name),
            (Self::Create(_), Resource::Route(route)) => write!(f, " → {}", route.target),
            (Self::Update { changed, .. }, _) => write!(f, " ({})", changed.join(", ")),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| writeln!(f, "{step}"))
    }
}
