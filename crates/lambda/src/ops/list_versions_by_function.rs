//! `ListVersionsByFunction`: a function's versions, `$LATEST` first, a page at a time.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::name::FunctionRef;
use crate::page::{Page, next_marker};
use crate::version::VersionId;

/// A parsed `ListVersionsByFunction` request.
#[derive(Debug)]
pub(crate) struct ListVersionsByFunction {
    function: FunctionRef,
    page: Page,
}

impl Operation for ListVersionsByFunction {
    const NAME: &'static str = "ListVersionsByFunction";
    type Service = Lambda;
    type Input = model::ListVersionsByFunctionRequest;
    type Output = model::ListVersionsByFunctionResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let function = FunctionRef::parse(&input.function_name, None, scope)?;
        Ok(Self { function, page: Page::parse(input.marker, input.max_items)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:ListVersionsByFunction", self.function.key.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<Self::Output, Error> {
        let after = self.page.after_parsed(VersionId::parse)?;
        let key = &self.function.key;
        let (versions, more) = lambda.functions.list_versions(key, after, self.page.limit).await?;
        let show = |(version, function): &(VersionId, crate::function::Function)| {
            function.describe(&self.function.at(*version), *version)
        };
        Ok(model::ListVersionsByFunctionResponse {
            next_marker: next_marker(&versions, more, |(version, _)| version.to_string()),
            versions: Some(versions.iter().map(show).collect()),
        })
    }
}
