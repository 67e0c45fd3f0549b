//! `UpdateStack`.

use weft_model::cloudformation as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::begin::{Manner, require_can_update};
use crate::names::StackRef;
use crate::prepare::{Identity, Submitted};
use crate::tables::{OnFailure, require};
use crate::{Cloudformation, request, stack_policy};

/// A parsed `UpdateStack` request.
#[derive(Debug)]
pub(crate) struct UpdateStack {
    stack: StackRef,
    submitted: Submitted,
    on_failure: OnFailure,
    token: Option<String>,
    policy: Option<String>,
    policy_meanwhile: Option<String>,
}

impl Operation for UpdateStack {
    const NAME: &'static str = "UpdateStack";
    type Service = Cloudformation;
    type Input = model::UpdateStackInput;
    type Output = model::UpdateStackOutput;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
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
            submitted,
            on_failure: request::on_failure(input.disable_rollback, None)?,
            token: input.client_request_token,
            policy: stack_policy::checked(input.stack_policy_body)?,
            policy_meanwhile: stack_policy::checked(input.stack_policy_during_update_body)?,
        })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        request::accesses("cloudformation:UpdateStack", &self.stack, &self.submitted, scope)
    }

    async fn run(self, service: &Cloudformation, cx: &Context) -> Result<Self::Output, Error> {
        let (scope, stack) = (cx.scope.clone(), self.stack.clone());
        let found = service.store.read(move |tx| require(tx, &scope, &stack)).await?;
        let answer = |stack: &crate::tables::StackRecord| model::UpdateStackOutput {
            stack_id: Some(stack.id()),
            operation_id: stack.last_operation.clone(),
        };
        let token = self.token.or_else(|| cx.step().map(|step| step.as_str().to_owned()));
        if token.is_some() && found.token == token {
            return Ok(answer(&found));
        }
        require_can_update(&found)?;
        let identity = Identity { name: found.name.clone(), id: found.id() };
        let prepared = service.prepare(cx, &identity, self.submitted, Some(&found)).await?;
        let manner = Manner {
            token,
            on_failure: self.on_failure,
            change_set: None,
            protected: None,
            policy: self.policy,
            policy_meanwhile: self.policy_meanwhile,
        };
        Ok(answer(&service.begin_update(cx, &found, prepared, manner).await?))
    }
}
