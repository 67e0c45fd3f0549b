//! `DeleteFunction`: takes a function out of an app's directory; the Lambda function itself stays.

use weft_model::weft as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use super::Named;
use super::put_function::name_key;
use crate::Compute;
use crate::errors::function_not_found;
use crate::records::{FUNCTION_NAMES, FUNCTIONS};

/// A parsed `DeleteFunction` request.
pub(crate) struct DeleteFunction {
    named: Named,
}

impl Operation for DeleteFunction {
    const NAME: &'static str = "DeleteFunction";
    type Service = Compute;
    type Input = model::DeleteFunctionRequest;
    type Output = model::DeleteFunctionResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { named: Named::parse(scope, &input.app, &input.name)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![self.named.access("weft:DeleteFunction", "function")]
    }

    async fn run(self, compute: &Compute, _: &Context) -> Result<Self::Output, Error> {
        let place = self.named.place.clone();
        let delete = move |tx: &mut weft_store::WriteTx<'_>| {
            let Named { place, name } = &self.named;
            let key = place.name_key(name.as_str());
            let missing = || function_not_found(&place.app, name);
            let record = FUNCTIONS.get(tx, &key)?.ok_or_else(missing)?;
            super::no_route_leads_to(tx, place, name)?;
            FUNCTION_NAMES.remove(tx, &name_key(place, &record.function_name))?;
            Ok(FUNCTIONS.remove(tx, &key)?)
        };
        compute.change(&place, delete).await?;
        Ok(model::DeleteFunctionResponse {})
    }
}
