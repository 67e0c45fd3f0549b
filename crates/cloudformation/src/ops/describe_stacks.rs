//! `DescribeStacks`. Held open while the one stack that is asked for changes, so that tools which ask every few seconds learn of
//! its end at once.

use std::time::Duration;

use weft_model::cloudformation as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::names::StackRef;
use crate::status::StackStatus;
use crate::tables::{STACKS, StackRecord, find, place, require};
use crate::{Cloudformation, request, shown};

/// The longest that an answer is held open; clients wait for a minute.
pub(crate) const HELD: Duration = Duration::from_secs(20);
const PAGE: usize = 100;

/// A parsed `DescribeStacks` request.
#[derive(Debug)]
pub(crate) struct DescribeStacks {
    stack: Option<StackRef>,
    offset: usize,
}

impl Operation for DescribeStacks {
    const NAME: &'static str = "DescribeStacks";
    type Service = Cloudformation;
    type Input = model::DescribeStacksInput;
    type Output = model::DescribeStacksOutput;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let stack = input.stack_name.filter(|name| !name.is_empty());
        let stack = stack.map(|name| StackRef::parse(&name, scope)).transpose()?;
        Ok(Self { stack, offset: request::offset(input.next_token.as_deref())? })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        let resource = self.stack.as_ref().map_or_else(
            || scope.arn("cloudformation", "stack/*/*").to_string(),
            |stack| stack.access(scope),
        );
        vec![Access::to("cloudformation:DescribeStacks", resource)]
    }

    async fn run(self, service: &Cloudformation, cx: &Context) -> Result<Self::Output, Error> {
        if let Some(stack) = self.stack {
            let found = service.settled(&cx.scope, &stack).await?;
            return Ok(model::DescribeStacksOutput {
                stacks: Some(vec![shown::stack(&found)]),
                next_token: None,
            });
        }
        let scope = cx.scope.clone();
        let all =
            service.store.read(move |tx| Ok::<_, Error>(STACKS.query(&place(&scope)).rows(tx)?)).await?;
        let all = all.into_iter().map(|(_, record)| record);
        let mut all: Vec<StackRecord> =
            all.filter(|record| record.status != StackStatus::DeleteComplete).collect();
        all.sort_by_key(|record| std::cmp::Reverse(record.created));
        let (page, next_token) = request::page(all, self.offset, PAGE);
        Ok(model::DescribeStacksOutput { stacks: Some(page.iter().map(shown::stack).collect()), next_token })
    }
}

impl Cloudformation {
    /// A stack, once its operation ended or [`HELD`] went by.
    pub(crate) async fn settled(&self, scope: &Scope, stack: &StackRef) -> Result<StackRecord, Error> {
        let mut changes = self.watch();
        let deadline = tokio::time::Instant::now() + HELD;
        // By the name that it had at first, a stack that is deleted meanwhile is not found again.
        let (asked, place) = (stack.clone(), scope.clone());
        let first = self.store.read(move |tx| require(tx, &place, &asked)).await?;
        let id = StackRef::Id { name: first.name.clone(), unique: first.unique.clone() };
        let mut found = first;
        while found.status.is_busy() {
            match tokio::time::timeout_at(deadline, changes.changed()).await {
                Ok(Ok(())) => {}
                _ => return Ok(found),
            }
            let (id, place) = (id.clone(), scope.clone());
            found = self.store.read(move |tx| require(tx, &place, &id)).await?;
        }
        if found.status == StackStatus::DeleteComplete && matches!(stack, StackRef::Name(_)) {
            let (asked, place) = (stack.clone(), scope.clone());
            let again = self.store.read(move |tx| Ok::<_, Error>(find(tx, &place, &asked)?)).await?;
            return again.ok_or_else(|| crate::errors::no_stack(stack.name()));
        }
        Ok(found)
    }
}
