//! Begins operations of stacks: the plan and all that it needs, stored in one transaction with the stack's new state.

use std::collections::{BTreeMap, BTreeSet};

use weft_service::{Access, Context, Error, Scope, request_id};
use weft_store::{Read, StoreError, WriteTx};
use weft_template::cloudformation::{Changes, Old, Plan, Stack, diff};
use weft_types::Timestamp;

use crate::engine::{ORIGINAL_BEFORE, drop_kept};
use crate::known::Facts;
use crate::names::StackRef;
use crate::prepare::{Identity, Prepared};
use crate::status::StackStatus;
use crate::tables::{
    BEFORE, Deployer, NAMES, Named, OPERATIONS, ORIGINAL, OnFailure, OperationKind, OperationRecord,
    PROCESSED, ResourceRecord, STACKS, Settings, StackRecord, Stage, enter, find, place, resources, set_text,
    text,
};
use crate::{Cloudformation, errors};

/// What a caller says about an operation beside the template.
#[derive(Debug, Clone)]
pub(crate) struct Manner {
    pub(crate) token: Option<String>,
    pub(crate) on_failure: OnFailure,
    pub(crate) change_set: Option<String>,
    pub(crate) protected: Option<bool>,
    pub(crate) policy: Option<String>,
    /// The policy that stands for the stack's own while the operation goes on.
    pub(crate) policy_meanwhile: Option<String>,
}

/// A stack as it stands.
pub(crate) struct Standing {
    pub(crate) stack: Stack,
    pub(crate) resources: BTreeMap<String, ResourceRecord>,
}

impl Standing {
    /// Physical ids of what exists.
    pub(crate) fn physical_ids(&self) -> BTreeMap<String, String> {
        let made = self
            .resources
            .iter()
            .filter_map(|(logical_id, record)| Some((logical_id.clone(), record.physical_id.clone()?)));
        made.collect()
    }
}

/// What leads from a stack as it stands to the one that is prepared.
pub(crate) struct Way {
    pub(crate) changes: Changes,
    pub(crate) plan: Plan,
}

impl Cloudformation {
    /// With whose rights an operation goes on.
    pub(crate) fn deployer(cx: &Context, role: Option<&str>) -> Result<Deployer, Error> {
        if let Some(role) = role {
            return Ok(Deployer::Role(role.to_owned()));
        }
        match &cx.access_key_id {
            Some(id) => Ok(Deployer::Key {
                id: id.to_string(),
                token: cx.session_token.as_deref().map(str::to_owned),
            }),
            None => Err(errors::validation(
                "A stack's operation needs the credentials of a user or role, or a RoleARN.",
            )),
        }
    }

    /// As [`Self::deployer`]; a nested stack's operation goes on with the rights of the operation that it is a step of, and has its
    /// role from then on.
    async fn deployer_of(&self, cx: &Context, role: &mut Option<String>) -> Result<Deployer, Error> {
        if let Some(parent) = nesting(cx) {
            let unique = parent.rsplit('/').next().unwrap_or_default().to_owned();
            let found = self.store.read(move |tx| Ok::<_, Error>(OPERATIONS.get(tx, &(unique.as_str(),))?));
            if let Some(operation) = found.await? {
                if let Deployer::Role(of_parent) = &operation.deployer {
                    *role = Some(of_parent.clone());
                }
                return Ok(operation.deployer);
            }
        }
        Self::deployer(cx, role.as_deref())
    }

