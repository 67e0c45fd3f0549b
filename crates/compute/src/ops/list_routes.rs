//! `ListRoutes`: the routes of an app, by id.

use weft_model::weft as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use super::{Page, place, shown_route};
use crate::Compute;
use crate::records::Place;

/// A parsed `ListRoutes` request.
pub(crate) struct ListRoutes {
    place: Place,
    page: Page,
}

impl Operation for ListRoutes {
    const NAME: &'static str = "ListRoutes";
    type Service = Compute;
    type Input = model::ListRoutesRequest;
    type Output = model::ListRoutesResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { place: place(scope, &input.app)?, page: Page::parse(input.max_results, input.next_token)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("weft:ListRoutes", self.place.arn().to_string())]
    }

    async fn run(self, compute: &Compute, _: &Context) -> Result<Self::Output, Error> {
        let app = compute.app(&self.place)?;
        let (routes, next_token) = self.page.take(app.routes.iter().map(|item| (item.0.clone(), item)));
        let shown = routes.into_iter().map(|(id, route)| shown_route(compute, &self.place, id, route));
        Ok(model::ListRoutesResponse { routes: Some(shown.collect()), next_token })
    }
}
