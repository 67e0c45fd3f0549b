//! `ListFunctionsByCodeSigningConfig`: the functions that have a code signing configuration.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::page::{Page, next_marker};
use crate::signing::parse_arn;
use crate::{FunctionKey, Lambda};

/// A parsed `ListFunctionsByCodeSigningConfig` request.
#[derive(Debug)]
pub(crate) struct ListFunctionsByCodeSigningConfig {
    arn: weft_types::Arn,
    page: Page,
}

impl Operation for ListFunctionsByCodeSigningConfig {
    const NAME: &'static str = "ListFunctionsByCodeSigningConfig";
    type Service = Lambda;
    type Input = model::ListFunctionsByCodeSigningConfigRequest;
    type Output = model::ListFunctionsByCodeSigningConfigResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let arn = parse_arn(&input.code_signing_config_arn, scope)?;
        Ok(Self { arn, page: Page::parse(input.marker, input.max_items)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:ListFunctionsByCodeSigningConfig", self.arn.as_str())]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let Self { arn, page } = self;
        let (names, more) = lambda.functions.list_signed(&arn, page.after, page.limit).await?;
        let marker = next_marker(&names, more, String::clone);
        let (account, region) = (cx.scope.account, &cx.scope.region);
        let arn_of = |name| FunctionKey { account, region: region.clone(), name }.arn().into();
        let function_arns = Some(names.into_iter().map(arn_of).collect());
        Ok(model::ListFunctionsByCodeSigningConfigResponse { next_marker: marker, function_arns })
    }
}
