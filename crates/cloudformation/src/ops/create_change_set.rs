//! `CreateChangeSet`: computes what would change; nothing does. A stack that is not there yet is made, in review.

use weft_model::cloudformation as model;
use weft_service::{Access, Context, Error, Operation, Scope, request_id};
use weft_store::WriteTx;

use crate::begin::require_can_update;
use crate::change_sets::{of_stack, remove};
use crate::names::{StackRef, is_name};
use crate::prepare::{Identity, Prepared, Submitted};
use crate::status::StackStatus;
use crate::tables::{
    CHANGE_SETS, ChangeSetRecord, ORIGINAL, PROCESSED, Settings, StackRecord, find, set_text,
};
use crate::{Cloudformation, errors, request, shown};

/// Change sets that a stack may have.
const SETS_MAX: usize = 1000;
/// Why a change set without changes fails; tools look for its beginning.
const NO_CHANGES: &str = "The submitted information didn't contain changes. Submit different information to create a \
                          change set.";

/// What a change set is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Create,
    Update,
}

/// A parsed `CreateChangeSet` request.
#[derive(Debug)]
pub(crate) struct CreateChangeSet {
    stack: StackRef,
    name: String,
    kind: Kind,
    submitted: Submitted,
    description: Option<String>,
    token: Option<String>,
    on_failure: Option<String>,
    include_nested: bool,
    import_existing: bool,
    mode: Option<String>,
}

impl Operation for CreateChangeSet {
    const NAME: &'static str = "CreateChangeSet";
    type Service = Cloudformation;
    type Input = model::CreateChangeSetInput;
    type Output = model::CreateChangeSetOutput;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        if !is_name(&input.change_set_name) {
            return Err(errors::validation(format!(
                "1 validation error detected: Value '{}' at 'changeSetName' failed to satisfy constraint: Member must \
                 satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*",
                input.change_set_name
            )));
        }
        let kind = match input.change_set_type.as_deref() {
            None | Some("UPDATE") => Kind::Update,
            Some("CREATE") => Kind::Create,
            Some(_) => {
                let message = "Importing resources into stacks is not implemented by this version of Weft.";
                return Err(Error::new("NotImplemented", message).with_status(501));
            }
        };
        let submitted = Submitted {
            source: request::source(input.template_body, input.template_url, input.use_previous_template)?,
            given: request::parameters(input.parameters)?,
            tags: request::tags(input.tags)?,
            capabilities: input.capabilities.unwrap_or_default(),
            role: input.role_arn.filter(|role| !role.is_empty()),
            notification_arns: input.notification_ar_ns,
            timeout_minutes: None,
        };
        Ok(Self {
            stack: StackRef::parse(&input.stack_name, scope)?,
            name: input.change_set_name,
            kind,
            submitted,
            description: input.description,
            token: input.client_token,
            on_failure: input.on_stack_failure,
            include_nested: input.include_nested_stacks == Some(true),
            import_existing: input.import_existing_resources == Some(true),
            mode: input.deployment_mode,
        })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        let mut accesses =
            request::accesses("cloudformation:CreateChangeSet", &self.stack, &self.submitted, scope);
        accesses[0] = accesses[0].clone().with("cloudformation:ChangeSetName", self.name.clone());
        accesses
    }

    async fn run(self, service: &Cloudformation, cx: &Context) -> Result<Self::Output, Error> {
        let stack = self.stack_for(service, cx).await?;
        let identity = Identity { name: stack.name.clone(), id: stack.id() };
        let stands = Some(&stack).filter(|stack| stack.status != StackStatus::ReviewInProgress);
        let submitted = self.submitted.clone();
        let prepared = match service.prepare(cx, &identity, submitted, stands).await {
            Ok(prepared) => prepared,
            Err(error) => return Err(service.forget_empty(&stack, error).await),
        };
        let standing = if stands.is_some() { service.standing_of(&stack).await? } else { None };
        let way = Cloudformation::way(standing.as_ref(), &prepared)?;
        let same_tags = stands.is_some_and(|stands| stands.settings.tags == prepared.settings.tags);
        let is_empty = way.changes.is_empty() && same_tags;
        let changes = serde_json::to_string(way.changes.changes()).map_err(Error::internal)?;
        let record = self.record(&prepared.settings, changes, is_empty, cx);
        let answer = model::CreateChangeSetOutput {
            id: Some(shown::change_set_arn(&stack, &record)),
            stack_id: Some(stack.id()),
        };
        service.store.write(move |tx| store(tx, &stack, &record, &prepared)).await?;
        service.tell();
        Ok(answer)
    }
}

