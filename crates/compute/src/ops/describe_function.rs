//! `DescribeFunction`: one function's entry in an app's directory.

use weft_model::weft as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use super::{Named, shown_function};
use crate::Compute;
use crate::errors::function_not_found;

/// A parsed `DescribeFunction` request.
pub(crate) struct DescribeFunction {
    named: Named,
}

impl Operation for DescribeFunction {
    const NAME: &'static str = "DescribeFunction";
    type Service = Compute;
    type Input = model::DescribeFunctionRequest;
    type Output = model::DescribeFunctionResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { named: Named::parse(scope, &input.app, &input.name)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![self.named.access("weft:DescribeFunction", "function")]
    }

    async fn run(self, compute: &Compute, _: &Context) -> Result<Self::Output, Error> {
        let Named { place, name } = &self.named;
        let index = compute.index();
        let function = index.app(place).and_then(|app| app.functions.get(name));
        let function = function.ok_or_else(|| function_not_found(&place.app, name))?;
        let metrics = compute.function_metrics(place, function);
        let function = model::FunctionDescription { metrics, ..shown_function(place, name, function) };
        Ok(model::DescribeFunctionResponse { function: Some(function) })
    }
}
