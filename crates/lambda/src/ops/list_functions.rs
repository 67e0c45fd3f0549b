//! `ListFunctions`: an account's functions by name, a page at a time, each with its versions where that is asked for.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::name::FunctionRef;
use crate::page::{Page, next_marker};
use crate::version::VersionId;
use crate::{Lambda, errors};

/// A parsed `ListFunctions` request.
#[derive(Debug)]
pub(crate) struct ListFunctions {
    page: Page,
    all_versions: bool,
    /// Whether copies of another region's functions are meant, of which there are none.
    of_other_region: bool,
}

impl Operation for ListFunctions {
    const NAME: &'static str = "ListFunctions";
    type Service = Lambda;
    type Input = model::ListFunctionsRequest;
    type Output = model::ListFunctionsResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let all_versions = input.function_version.is_some();
        if input.master_region.is_some() && !all_versions {
            return Err(errors::invalid_parameter(
                "FunctionVersion must be set to ALL if MasterRegion is set.",
            ));
        }
        let of_other_region = input.master_region.is_some_and(|region| region != "ALL");
        Ok(Self { page: Page::parse(input.marker, input.max_items)?, all_versions, of_other_region })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:ListFunctions", "*")]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        if self.of_other_region {
            return Ok(model::ListFunctionsResponse { functions: Some(Vec::new()), next_marker: None });
        }
        if self.all_versions {
            let after = self.page.after_parsed(parse_position)?;
            let (versions, more) =
                lambda.functions.list_all_versions(&cx.scope, after, self.page.limit).await?;
            let position = |(key, version, _): &(_, _, _)| position(key, *version);
            let marker = next_marker(&versions, more, position);
            let show = |(key, version, function): (_, VersionId, crate::function::Function)| {
                function.describe(&FunctionRef { key, qualifier: None }.at(version), version)
            };
            let functions = Some(versions.into_iter().map(show).collect());
            return Ok(model::ListFunctionsResponse { functions, next_marker: marker });
        }
        let (functions, more) = lambda.functions.list(&cx.scope, self.page.after, self.page.limit).await?;
        let marker = next_marker(&functions, more, |(key, _)| key.name.clone());
        let show = |(key, function): (_, crate::function::Function)| {
            function.describe(&FunctionRef { key, qualifier: None }, VersionId::Latest)
        };
        let functions = Some(functions.into_iter().map(show).collect());
        Ok(model::ListFunctionsResponse { functions, next_marker: marker })
    }
}

fn position(key: &crate::FunctionKey, version: VersionId) -> String {
    format!("{}:{version}", key.name)
}

fn parse_position(text: &str) -> Option<(String, VersionId)> {
    let (name, version) = text.split_once(':')?;
    Some((name.to_owned(), VersionId::parse(version)?))
}
