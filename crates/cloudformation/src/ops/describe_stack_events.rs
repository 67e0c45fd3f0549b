//! `DescribeStackEvents`: the newest first.

use weft_model::cloudformation as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::names::StackRef;
use crate::tables::{EVENTS, require};
use crate::{Cloudformation, errors, shown};

const PAGE: usize = 100;

/// A parsed `DescribeStackEvents` request.
#[derive(Debug)]
pub(crate) struct DescribeStackEvents {
    stack: StackRef,
    /// The number of the last event of the page before.
    before: Option<u64>,
}

impl Operation for DescribeStackEvents {
    const NAME: &'static str = "DescribeStackEvents";
    type Service = Cloudformation;
    type Input = model::DescribeStackEventsInput;
    type Output = model::DescribeStackEventsOutput;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let wrong = |token: &str| errors::validation(format!("The token {token} is invalid"));
        let before = input.next_token.map(|token| token.parse().map_err(|_| wrong(&token))).transpose()?;
        Ok(Self { stack: StackRef::parse(&input.stack_name, scope)?, before })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        vec![Access::to("cloudformation:DescribeStackEvents", self.stack.access(scope))]
    }

    async fn run(self, service: &Cloudformation, cx: &Context) -> Result<Self::Output, Error> {
        let Self { stack, before } = self;
        let scope = cx.scope.clone();
        let work = move |tx: &weft_store::ReadTx<'_>| {
            let stack = require(tx, &scope, &stack)?;
            let mut query = EVENTS.query(&(stack.unique.as_str(),)).backward().limit(PAGE + 1);
            if let Some(before) = before {
                query = query.before(&(stack.unique.as_str(), before));
            }
            Ok::<_, Error>((query.rows(tx)?, stack))
        };
        let (mut rows, stack) = service.store.read(work).await?;
        let more = rows.len() > PAGE;
        rows.truncate(PAGE);
        let next_token = rows.last().filter(|_| more).map(|((_, number), _)| number.to_string());
        let events = rows.iter().map(|(_, event)| shown::event(&stack, event)).collect();
        Ok(model::DescribeStackEventsOutput { stack_events: Some(events), next_token })
    }
}
