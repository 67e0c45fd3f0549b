//! `CreateStack`.

use weft_model::cloudformation as model;
use weft_service::{Access, Context, Error, Operation, Scope, request_id};

use crate::begin::Manner;
use crate::names::{StackRef, is_name};
use crate::prepare::{Identity, Submitted};
use crate::tables::{OnFailure, find, stack_arn};
use crate::{Cloudformation, errors, request, stack_policy};

/// A parsed `CreateStack` request.
#[derive(Debug)]
pub(crate) struct CreateStack {
    name: String,
    submitted: Submitted,
    on_failure: OnFailure,
    token: Option<String>,
    protected: bool,
    policy: Option<String>,
}

impl Operation for CreateStack {
    const NAME: &'static str = "CreateStack";
    type Service = Cloudformation;
    type Input = model::CreateStackInput;
    type Output = model::CreateStackOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        if !is_name(&input.stack_name) {
            return Err(errors::stack_name(&input.stack_name));
        }
        let submitted = Submitted {
            source: request::source(input.template_body, input.template_url, None)?,
            given: request::parameters(input.parameters)?,
            tags: Some(request::tags(input.tags)?.unwrap_or_default()),
            capabilities: input.capabilities.unwrap_or_default(),
            role: input.role_arn.filter(|role| !role.is_empty()),
            notification_arns: Some(input.notification_ar_ns.unwrap_or_default()),
            timeout_minutes: input.timeout_in_minutes,
        };
        Ok(Self {
            name: input.stack_name,
            submitted,
            on_failure: request::on_failure(input.disable_rollback, input.on_failure.as_deref())?,
            token: input.client_request_token,
            protected: input.enable_termination_protection == Some(true),
            policy: stack_policy::checked(input.stack_policy_body)?,
        })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        let stack = StackRef::Name(self.name.clone());
        request::accesses("cloudformation:CreateStack", &stack, &self.submitted, scope)
    }

    async fn run(self, service: &Cloudformation, cx: &Context) -> Result<Self::Output, Error> {
        let (scope, named) = (cx.scope.clone(), StackRef::Name(self.name.clone()));
        let found = service.store.read(move |tx| Ok::<_, Error>(find(tx, &scope, &named)?)).await?;
        if let Some(found) =
            found.filter(|found| found.status != crate::status::StackStatus::ReviewInProgress)
        {
            // The same request again, as clients send it after a broken connection, or as a step that is tried again.
            let token = self.token.or_else(|| cx.step().map(|step| step.as_str().to_owned()));
            if token.is_some() && found.token == token {
                return Ok(answer(&found.id(), found.last_operation));
            }
            let message = format!("Stack [{}] already exists", self.name);
            return Err(Error::new("AlreadyExistsException", message));
        }
        let unique = request_id();
        let id = stack_arn(cx.scope.account.as_u64(), cx.scope.region.as_str(), &self.name, &unique);
        let identity = Identity { name: self.name, id };
        let prepared = service.prepare(cx, &identity, self.submitted, None).await?;
        let manner = Manner {
            token: self.token.or_else(|| cx.step().map(|step| step.as_str().to_owned())),
            on_failure: self.on_failure,
            change_set: None,
            protected: Some(self.protected),
            policy: self.policy,
            policy_meanwhile: None,
        };
        let stack = service.begin_create(cx, &identity, prepared, manner).await?;
        Ok(answer(&stack.id(), stack.last_operation))
    }
}

fn answer(id: &str, operation: Option<String>) -> model::CreateStackOutput {
    model::CreateStackOutput { stack_id: Some(id.to_owned()), operation_id: operation }
}