impl CreateChangeSet {
    /// The stack that it is for.
    async fn stack_for(&self, service: &Cloudformation, cx: &Context) -> Result<StackRecord, Error> {
        let (scope, named) = (cx.scope.clone(), self.stack.clone());
        let found = service.store.read(move |tx| Ok::<_, Error>(find(tx, &scope, &named)?)).await?;
        match (self.kind, found) {
            (Kind::Update, None) => {
                Err(errors::validation(format!("Stack [{}] does not exist", self.stack.name())))
            }
            (_, Some(found)) if found.status == StackStatus::ReviewInProgress => Ok(found),
            (Kind::Update, Some(found)) => require_can_update(&found).map(|()| found),
            (Kind::Create, None) => service.reserve(cx, self.stack.name()).await,
            (Kind::Create, Some(found)) => Err(errors::validation(format!(
                "Stack [{}] already exists and cannot be created again with the changeSet [{}].",
                found.name, self.name
            ))),
        }
    }

    fn record(&self, settings: &Settings, changes: String, is_empty: bool, cx: &Context) -> ChangeSetRecord {
        let (status, execution) =
            if is_empty { ("FAILED", "UNAVAILABLE") } else { ("CREATE_COMPLETE", "AVAILABLE") };
        ChangeSetRecord {
            name: self.name.clone(),
            unique: request_id(),
            kind: if self.kind == Kind::Create { "CREATE" } else { "UPDATE" }.to_owned(),
            created: cx.scope.now,
            status: status.to_owned(),
            reason: is_empty.then(|| NO_CHANGES.to_owned()),
            execution: execution.to_owned(),
            description: self.description.clone(),
            settings: settings.clone(),
            on_failure: self.on_failure.clone(),
            include_nested: self.include_nested,
            import_existing: self.import_existing,
            mode: self.mode.clone(),
            changes,
            client_token: self.token.clone(),
        }
    }
}

fn store(
    tx: &mut WriteTx<'_>,
    stack: &StackRecord,
    record: &ChangeSetRecord,
    prepared: &Prepared,
) -> Result<(), Error> {
    let sets = of_stack(tx, &stack.unique)?;
    if let Some(same) = sets.iter().find(|set| set.name == record.name) {
        // One that failed, or that was executed, gives way: the CLI names them by the second.
        if same.status != "FAILED" && same.execution != "EXECUTE_COMPLETE" {
            let message = format!(
                "ChangeSet {} cannot be created due to a mismatch with existing attribute: already exists",
                record.name
            );
            return Err(Error::new("AlreadyExistsException", message));
        }
        remove(tx, stack, same)?;
    }
    if sets.len() >= SETS_MAX {
        return Err(Error::new(
            "LimitExceededException",
            format!("A stack has at most {SETS_MAX} change sets."),
        ));
    }
    set_text(tx, &record.unique, ORIGINAL, &prepared.original)?;
    set_text(tx, &record.unique, PROCESSED, &prepared.processed)?;
    CHANGE_SETS.insert(tx, &(stack.unique.clone(), record.unique.clone()), record)?;
    Ok(())
}

impl Cloudformation {
    /// Removes a stack that was only made for a change set which then could not be. Gives the error back.
    async fn forget_empty(&self, stack: &StackRecord, error: Error) -> Error {
        let stack = stack.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            let is_new =
                stack.status == StackStatus::ReviewInProgress && of_stack(tx, &stack.unique)?.is_empty();
            if is_new {
                crate::tables::NAMES
                    .remove(tx, &(stack.account, stack.region.as_str(), stack.name.as_str()))?;
                crate::tables::STACKS.remove(tx, &stack.key())?;
            }
            Ok::<_, Error>(())
        };
        if let Err(failure) = self.store.write(work).await {
            tracing::warn!(error = %failure, "an empty stack could not be removed");
        }
        error
    }
}
