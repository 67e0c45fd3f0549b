//! `ListStackResources`.

use weft_model::cloudformation as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::names::StackRef;
use crate::tables::{require, resources};
use crate::{Cloudformation, request, shown};

const PAGE: usize = 100;

/// A parsed `ListStackResources` request.
#[derive(Debug)]
pub(crate) struct ListStackResources {
    stack: StackRef,
    offset: usize,
}

impl Operation for ListStackResources {
    const NAME: &'static str = "ListStackResources";
    type Service = Cloudformation;
    type Input = model::ListStackResourcesInput;
    type Output = model::ListStackResourcesOutput;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let offset = request::offset(input.next_token.as_deref())?;
        Ok(Self { stack: StackRef::parse(&input.stack_name, scope)?, offset })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        vec![Access::to("cloudformation:ListStackResources", self.stack.access(scope))]
    }

    async fn run(self, service: &Cloudformation, cx: &Context) -> Result<Self::Output, Error> {
        let (scope, stack) = (cx.scope.clone(), self.stack);
        let work = move |tx: &weft_store::ReadTx<'_>| {
            let stack = require(tx, &scope, &stack)?;
            Ok::<_, Error>(resources(tx, &stack.unique)?)
        };
        let all = service.store.read(work).await?;
        let all: Vec<_> = all.iter().map(|(logical_id, record)| shown::summary(logical_id, record)).collect();
        let (page, next_token) = request::page(all, self.offset, PAGE);
        Ok(model::ListStackResourcesOutput { stack_resource_summaries: Some(page), next_token })
    }
}
