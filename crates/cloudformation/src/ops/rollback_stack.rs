//! `RollbackStack`: a creation or an update that failed, and that was told to stay so, is rolled back.

use weft_model::cloudformation as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Cloudformation;
use crate::begin::pass_role;
use crate::names::StackRef;

/// A parsed `RollbackStack` request.
#[derive(Debug)]
pub(crate) struct RollbackStack {
    stack: StackRef,
    role: Option<String>,
    token: Option<String>,
}

impl Operation for RollbackStack {
    const NAME: &'static str = "RollbackStack";
    type Service = Cloudformation;
    type Input = model::RollbackStackInput;
    type Output = model::RollbackStackOutput;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self {
            stack: StackRef::parse(&input.stack_name, scope)?,
            role: input.role_arn.filter(|role| !role.is_empty()),
            token: input.client_request_token,
        })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        let mut accesses = vec![Access::to("cloudformation:RollbackStack", self.stack.access(scope))];
        accesses.extend(self.role.as_deref().map(pass_role));
        accesses
    }

    async fn run(self, service: &Cloudformation, cx: &Context) -> Result<Self::Output, Error> {
        let stack = service.go_back(cx, &self.stack, self.role.as_deref(), self.token).await?;
        Ok(model::RollbackStackOutput { stack_id: Some(stack.id()), operation_id: stack.last_operation })
    }
}
