//! `ListFunctions`: an account's functions by name, a page at a time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::{Lambda, errors};

/// Functions of a page, also where a request asks for more.
const PAGE_MAX: i32 = 50;

/// A parsed `ListFunctions` request.
#[derive(Debug)]
pub(crate) struct ListFunctions {
    /// The last name of the page before.
    after: Option<String>,
    limit: usize,
}

impl Operation for ListFunctions {
    const NAME: &'static str = "ListFunctions";
    type Service = Lambda;
    type Input = model::ListFunctionsRequest;
    type Output = model::ListFunctionsResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let limit = input.max_items.unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX);
        let after = input.marker.filter(|marker| !marker.is_empty()).map(|marker| {
            let name = URL_SAFE_NO_PAD.decode(&marker).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            name.ok_or_else(|| errors::invalid_parameter(format!("Invalid Marker: {marker}")))
        });
        Ok(Self { after: after.transpose()?, limit: usize::try_from(limit).unwrap_or(1) })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:ListFunctions", "*")]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let (functions, more) = lambda.functions.list(&cx.scope, self.after, self.limit).await?;
        let last = functions.last().filter(|_| more).map(|(key, _)| URL_SAFE_NO_PAD.encode(&key.name));
        Ok(model::ListFunctionsResponse {
            next_marker: last,
            functions: Some(functions.iter().map(|(key, function)| function.describe(key)).collect()),
        })
    }
}
