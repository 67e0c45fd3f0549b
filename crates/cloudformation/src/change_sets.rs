//! Change sets: what would change, kept until it is executed or deleted.

use weft_service::{Error, Scope};
use weft_store::{Read, StoreError, WriteTx};

use crate::names::StackRef;
use crate::tables::{
    CHANGE_SETS, ChangeSetRecord, ORIGINAL, PROCESSED, STACKS, StackRecord, TEXTS, find, place,
};
use crate::{Cloudformation, errors};

/// A change set as a request names it.
#[derive(Debug, Clone)]
pub(crate) enum ChangeSetRef {
    /// By its name and its stack.
    Name(String, StackRef),
    /// By the name and the last part of its ARN.
    Id(String, String),
}

impl ChangeSetRef {
    /// Reads a name, which needs its stack, or an ARN.
    pub(crate) fn parse(text: &str, stack: Option<&str>, scope: &Scope) -> Result<Self, Error> {
        if text.starts_with("arn:") {
            let resource = text.split(':').nth(5).and_then(|resource| resource.strip_prefix("changeSet/"));
            let parts = resource.and_then(|resource| resource.split_once('/'));
            let (name, unique) = parts.ok_or_else(|| errors::no_change_set(text))?;
            return Ok(Self::Id(name.to_owned(), unique.to_owned()));
        }
        let Some(stack) = stack.filter(|stack| !stack.is_empty()) else {
            return Err(errors::validation(
                "StackName must be specified if ChangeSetName is not specified as an ARN.",
            ));
        };
        if !crate::names::is_name(text) {
            return Err(errors::validation(format!(
                "1 validation error detected: Value '{text}' at 'changeSetName' failed to satisfy constraint: Member must \
                 satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
            )));
        }
        Ok(Self::Name(text.to_owned(), StackRef::parse(stack, scope)?))
    }

    /// The resource of an access: the change set's stack, or the change set where only that is known.
    pub(crate) fn access(&self, scope: &Scope) -> String {
        match self {
            Self::Name(_, stack) => stack.access(scope),
            Self::Id(name, unique) => {
                scope.arn("cloudformation", &format!("changeSet/{name}/{unique}")).to_string()
            }
        }
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Name(name, _) | Self::Id(name, _) => name,
        }
    }
}

/// All change sets of a stack, the newest first.
pub(crate) fn of_stack(tx: &impl Read, unique: &str) -> Result<Vec<ChangeSetRecord>, StoreError> {
    let rows = CHANGE_SETS.query(&(unique,)).rows(tx)?;
    let mut sets: Vec<ChangeSetRecord> = rows.into_iter().map(|(_, record)| record).collect();
    sets.sort_by_key(|set| std::cmp::Reverse(set.created));
    Ok(sets)
}

/// A change set with its stack.
pub(crate) fn find_set(
    tx: &impl Read,
    scope: &Scope,
    wanted: &ChangeSetRef,
) -> Result<Option<(StackRecord, ChangeSetRecord)>, StoreError> {
    match wanted {
        ChangeSetRef::Name(name, stack) => {
            let Some(stack) = find(tx, scope, stack)? else { return Ok(None) };
            let set = of_stack(tx, &stack.unique)?.into_iter().find(|set| set.name == *name);
            Ok(set.map(|set| (stack, set)))
        }
        ChangeSetRef::Id(_, unique) => {
            let (account, region) = place(scope);
            for (_, stack) in STACKS.query(&(account, region.as_str())).rows(tx)? {
                if let Some(set) = CHANGE_SETS.get(tx, &(stack.unique.as_str(), unique.as_str()))? {
                    return Ok(Some((stack, set)));
                }
            }
            Ok(None)
        }
    }
}

/// Removes a change set and its texts.
pub(crate) fn remove(
    tx: &mut WriteTx<'_>,
    stack: &StackRecord,
    set: &ChangeSetRecord,
) -> Result<(), StoreError> {
    CHANGE_SETS.remove(tx, &(stack.unique.as_str(), set.unique.as_str()))?;
    TEXTS.remove(tx, &(set.unique.as_str(), ORIGINAL))?;
    TEXTS.remove(tx, &(set.unique.as_str(), PROCESSED))
}

impl Cloudformation {
    /// A change set with its stack, refusing what does not exist.
    pub(crate) async fn change_set(
        &self,
        scope: &Scope,
        wanted: &ChangeSetRef,
    ) -> Result<(StackRecord, ChangeSetRecord), Error> {
        let (scope, wanted) = (scope.clone(), wanted.clone());
        let work = move |tx: &weft_store::ReadTx<'_>| {
            find_set(tx, &scope, &wanted)?.ok_or_else(|| errors::no_change_set(wanted.name()))
        };
        self.store.read(work).await
    }
}
