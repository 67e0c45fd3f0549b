//! `ListFunctions`: the functions in an app's directory, by name.

use weft_model::weft as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use super::{Page, place, shown_function};
use crate::Compute;
use crate::records::Place;

/// A parsed `ListFunctions` request.
pub(crate) struct ListFunctions {
    place: Place,
    page: Page,
}

impl Operation for ListFunctions {
    const NAME: &'static str = "ListFunctions";
    type Service = Compute;
    type Input = model::ListFunctionsRequest;
    type Output = model::ListFunctionsResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { place: place(scope, &input.app)?, page: Page::parse(input.max_results, input.next_token)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("weft:ListFunctions", self.place.arn().to_string())]
    }

    async fn run(self, compute: &Compute, _: &Context) -> Result<Self::Output, Error> {
        let app = compute.app(&self.place)?;
        let shown = |(name, function)| shown_function(&self.place, name, function);
        let items = app.functions.iter().map(|item| (item.0.to_string(), item));
        let (functions, next_token) = self.page.take(items);
        let functions = Some(functions.into_iter().map(shown).collect());
        Ok(model::ListFunctionsResponse { functions, next_token })
    }
}
