//! `DeleteFunction`: removes a function and everything that belongs to it.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::name::{FunctionRef, LATEST};
use crate::{Lambda, errors};

/// A parsed `DeleteFunction` request.
#[derive(Debug)]
pub(crate) struct DeleteFunction {
    function: FunctionRef,
}

impl Operation for DeleteFunction {
    const NAME: &'static str = "DeleteFunction";
    type Service = Lambda;
    type Input = model::DeleteFunctionRequest;
    type Output = model::DeleteFunctionResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let function = FunctionRef::parse(&input.function_name, input.qualifier.as_deref(), scope)?;
        if function.qualifier.as_deref() == Some(LATEST) {
            return Err(errors::invalid_parameter(
                "$LATEST version cannot be deleted without deleting the function.",
            ));
        }
        Ok(Self { function })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:DeleteFunction", self.function.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        self.function.require_latest()?;
        lambda.remove(&self.function.key, cx.scope.now).await?;
        Ok(model::DeleteFunctionResponse { status_code: Some(204) })
    }
}
