//! `ExecuteChangeSet`: carries out what a change set says.

use std::collections::BTreeMap;

use weft_model::cloudformation as model;
use weft_service::{Access, Context, Error, Operation, Scope};
use weft_template::cloudformation::Given;

use crate::begin::{Manner, require_can_update};
use crate::change_sets::{ChangeSetRef, of_stack, remove};
use crate::prepare::{Identity, Source, Submitted};
use crate::status::StackStatus;
use crate::tables::{CHANGE_SETS, ChangeSetRecord, ORIGINAL, OnFailure, StackRecord, text};
use crate::{Cloudformation, errors, request, shown};

/// A parsed `ExecuteChangeSet` request.
#[derive(Debug)]
pub(crate) struct ExecuteChangeSet {
    change_set: ChangeSetRef,
    token: Option<String>,
    disable_rollback: Option<bool>,
}

impl Operation for ExecuteChangeSet {
    const NAME: &'static str = "ExecuteChangeSet";
    type Service = Cloudformation;
    type Input = model::ExecuteChangeSetInput;
    type Output = model::ExecuteChangeSetOutput;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let change_set = ChangeSetRef::parse(&input.change_set_name, input.stack_name.as_deref(), scope)?;
        Ok(Self { change_set, token: input.client_request_token, disable_rollback: input.disable_rollback })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        let access = Access::to("cloudformation:ExecuteChangeSet", self.change_set.access(scope));
        vec![access.with("cloudformation:ChangeSetName", self.change_set.name())]
    }

    async fn run(self, service: &Cloudformation, cx: &Context) -> Result<Self::Output, Error> {
        let (stack, set) = service.change_set(&cx.scope, &self.change_set).await?;
        if set.execution != "AVAILABLE" {
            // The same request again.
            if self.token.is_some() && stack.token == self.token {
                return Ok(model::ExecuteChangeSetOutput {});
            }
            let arn = shown::change_set_arn(&stack, &set);
            let message = format!(
                "ChangeSet [{arn}] cannot be executed in its current execution status of [{}]",
                set.execution
            );
            return Err(Error::new("InvalidChangeSetStatusException", message));
        }
        let manner = Manner {
            token: self.token,
            on_failure: on_failure(&set, self.disable_rollback)?,
            change_set: Some(shown::change_set_arn(&stack, &set)),
            protected: None,
            policy: None,
            policy_meanwhile: None,
        };
        let submitted = service.submitted_by(&set).await?;
        let identity = Identity { name: stack.name.clone(), id: stack.id() };
        if stack.status == StackStatus::ReviewInProgress {
            let prepared = service.prepare(cx, &identity, submitted, None).await?;
            service.begin_create(cx, &identity, prepared, manner).await?;
        } else {
            require_can_update(&stack)?;
            let prepared = service.prepare(cx, &identity, submitted, Some(&stack)).await?;
            service.begin_update(cx, &stack, prepared, manner).await?;
        }
        service.executed(&stack, &set).await?;
        Ok(model::ExecuteChangeSetOutput {})
    }
}

fn on_failure(set: &ChangeSetRecord, disable_rollback: Option<bool>) -> Result<OnFailure, Error> {
    match (disable_rollback, set.on_failure.as_deref()) {
        (Some(disabled), None) => request::on_failure(Some(disabled), None),
        (None, said) => request::on_failure(None, said),
        (Some(_), Some(_)) => Err(errors::validation(
            "DisableRollback cannot be specified where the change set says OnStackFailure.",
        )),
    }
}

impl Cloudformation {
    /// What was submitted for a change set.
    async fn submitted_by(&self, set: &ChangeSetRecord) -> Result<Submitted, Error> {
        let unique = set.unique.clone();
        let found = self.store.read(move |tx| Ok::<_, Error>(text(tx, &unique, ORIGINAL)?)).await?;
        let original = found.ok_or_else(|| errors::no_change_set(&set.name))?;
        let settings = &set.settings;
        let given = settings.given.iter().map(|(key, value)| (key.clone(), Given::Value(value.clone())));
        Ok(Submitted {
            source: Source::Kept(original),
            given: given.collect::<BTreeMap<_, _>>(),
            tags: Some(settings.tags.clone()),
            capabilities: settings.capabilities.clone(),
            role: settings.role.clone(),
            notification_arns: Some(settings.notification_arns.clone()),
            timeout_minutes: settings.timeout_minutes,
        })
    }

    /// The executed change set is kept with its stack's history, the others of the stack go.
    async fn executed(&self, stack: &StackRecord, executed: &ChangeSetRecord) -> Result<(), Error> {
        let (stack, executed) = (stack.clone(), executed.clone());
        self.store
            .write(move |tx| {
                for set in of_stack(tx, &stack.unique)? {
                    if set.unique != executed.unique {
                        remove(tx, &stack, &set)?;
                    }
                }
                let record = ChangeSetRecord { execution: "EXECUTE_COMPLETE".to_owned(), ..executed.clone() };
                Ok::<_, Error>(CHANGE_SETS.insert(
                    tx,
                    &(stack.unique.clone(), record.unique.clone()),
                    &record,
                )?)
            })
            .await
    }
}
