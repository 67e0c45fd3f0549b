//! `CancelUpdateStack`: an update that is under way ends and goes back.

use weft_model::cloudformation as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::names::StackRef;
use crate::status::StackStatus;
use crate::tables::{OPERATIONS, require};
use crate::{Cloudformation, errors};

/// A parsed `CancelUpdateStack` request.
#[derive(Debug)]
pub(crate) struct CancelUpdateStack {
    stack: StackRef,
}

impl Operation for CancelUpdateStack {
    const NAME: &'static str = "CancelUpdateStack";
    type Service = Cloudformation;
    type Input = model::CancelUpdateStackInput;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { stack: StackRef::parse(&input.stack_name, scope)? })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        vec![Access::to("cloudformation:CancelUpdateStack", self.stack.access(scope))]
    }

    async fn run(self, service: &Cloudformation, cx: &Context) -> Result<(), Error> {
        let (scope, stack) = (cx.scope.clone(), self.stack);
        let work = move |tx: &mut weft_store::WriteTx<'_>| {
            let stack = require(tx, &scope, &stack)?;
            let operation = OPERATIONS.get(tx, &(stack.unique.as_str(),))?;
            match operation {
                Some(mut operation) if stack.status == StackStatus::UpdateInProgress => {
                    operation.cancelled = true;
                    OPERATIONS.insert(tx, &(stack.unique.clone(),), &operation)?;
                    Ok::<_, Error>(stack.key())
                }
                _ => Err(errors::validation("CancelUpdateStack cannot be called from current stack status")),
            }
        };
        let key = service.store.write(work).await?;
        service.ask_to_end(&key);
        Ok(())
    }
}
