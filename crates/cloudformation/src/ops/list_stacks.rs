//! `ListStacks`: deleted ones too, for ninety days.

use std::time::Duration;

use weft_model::cloudformation as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::tables::{STACKS, StackRecord, place};
use crate::{Cloudformation, request};

const PAGE: usize = 100;
/// How long a deleted stack is listed.
const LISTED: Duration = Duration::from_hours(90 * 24);

/// A parsed `ListStacks` request.
#[derive(Debug)]
pub(crate) struct ListStacks {
    statuses: Vec<String>,
    offset: usize,
}

impl Operation for ListStacks {
    const NAME: &'static str = "ListStacks";
    type Service = Cloudformation;
    type Input = model::ListStacksInput;
    type Output = model::ListStacksOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let offset = request::offset(input.next_token.as_deref())?;
        Ok(Self { statuses: input.stack_status_filter.unwrap_or_default(), offset })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("cloudformation:ListStacks", "*")]
    }

    async fn run(self, service: &Cloudformation, cx: &Context) -> Result<Self::Output, Error> {
        let (scope, now) = (cx.scope.clone(), cx.scope.now);
        let rows = service.store.read(move |tx| Ok::<_, Error>(STACKS.query(&place(&scope)).rows(tx)?)).await?;
        let is_listed = |stack: &StackRecord| stack.deleted.is_none_or(|deleted| now.since(deleted) < LISTED);
        let wanted = |stack: &StackRecord| {
            self.statuses.is_empty() || self.statuses.iter().any(|status| status == stack.status.as_str())
        };
        let all = rows.into_iter().map(|(_, stack)| stack);
        let mut all: Vec<StackRecord> = all.filter(|stack| is_listed(stack) && wanted(stack)).collect();
        all.sort_by_key(|stack| std::cmp::Reverse(stack.created));
        let (page, next_token) = request::page(all, self.offset, PAGE);
        Ok(model::ListStacksOutput { stack_summaries: Some(page.iter().map(summary).collect()), next_token })
    }
}

fn summary(stack: &StackRecord) -> model::StackSummary {
    model::StackSummary {
        stack_id: Some(stack.id()),
        stack_name: stack.name.clone(),
        template_description: stack.settings.description.clone(),
        creation_time: stack.created,
        last_updated_time: stack.updated,
        deletion_time: stack.deleted,
        stack_status: stack.status.as_str().to_owned(),
        stack_status_reason: stack.reason.clone(),
        parent_id: stack.parent.clone(),
        root_id: stack.root.clone(),
        drift_information: Some(model::StackDriftInformationSummary {
            stack_drift_status: "NOT_CHECKED".to_owned(),
            last_check_timestamp: None,
        }),
        last_operations: None,
    }
}