    /// A stack as it stands; none where nothing was deployed yet.
    pub(crate) async fn standing_of(&self, record: &StackRecord) -> Result<Option<Standing>, Error> {
        let unique = record.unique.clone();
        let work = move |tx: &weft_store::ReadTx<'_>| {
            Ok::<_, Error>((text(tx, &unique, PROCESSED)?, resources(tx, &unique)?))
        };
        let (processed, resources) = self.store.read(work).await?;
        let Some(processed) = processed.filter(|_| record.status != StackStatus::ReviewInProgress) else {
            return Ok(None);
        };
        let stack = self.standing(record, &processed, &record.settings)?;
        Ok(Some(Standing { stack, resources }))
    }

    /// The changes and the plan that lead from what stands to what is prepared.
    pub(crate) fn way(standing: Option<&Standing>, prepared: &Prepared) -> Result<Way, Error> {
        let ids = standing.map(Standing::physical_ids).unwrap_or_default();
        let old = standing.map(|standing| Old { stack: &standing.stack, physical_ids: &ids });
        let none = BTreeMap::new();
        let facts =
            Facts::of(standing.map_or(&none, |standing| &standing.resources), prepared.imports.clone());
        let changes =
            diff(old.as_ref(), &prepared.stack, &facts).map_err(|error| errors::template(&error))?;
        let plan = Plan::of(&changes, old.as_ref(), &prepared.stack);
        Ok(Way { changes, plan })
    }

    /// Begins to create a stack. One that a change set reserved keeps its id.
    pub(crate) async fn begin_create(
        &self,
        cx: &Context,
        identity: &Identity,
        mut prepared: Prepared,
        manner: Manner,
    ) -> Result<StackRecord, Error> {
        let way = Self::way(None, &prepared)?;
        let deployer = self.deployer_of(cx, &mut prepared.settings.role).await?;
        let operation =
            operation(OperationKind::Create, &way.plan, deployer, &prepared.settings, &manner, cx.scope.now)?;
        let (scope, unique) = (cx.scope.clone(), unique_of(identity));
        let (name, nested) = (identity.name.clone(), nesting(cx));
        let stored = self.store.write(move |tx| {
            let (account, region) = place(&scope);
            if let Some(named) = NAMES.get(tx, &(account, region.as_str(), name.as_str()))?
                && named.unique != unique
            {
                return Err(already_exists(&name));
            }
            let mut stack = new_stack(&name, &unique, account, &region, scope.now);
            if let Some(found) = STACKS.get(tx, &stack.key())? {
                if found.status != StackStatus::ReviewInProgress {
                    return Err(already_exists(&name));
                }
                stack = found;
            }
            NAMES.insert(tx, &(account, region, name.clone()), &Named { unique: unique.clone() })?;
            stack.root = nested.as_deref().map(|parent| root_of(tx, &scope, parent)).transpose()?;
            stack.parent.clone_from(&nested);
            apply(&mut stack, &prepared.settings, &manner, &operation);
            set_text(tx, &unique, ORIGINAL, &prepared.original)?;
            set_text(tx, &unique, PROCESSED, &prepared.processed)?;
            OPERATIONS.insert(tx, &(unique.clone(),), &operation)?;
            enter(tx, &mut stack, StackStatus::CreateInProgress, Some(INITIATED), scope.now)?;
            Ok::<_, Error>(stack)
        });
        let stack = stored.await?;
        self.start(stack.key());
        self.tell();
        Ok(stack)
    }

    /// Begins to update a stack. Fails where there is nothing to change.
    pub(crate) async fn begin_update(
        &self,
        cx: &Context,
        stack: &StackRecord,
        mut prepared: Prepared,
        manner: Manner,
    ) -> Result<StackRecord, Error> {
        let standing = self.standing_of(stack).await?;
        let way = Self::way(standing.as_ref(), &prepared)?;
        let same_tags = prepared.settings.tags == stack.settings.tags;
        if way.changes.is_empty() && same_tags {
            return Err(errors::validation("No updates are to be performed."));
        }
        let deployer = self.deployer_of(cx, &mut prepared.settings.role).await?;
        let operation =
            operation(OperationKind::Update, &way.plan, deployer, &prepared.settings, &manner, cx.scope.now)?;
        let (key, now) = (stack.key(), cx.scope.now);
        let stored = self.store.write(move |tx| {
            let mut stack = STACKS.get(tx, &key)?.ok_or_else(|| errors::no_stack(&key.2))?;
            require_can_update(&stack)?;
            let operation = OperationRecord {
                before: stack.settings.clone(),
                outputs_before: stack.outputs.clone(),
                policy: operation.policy.clone().or_else(|| stack.policy.clone()),
                ..operation.clone()
            };
            drop_kept(tx, &stack)?;
            keep_texts(tx, &stack)?;
            set_text(tx, &stack.unique, ORIGINAL, &prepared.original)?;
            set_text(tx, &stack.unique, PROCESSED, &prepared.processed)?;
            stack.updated = Some(now);
            stack.last_operation = Some(operation.id.clone());
            stack.token.clone_from(&manner.token);
            stack.change_set.clone_from(&manner.change_set);
            stack.settings.role.clone_from(&operation.settings.role);
            if let Some(policy) = &manner.policy {
                stack.policy = Some(policy.clone());
            }
            OPERATIONS.insert(tx, &(stack.unique.clone(),), &operation)?;
            enter(tx, &mut stack, StackStatus::UpdateInProgress, Some(INITIATED), now)?;
            Ok::<_, Error>(stack)
        });
        let stack = stored.await?;
        self.start(stack.key());
        self.tell();
        Ok(stack)
    }

    /// Begins to delete a stack. One that is deleted, or never was, is no error.
    pub(crate) async fn begin_delete(
        &self,
        cx: &Context,
        stack: &StackRecord,
        role: Option<&str>,
        retain: BTreeSet<String>,
        token: Option<String>,
    ) -> Result<(), Error> {
        let standing = self.standing_of(stack).await?;
        let plan = match &standing {
            Some(standing) => {
                let ids = standing.physical_ids();
                Plan::removal(&Old { stack: &standing.stack, physical_ids: &ids }, &retain)
            }
            None => Plan::default(),
        };
        let mut role = role.map(str::to_owned).or_else(|| stack.settings.role.clone());
        let deployer = self.deployer_of(cx, &mut role).await?;
        let on_failure = OnFailure::DoNothing;
        let manner = Manner {
            token,
            on_failure,
            change_set: None,
            protected: None,
            policy: None,
            policy_meanwhile: None,
        };
        let operation =
            operation(OperationKind::Delete, &plan, deployer, &stack.settings, &manner, cx.scope.now)?;
        let (key, now) = (stack.key(), cx.scope.now);
        let stored = self.store.write(move |tx| {
            let mut stack = STACKS.get(tx, &key)?.ok_or_else(|| errors::no_stack(&key.2))?;
            if matches!(stack.status, StackStatus::DeleteComplete | StackStatus::DeleteInProgress) {
                return Ok(false);
            }
            if stack.status.is_busy() {
                return Err(busy(&stack, "delete"));
            }
            drop_kept(tx, &stack)?;
            stack.last_operation = Some(operation.id.clone());
            stack.token.clone_from(&operation.token);
            OPERATIONS.insert(tx, &(stack.unique.clone(),), &operation)?;
            enter(tx, &mut stack, StackStatus::DeleteInProgress, Some(INITIATED), now)?;
            Ok::<_, Error>(true)
        });
        if stored.await? {
            self.start(stack.key());
            self.tell();
        }
        Ok(())
    }

    /// A stack in review, which a change set makes before there is anything in it.
    pub(crate) async fn reserve(&self, cx: &Context, name: &str) -> Result<StackRecord, Error> {
        let (scope, name, unique) = (cx.scope.clone(), name.to_owned(), request_id());
        self.store
            .write(move |tx| {
                let (account, region) = place(&scope);
                if let Some(named) = NAMES.get(tx, &(account, region.as_str(), name.as_str()))? {
                    let found = STACKS.get(tx, &(account, region, named.unique))?;
                    return found.ok_or_else(|| errors::no_stack(&name));
                }
                let mut stack = new_stack(&name, &unique, account, &region, scope.now);
                NAMES.insert(tx, &(account, region, name.clone()), &Named { unique: unique.clone() })?;
                enter(tx, &mut stack, StackStatus::ReviewInProgress, Some(INITIATED), scope.now)?;
                Ok::<_, Error>(stack)
            })
            .await
    }
}

