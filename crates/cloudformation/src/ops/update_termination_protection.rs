//! `UpdateTerminationProtection`.

use weft_model::cloudformation as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Cloudformation;
use crate::errors;
use crate::names::StackRef;
use crate::tables::{STACKS, require};

/// A parsed `UpdateTerminationProtection` request.
#[derive(Debug)]
pub(crate) struct UpdateTerminationProtection {
    stack: StackRef,
    protected: bool,
}

impl Operation for UpdateTerminationProtection {
    const NAME: &'static str = "UpdateTerminationProtection";
    type Service = Cloudformation;
    type Input = model::UpdateTerminationProtectionInput;
    type Output = model::UpdateTerminationProtectionOutput;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let protected = input.enable_termination_protection;
        Ok(Self { stack: StackRef::parse(&input.stack_name, scope)?, protected })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        vec![Access::to("cloudformation:UpdateTerminationProtection", self.stack.access(scope))]
    }

    async fn run(self, service: &Cloudformation, cx: &Context) -> Result<Self::Output, Error> {
        let scope = cx.scope.clone();
        let work = move |tx: &mut weft_store::WriteTx<'_>| {
            let mut stack = require(tx, &scope, &self.stack)?;
            if stack.parent.is_some() {
                return Err(errors::validation("Termination protection of a nested stack is that of its root stack."));
            }
            stack.protected = self.protected;
            STACKS.insert(tx, &stack.key(), &stack)?;
            Ok(stack.id())
        };
        let id = service.store.write(work).await?;
        Ok(model::UpdateTerminationProtectionOutput { stack_id: Some(id) })
    }
}
