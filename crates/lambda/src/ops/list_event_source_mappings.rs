//! `ListEventSourceMappings`: the queues and streams that are read, of a function or all.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::mappings::records::Mapping;
use crate::name::FunctionRef;
use crate::page::{Page, next_marker};

/// A parsed `ListEventSourceMappings` request.
#[derive(Debug)]
pub(crate) struct ListEventSourceMappings {
    function: Option<FunctionRef>,
    source: Option<String>,
    page: Page,
}

impl Operation for ListEventSourceMappings {
    const NAME: &'static str = "ListEventSourceMappings";
    type Service = Lambda;
    type Input = model::ListEventSourceMappingsRequest;
    type Output = model::ListEventSourceMappingsResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let function = input.function_name.map(|name| FunctionRef::parse(&name, None, scope)).transpose()?;
        let page = Page::parse(input.marker, input.max_items)?;
        Ok(Self { function, source: input.event_source_arn, page })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:ListEventSourceMappings", "*")]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let Self { function, source, page } = self;
        let wanted = |mapping: &Mapping| {
            function.as_ref().is_none_or(|function| mapping.function() == *function)
                && source.as_ref().is_none_or(|source| mapping.source.as_str() == source)
        };
        let (all, more) = lambda.mappings.list(&cx.scope, page.after, page.limit, wanted).await?;
        let shown = all.iter().map(|mapping| mapping.describe(Some(lambda.pollers.result(&mapping.uuid))));
        Ok(model::ListEventSourceMappingsResponse {
            event_source_mappings: Some(shown.collect()),
            next_marker: next_marker(&all, more, |mapping| mapping.uuid.clone()),
        })
    }
}