const INITIATED: &str = "User Initiated";

/// The access of handing a role to `CloudFormation`.
pub(crate) fn pass_role(role: &str) -> Access {
    Access::to("iam:PassRole", role).with("iam:PassedToService", "cloudformation.amazonaws.com")
}

fn already_exists(name: &str) -> Error {
    Error::new("AlreadyExistsException", format!("Stack [{name}] already exists"))
}

/// Refuses an update of a stack that is not in a state for it.
pub(crate) fn require_can_update(stack: &StackRecord) -> Result<(), Error> {
    if stack.status.can_update() { Ok(()) } else { Err(busy(stack, "updated")) }
}

fn busy(stack: &StackRecord, verb: &str) -> Error {
    let (id, status) = (stack.id(), stack.status.as_str());
    match verb {
        "delete" => {
            errors::validation(format!("Stack [{}] cannot be deleted while in status {status}", stack.name))
        }
        _ => errors::validation(format!("Stack:{id} is in {status} state and can not be {verb}.")),
    }
}

fn unique_of(identity: &Identity) -> String {
    identity.id.rsplit('/').next().unwrap_or("").to_owned()
}

/// The outermost of the stacks that a stack in `parent` is nested in.
fn root_of(tx: &impl Read, scope: &Scope, parent: &str) -> Result<String, Error> {
    let found = find(tx, scope, &StackRef::parse(parent, scope)?)?;
    Ok(found.and_then(|found| found.root).unwrap_or_else(|| parent.to_owned()))
}

