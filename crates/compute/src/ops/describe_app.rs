//! `DescribeApp`: one app, and how much is in it.

use std::collections::BTreeSet;

use weft_model::weft as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use super::{place, shown_app};
use crate::Compute;
use crate::records::Place;

/// A parsed `DescribeApp` request.
pub(crate) struct DescribeApp {
    place: Place,
}

impl Operation for DescribeApp {
    const NAME: &'static str = "DescribeApp";
    type Service = Compute;
    type Input = model::DescribeAppRequest;
    type Output = model::DescribeAppResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { place: place(scope, &input.app)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("weft:DescribeApp", self.place.arn().to_string())]
    }

    async fn run(self, compute: &Compute, _: &Context) -> Result<Self::Output, Error> {
        let app = compute.app(&self.place)?;
        let services = app.services.values().filter_map(|service| service.record.part.clone());
        let functions = app.functions.values().filter_map(|function| function.part.clone());
        let routes = app.routes.values().filter_map(|route| route.part.clone());
        let parts: BTreeSet<String> = services.chain(functions).chain(routes).collect();
        let count = |n: usize| i32::try_from(n).ok();
        Ok(model::DescribeAppResponse {
            app: Some(shown_app(&app)),
            parts: Some(parts.into_iter().collect()),
            service_count: count(app.services.len()),
            function_count: count(app.functions.len()),
            route_count: count(app.routes.len()),
        })
    }
}
