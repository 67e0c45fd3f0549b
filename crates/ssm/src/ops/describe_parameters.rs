//! `DescribeParameters`: what is known of parameters beside their values, a page at a time.

use weft_model::ssm as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::filters::{Filter, parse_describe};
use crate::names::Place;
use crate::page::Page;
use crate::{Ssm, shown};

/// A parsed `DescribeParameters` request.
#[derive(Debug)]
pub(crate) struct DescribeParameters {
    /// The beginning of the places.
    all: Place,
    filters: Vec<Filter>,
    shared: bool,
    page: Page,
}

impl Operation for DescribeParameters {
    const NAME: &'static str = "DescribeParameters";
    type Service = Ssm;
    type Input = model::DescribeParametersRequest;
    type Output = model::DescribeParametersResult;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self {
            all: Place::here("", scope),
            filters: parse_describe(input.filters, input.parameter_filters)?,
            shared: input.shared == Some(true),
            page: Page::parse(input.next_token, input.max_results, 50)?,
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("ssm:DescribeParameters", "*")]
    }

    async fn run(self, ssm: &Ssm, _: &Context) -> Result<Self::Output, Error> {
        ssm.read(move |tx| {
            // No other account can share a parameter with this one.
            let (found, next_token) = self.page.read(tx, &self.all, |place, parameter| {
                !self.shared && self.filters.iter().all(|filter| filter.passes(place, parameter))
            })?;
            let parameters = found.into_iter().map(|(place, parameter)| shown::metadata(&place, parameter));
            Ok(model::DescribeParametersResult { parameters: Some(parameters.collect()), next_token })
        })
        .await
    }
}
