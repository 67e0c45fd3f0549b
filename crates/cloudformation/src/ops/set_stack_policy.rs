//! `SetStackPolicy`: says which resources an update may change.

use weft_model::cloudformation as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::names::StackRef;
use crate::prepare::Source;
use crate::tables::{STACKS, require};
use crate::{Cloudformation, request, stack_policy};

/// A parsed `SetStackPolicy` request.
#[derive(Debug)]
pub(crate) struct SetStackPolicy {
    stack: StackRef,
    source: Source,
}

impl Operation for SetStackPolicy {
    const NAME: &'static str = "SetStackPolicy";
    type Service = Cloudformation;
    type Input = model::SetStackPolicyInput;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let source = request::source(input.stack_policy_body, input.stack_policy_url, None)?;
        Ok(Self { stack: StackRef::parse(&input.stack_name, scope)?, source })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        vec![Access::to("cloudformation:SetStackPolicy", self.stack.access(scope))]
    }

    async fn run(self, service: &Cloudformation, cx: &Context) -> Result<(), Error> {
        let policy = service.load(cx, &self.source, None).await?;
        stack_policy::check(&policy)?;
        let (scope, stack) = (cx.scope.clone(), self.stack);
        let work = move |tx: &mut weft_store::WriteTx<'_>| {
            let mut stack = require(tx, &scope, &stack)?;
            stack.policy = Some(policy.clone());
            Ok::<_, Error>(STACKS.insert(tx, &stack.key(), &stack)?)
        };
        service.store.write(work).await
    }
}
