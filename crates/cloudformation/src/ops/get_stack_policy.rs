//! `GetStackPolicy`.

use weft_model::cloudformation as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Cloudformation;
use crate::names::StackRef;
use crate::tables::require;

/// A parsed `GetStackPolicy` request.
#[derive(Debug)]
pub(crate) struct GetStackPolicy {
    stack: StackRef,
}

impl Operation for GetStackPolicy {
    const NAME: &'static str = "GetStackPolicy";
    type Service = Cloudformation;
    type Input = model::GetStackPolicyInput;
    type Output = model::GetStackPolicyOutput;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { stack: StackRef::parse(&input.stack_name, scope)? })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        vec![Access::to("cloudformation:GetStackPolicy", self.stack.access(scope))]
    }

    async fn run(self, service: &Cloudformation, cx: &Context) -> Result<Self::Output, Error> {
        let (scope, stack) = (cx.scope.clone(), self.stack);
        let stack = service.store.read(move |tx| require(tx, &scope, &stack)).await?;
        Ok(model::GetStackPolicyOutput { stack_policy_body: stack.policy })
    }
}
