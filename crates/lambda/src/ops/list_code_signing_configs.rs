//! `ListCodeSigningConfigs`: an account's code signing configurations, a page at a time.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::page::{Page, next_marker};

/// A parsed `ListCodeSigningConfigs` request.
#[derive(Debug)]
pub(crate) struct ListCodeSigningConfigs {
    page: Page,
}

impl Operation for ListCodeSigningConfigs {
    const NAME: &'static str = "ListCodeSigningConfigs";
    type Service = Lambda;
    type Input = model::ListCodeSigningConfigsRequest;
    type Output = model::ListCodeSigningConfigsResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { page: Page::parse(input.marker, input.max_items)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:ListCodeSigningConfigs", "*")]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let page = self.page;
        let (all, more) = lambda.functions.list_signings(&cx.scope, page.after, page.limit).await?;
        let shown = |(arn, signing): &(_, crate::signing::Signing)| signing.describe(arn);
        let shown: Vec<model::CodeSigningConfig> = all.iter().map(shown).collect();
        Ok(model::ListCodeSigningConfigsResponse {
            next_marker: next_marker(&shown, more, |config| config.code_signing_config_id.clone()),
            code_signing_configs: Some(shown),
        })
    }
}
