//! `ListFunctionUrlConfigs`: the URLs of a function and its aliases.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::name::FunctionRef;
use crate::page::{Page, next_marker};

/// A parsed `ListFunctionUrlConfigs` request.
#[derive(Debug)]
pub(crate) struct ListFunctionUrlConfigs {
    function: FunctionRef,
    page: Page,
}

impl Operation for ListFunctionUrlConfigs {
    const NAME: &'static str = "ListFunctionUrlConfigs";
    type Service = Lambda;
    type Input = model::ListFunctionUrlConfigsRequest;
    type Output = model::ListFunctionUrlConfigsResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let function = FunctionRef::parse(&input.function_name, None, scope)?;
        Ok(Self { function, page: Page::parse(input.marker, input.max_items)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:ListFunctionUrlConfigs", self.function.key.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<Self::Output, Error> {
        let Self { function: FunctionRef { key, .. }, page } = self;
        let (all, more) = lambda.functions.list_urls(&key, page.after, page.limit).await?;
        let qualifier = |function: &FunctionRef| function.qualifier.clone().unwrap_or_default();
        let shown = all.iter().map(|(function, url)| url.describe(function, lambda.port())).collect();
        Ok(model::ListFunctionUrlConfigsResponse {
            next_marker: next_marker(&all, more, |(function, _)| qualifier(function)),
            function_url_configs: Some(shown),
        })
    }
}
