//! Inline policies: of several roles, users and groups at once, or of one.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::grants::{KINDS, Kind};
use crate::convert;
use crate::handlers::parts::texts;
use crate::task::{Failure, Handler, Made, Outcome, Task};

/// `AWS::IAM::Policy`: one document for any number of roles, users and groups.
pub(super) struct Policy;

/// Who has the policy, and under which name.
type Places = BTreeSet<(Kind, String, String)>;

fn places(properties: Option<&Map<String, Json>>) -> Places {
    let policy = properties.and_then(|properties| properties.get("PolicyName")).map(convert::text);
    let policy = policy.unwrap_or_default();
    let of = |kind: Kind| {
        let names = texts(properties, kind.several);
        names.into_iter().map(move |name| (kind, name)).collect::<Vec<_>>()
    };
    KINDS.into_iter().flat_map(of).map(|(kind, name)| (kind, name, policy.clone())).collect()
}

async fn put_all(task: &Task<'_>, places: &Places) -> Result<(), Failure> {
    let document = task.get("PolicyDocument").cloned().unwrap_or_default();
    for (kind, name, policy) in places {
        kind.put(task, name, policy, &document).await?;
    }
    Ok(())
}

async fn delete_all(task: &Task<'_>, places: &Places) -> Result<(), Failure> {
    for (kind, name, policy) in places {
        kind.delete_inline(task, name, policy).await?;
    }
    Ok(())
}

fn wanted(task: &Task<'_>) -> Result<Places, Failure> {
    let places = places(Some(task.properties));
    if places.is_empty() {
        return Err(Failure::new("At least one of [Groups,Roles,Users] must be non-empty."));
    }
    Ok(places)
}

impl Handler for Policy {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let id = task.generated(128);
            put_all(task, &wanted(task)?).await.map_err(|failure| failure.leaving(&id))?;
            Ok(Made::of(&id).with("Id", id.as_str()))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let (before, after) = (places(task.previous), wanted(task)?);
            delete_all(task, &(&before - &after)).await?;
            let document = task.changed("PolicyDocument");
            put_all(task, &if document { after } else { &after - &before }).await?;
            Ok(task.same())
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move { delete_all(task, &places(Some(task.properties))).await })
    }
}

/// `AWS::IAM::RolePolicy`, `UserPolicy` and `GroupPolicy`: the policy of one.
pub(super) struct InlinePolicy(pub(super) Kind);

impl InlinePolicy {
    fn names(&self, task: &Task<'_>) -> (String, String) {
        (task.text(self.0.key).unwrap_or_default(), task.text("PolicyName").unwrap_or_default())
    }

    async fn put(&self, task: &Task<'_>) -> Result<Made, Failure> {
        let (name, policy) = self.names(task);
        let document =
            task.get("PolicyDocument").ok_or_else(|| Failure::new("PolicyDocument is required."))?;
        self.0.put(task, &name, &policy, document).await?;
        Ok(Made::of(format!("{policy}|{name}")))
    }
}

impl Handler for InlinePolicy {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(self.put(task))
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(self.put(task))
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move {
            let (name, policy) = self.names(task);
            self.0.delete_inline(task, &name, &policy).await
        })
    }
}
