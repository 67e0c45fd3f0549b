//! `ListProvisionedConcurrencyConfigs`: the workers that are kept for a function's versions and aliases.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::name::FunctionRef;
use crate::page::{Page, next_marker};

/// A parsed `ListProvisionedConcurrencyConfigs` request.
#[derive(Debug)]
pub(crate) struct ListProvisionedConcurrencyConfigs {
    function: FunctionRef,
    page: Page,
}

impl Operation for ListProvisionedConcurrencyConfigs {
    const NAME: &'static str = "ListProvisionedConcurrencyConfigs";
    type Service = Lambda;
    type Input = model::ListProvisionedConcurrencyConfigsRequest;
    type Output = model::ListProvisionedConcurrencyConfigsResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let function = FunctionRef::parse(&input.function_name, None, scope)?;
        Ok(Self { function, page: Page::parse(input.marker, input.max_items)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:ListProvisionedConcurrencyConfigs", self.function.key.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<Self::Output, Error> {
        let Self { function: FunctionRef { key, .. }, page } = self;
        let (all, more) = lambda.functions.list_provisioned(&key, page.after, page.limit).await?;
        let qualifier = |function: &FunctionRef| function.qualifier.clone().unwrap_or_default();
        Ok(model::ListProvisionedConcurrencyConfigsResponse {
            next_marker: next_marker(&all, more, |(function, ..)| qualifier(function)),
            provisioned_concurrency_configs: Some(all.iter().map(|of| lambda.show_provisioned(of)).collect()),
        })
    }
}