/// The stack whose step this is, where it is one's.
pub(crate) fn nesting(cx: &Context) -> Option<String> {
    cx.source_arn.as_deref().filter(|source| source.contains(":cloudformation:")).map(str::to_owned)
}

fn new_stack(name: &str, unique: &str, account: u64, region: &str, now: Timestamp) -> StackRecord {
    StackRecord {
        name: name.to_owned(),
        unique: unique.to_owned(),
        account,
        region: region.to_owned(),
        status: StackStatus::ReviewInProgress,
        reason: None,
        created: now,
        updated: None,
        deleted: None,
        settings: Settings::default(),
        outputs: Vec::new(),
        parent: None,
        root: None,
        protected: false,
        policy: None,
        change_set: None,
        next_event: 0,
        last_operation: None,
        token: None,
        disable_rollback: false,
    }
}

fn apply(stack: &mut StackRecord, settings: &Settings, manner: &Manner, operation: &OperationRecord) {
    stack.settings = settings.clone();
    stack.token.clone_from(&manner.token);
    stack.change_set.clone_from(&manner.change_set);
    stack.last_operation = Some(operation.id.clone());
    stack.protected = manner.protected.unwrap_or(false);
    stack.policy.clone_from(&manner.policy);
    stack.disable_rollback = manner.on_failure == OnFailure::DoNothing;
}

/// Keeps what stands for a way back.
fn keep_texts(tx: &mut WriteTx<'_>, stack: &StackRecord) -> Result<(), StoreError> {
    for (from, to) in [(PROCESSED, BEFORE), (ORIGINAL, ORIGINAL_BEFORE)] {
        if let Some(found) = text(tx, &stack.unique, from)? {
            set_text(tx, &stack.unique, to, &found)?;
        }
    }
    Ok(())
}

fn operation(
    kind: OperationKind,
    plan: &Plan,
    deployer: Deployer,
    settings: &Settings,
    manner: &Manner,
    now: Timestamp,
) -> Result<OperationRecord, Error> {
    Ok(OperationRecord {
        id: request_id(),
        kind,
        began: now,
        deployer,
        stage: Stage::Work,
        plan: serde_json::to_string(plan).map_err(Error::internal)?,
        back: None,
        settings: settings.clone(),
        before: Settings::default(),
        outputs_before: Vec::new(),
        token: manner.token.clone(),
        on_failure: manner.on_failure,
        skip: Vec::new(),
        cancelled: false,
        policy: manner.policy_meanwhile.clone(),
    })
}
