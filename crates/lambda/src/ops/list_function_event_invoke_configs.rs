//! `ListFunctionEventInvokeConfigs`: how a function's versions and aliases are invoked asynchronously.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::name::FunctionRef;
use crate::page::{Page, next_marker};

/// A parsed `ListFunctionEventInvokeConfigs` request.
#[derive(Debug)]
pub(crate) struct ListFunctionEventInvokeConfigs {
    function: FunctionRef,
    page: Page,
}

impl Operation for ListFunctionEventInvokeConfigs {
    const NAME: &'static str = "ListFunctionEventInvokeConfigs";
    type Service = Lambda;
    type Input = model::ListFunctionEventInvokeConfigsRequest;
    type Output = model::ListFunctionEventInvokeConfigsResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let function = FunctionRef::parse(&input.function_name, None, scope)?;
        Ok(Self { function, page: Page::parse(input.marker, input.max_items)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:ListFunctionEventInvokeConfigs", self.function.key.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<Self::Output, Error> {
        let Self { function: FunctionRef { key, .. }, page } = self;
        let (all, more) = lambda.functions.list_event_invokes(&key, page.after, page.limit).await?;
        let qualifier = |function: &FunctionRef| function.qualifier.clone().unwrap_or_default();
        let shown = all.iter().map(|(function, config)| config.describe(function)).collect();
        Ok(model::ListFunctionEventInvokeConfigsResponse {
            next_marker: next_marker(&all, more, |(function, _)| qualifier(function)),
            function_event_invoke_configs: Some(shown),
        })
    }
}
