//! `ListChangeSets`.

use weft_model::cloudformation as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::change_sets::of_stack;
use crate::names::StackRef;
use crate::tables::{ChangeSetRecord, StackRecord, require};
use crate::{Cloudformation, request, shown};

const PAGE: usize = 100;

/// A parsed `ListChangeSets` request.
#[derive(Debug)]
pub(crate) struct ListChangeSets {
    stack: StackRef,
    offset: usize,
}

impl Operation for ListChangeSets {
    const NAME: &'static str = "ListChangeSets";
    type Service = Cloudformation;
    type Input = model::ListChangeSetsInput;
    type Output = model::ListChangeSetsOutput;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let offset = request::offset(input.next_token.as_deref())?;
        Ok(Self { stack: StackRef::parse(&input.stack_name, scope)?, offset })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        vec![Access::to("cloudformation:ListChangeSets", self.stack.access(scope))]
    }

    async fn run(self, service: &Cloudformation, cx: &Context) -> Result<Self::Output, Error> {
        let (scope, stack) = (cx.scope.clone(), self.stack);
        let work = move |tx: &weft_store::ReadTx<'_>| {
            let stack = require(tx, &scope, &stack)?;
            Ok::<_, Error>((of_stack(tx, &stack.unique)?, stack))
        };
        let (sets, stack) = service.store.read(work).await?;
        let sets: Vec<_> = sets.iter().map(|set| summary(&stack, set)).collect();
        let (page, next_token) = request::page(sets, self.offset, PAGE);
        Ok(model::ListChangeSetsOutput { summaries: Some(page), next_token })
    }
}

fn summary(stack: &StackRecord, set: &ChangeSetRecord) -> model::ChangeSetSummary {
    model::ChangeSetSummary {
        stack_id: Some(stack.id()),
        stack_name: Some(stack.name.clone()),
        change_set_id: Some(shown::change_set_arn(stack, set)),
        change_set_name: Some(set.name.clone()),
        execution_status: Some(set.execution.clone()),
        status: Some(set.status.clone()),
        status_reason: set.reason.clone(),
        creation_time: Some(set.created),
        description: set.description.clone(),
        include_nested_stacks: Some(set.include_nested),
        parent_change_set_id: None,
        root_change_set_id: None,
        import_existing_resources: Some(set.import_existing),
    }
}
