//! `ListServices`: the services of an app, by name.

use weft_model::weft as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use super::{Page, place, shown_service};
use crate::Compute;
use crate::records::Place;

/// A parsed `ListServices` request.
pub(crate) struct ListServices {
    place: Place,
    page: Page,
}

impl Operation for ListServices {
    const NAME: &'static str = "ListServices";
    type Service = Compute;
    type Input = model::ListServicesRequest;
    type Output = model::ListServicesResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { place: place(scope, &input.app)?, page: Page::parse(input.max_results, input.next_token)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("weft:ListServices", self.place.arn().to_string())]
    }

    async fn run(self, compute: &Compute, _: &Context) -> Result<Self::Output, Error> {
        let app = compute.app(&self.place)?;
        let (services, next_token) =
            self.page.take(app.services.iter().map(|item| (item.0.to_string(), item)));
        let shown =
            services.into_iter().map(|(name, service)| shown_service(&self.place, name, &service.record));
        Ok(model::ListServicesResponse { services: Some(shown.collect::<Result<_, _>>()?), next_token })
    }
}
