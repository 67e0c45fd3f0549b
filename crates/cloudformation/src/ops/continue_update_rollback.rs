//! `ContinueUpdateRollback`: a rollback that failed is tried again, without the resources that are to be skipped.

use weft_model::cloudformation as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Cloudformation;
use crate::begin::pass_role;
use crate::names::StackRef;

/// A parsed `ContinueUpdateRollback` request.
#[derive(Debug)]
pub(crate) struct ContinueUpdateRollback {
    stack: StackRef,
    role: Option<String>,
    skip: Vec<String>,
    token: Option<String>,
}

impl Operation for ContinueUpdateRollback {
    const NAME: &'static str = "ContinueUpdateRollback";
    type Service = Cloudformation;
    type Input = model::ContinueUpdateRollbackInput;
    type Output = model::ContinueUpdateRollbackOutput;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self {
            stack: StackRef::parse(&input.stack_name, scope)?,
            role: input.role_arn.filter(|role| !role.is_empty()),
            skip: input.resources_to_skip.unwrap_or_default(),
            token: input.client_request_token,
        })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        let mut accesses = vec![Access::to("cloudformation:ContinueUpdateRollback", self.stack.access(scope))];
        accesses.extend(self.role.as_deref().map(pass_role));
        accesses
    }

    async fn run(self, service: &Cloudformation, cx: &Context) -> Result<Self::Output, Error> {
        service.go_back_again(cx, &self.stack, self.role.as_deref(), self.skip, self.token).await?;
        Ok(model::ContinueUpdateRollbackOutput {})
    }
}
