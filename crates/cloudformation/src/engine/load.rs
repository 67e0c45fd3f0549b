//! Reads what an operation needs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use weft_service::Error;
use weft_store::ReadTx;
use weft_template::cloudformation::{Environment, Plan, Stack};
use weft_types::{AccountId, Region};

use crate::Cloudformation;
use crate::engine::deployer::Rights;
use crate::engine::{Drive, Way};
use crate::known::Facts;
use crate::prepare::{Identity, standing};
use crate::tables::{
    OPERATIONS, OperationRecord, PROCESSED, ResourceRecord, STACKS, STEPS, Settings, StackKey, StackRecord,
    StepRecord, resources, text,
};
use crate::task::StackFacts;

/// What the store has of an operation.
struct Stored {
    stack: StackRecord,
    operation: OperationRecord,
    processed: Option<String>,
    resources: BTreeMap<String, ResourceRecord>,
    steps: BTreeMap<(Way, usize), StepRecord>,
}

impl<'a> Drive<'a> {
    /// Reads an operation; none where the stack has none.
    pub(super) async fn load(
        service: &'a Arc<Cloudformation>,
        key: &StackKey,
        stop: &'a AtomicBool,
    ) -> Result<Option<Self>, Error> {
        let key = key.clone();
        let Some(stored) = service.store.read(move |tx| read(tx, &key)).await? else { return Ok(None) };
        let Stored { stack, operation, processed, resources, steps } = stored;
        let plan = |text: &str| serde_json::from_str::<Plan>(text).map_err(Error::internal);
        let (forward, back) = (plan(&operation.plan)?, operation.back.as_deref().map(plan).transpose()?);
        let target = match processed.filter(|_| operation.kind != crate::tables::OperationKind::Delete) {
            Some(processed) => Some(service.standing(&stack, &processed, &operation.settings)?),
            None => None,
        };
        let imports = match &target {
            Some(target) => service.known_imports(&stack, target).await?,
            None => BTreeMap::new(),
        };
        let facts = Facts::of(&resources, imports);
        let stack_facts = Arc::new(facts_of(&stack, &operation.settings));
        let rights = Rights::default();
        if operation.cancelled {
            stop.store(true, Ordering::Relaxed);
        }
        Ok(Some(Self {
            service,
            stop,
            stack,
            operation,
            plan: forward,
            back,
            target,
            resources,
            steps,
            facts,
            stack_facts,
            rights,
        }))
    }
}

fn read(tx: &ReadTx<'_>, key: &StackKey) -> Result<Option<Stored>, Error> {
    let unique = key.2.as_str();
    let (Some(stack), Some(operation)) = (STACKS.get(tx, key)?, OPERATIONS.get(tx, &(unique,))?) else {
        return Ok(None);
    };
    let rows = STEPS.query(&(operation.id.as_str(),)).rows(tx)?;
    let steps = rows.into_iter().map(|((_, way, number), record)| {
        let way = if way == 0 { Way::Forward } else { Way::Back };
        ((way, usize::try_from(number).unwrap_or(usize::MAX)), record)
    });
    Ok(Some(Stored {
        processed: text(tx, unique, PROCESSED)?,
        resources: resources(tx, unique)?,
        steps: steps.collect(),
        stack,
        operation,
    }))
}

fn facts_of(stack: &StackRecord, settings: &Settings) -> StackFacts {
    StackFacts {
        id: stack.id(),
        name: stack.name.clone(),
        account: format!("{:012}", stack.account),
        region: stack.region.clone(),
        tags: settings.tags.clone(),
        capabilities: settings.capabilities.clone(),
    }
}

impl Cloudformation {
    /// What the pseudo parameters say in a stack.
    pub(crate) fn environment_of(
        &self,
        stack: &StackRecord,
        settings: &Settings,
    ) -> Result<Environment, Error> {
        let scope = weft_service::Scope {
            account: AccountId::parse(&format!("{:012}", stack.account))
                .map_err(|error| Error::internal(error.to_string()))?,
            region: Region::parse(&stack.region).map_err(|error| Error::internal(error.to_string()))?,
            now: self.clock.now(),
        };
        let identity = Identity { name: stack.name.clone(), id: stack.id() };
        Ok(self.environment(&scope, &identity, &settings.notification_arns))
    }

    /// A stack as its processed document and settings say it.
    pub(crate) fn standing(
        &self,
        stack: &StackRecord,
        processed: &str,
        settings: &Settings,
    ) -> Result<Stack, Error> {
        let environment = self.environment_of(stack, settings)?;
        standing(processed, settings, &environment).map_err(|error| crate::errors::template(&error))
    }

    /// Values of the exports that a stack imports; those that are not there are left out.
    async fn known_imports(
        &self,
        stack: &StackRecord,
        target: &Stack,
    ) -> Result<BTreeMap<String, String>, Error> {
        let names: Vec<String> = target.imports().keys().cloned().collect();
        let (account, region) = (stack.account, stack.region.clone());
        let work = move |tx: &ReadTx<'_>| {
            let mut found = BTreeMap::new();
            for name in names {
                if let Some(export) =
                    crate::tables::EXPORTS.get(tx, &(account, region.as_str(), name.as_str()))?
                {
                    found.insert(name, export.value);
                }
            }
            Ok::<_, Error>(found)
        };
        self.store.read(work).await
    }
}
