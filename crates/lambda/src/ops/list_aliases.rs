//! `ListAliases`: a function's aliases by name, a page at a time.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::alias::parse_version;
use crate::name::FunctionRef;
use crate::page::{Page, next_marker};
use crate::version::VersionId;

/// A parsed `ListAliases` request.
#[derive(Debug)]
pub(crate) struct ListAliases {
    function: FunctionRef,
    /// Only aliases that lead to it.
    version: Option<VersionId>,
    page: Page,
}

impl Operation for ListAliases {
    const NAME: &'static str = "ListAliases";
    type Service = Lambda;
    type Input = model::ListAliasesRequest;
    type Output = model::ListAliasesResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let function = FunctionRef::parse(&input.function_name, None, scope)?;
        let version = input.function_version.as_deref().map(parse_version).transpose()?;
        Ok(Self { function, version, page: Page::parse(input.marker, input.max_items)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:ListAliases", self.function.key.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<Self::Output, Error> {
        let Self { function: FunctionRef { key, .. }, version, page } = self;
        let (aliases, more) = lambda.functions.list_aliases(&key, version, page.after, page.limit).await?;
        let marker = next_marker(&aliases, more, |(name, _)| name.clone());
        let show = |(name, alias): (String, crate::alias::Alias)| {
            alias.describe(&FunctionRef { key: key.clone(), qualifier: Some(name) })
        };
        let aliases = Some(aliases.into_iter().map(show).collect());
        Ok(model::ListAliasesResponse { next_marker: marker, aliases })
    }
}
