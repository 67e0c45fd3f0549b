//! `GetFunctionConcurrency`: what one function keeps of the account's concurrency.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::name::FunctionRef;

/// A parsed `GetFunctionConcurrency` request.
#[derive(Debug)]
pub(crate) struct GetFunctionConcurrency {
    function: FunctionRef,
}

impl Operation for GetFunctionConcurrency {
    const NAME: &'static str = "GetFunctionConcurrency";
    type Service = Lambda;
    type Input = model::GetFunctionConcurrencyRequest;
    type Output = model::GetFunctionConcurrencyResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { function: FunctionRef::parse_whole(&input.function_name, scope)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:GetFunctionConcurrency", self.function.key.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<Self::Output, Error> {
        let reserved = lambda.functions.reserved(&self.function.key).await?;
        let reserved = reserved.and_then(|reserved| i32::try_from(reserved).ok());
        Ok(model::GetFunctionConcurrencyResponse { reserved_concurrent_executions: reserved })
    }
}
