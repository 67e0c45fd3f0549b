//! `PutFunctionConcurrency`: keeps a part of the account's concurrency for one function.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::name::FunctionRef;

/// A parsed `PutFunctionConcurrency` request.
#[derive(Debug)]
pub(crate) struct PutFunctionConcurrency {
    function: FunctionRef,
    reserved: u32,
}

impl Operation for PutFunctionConcurrency {
    const NAME: &'static str = "PutFunctionConcurrency";
    type Service = Lambda;
    type Input = model::PutFunctionConcurrencyRequest;
    type Output = model::Concurrency;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let function = FunctionRef::parse_whole(&input.function_name, scope)?;
        let reserved = u32::try_from(input.reserved_concurrent_executions).unwrap_or_default();
        Ok(Self { function, reserved })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:PutFunctionConcurrency", self.function.key.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<Self::Output, Error> {
        let key = &self.function.key;
        lambda.functions.reserve(key, Some(self.reserved), lambda.options.concurrency_max).await?;
        lambda.cache.forget(key);
        let reserved = i32::try_from(self.reserved).ok();
        Ok(model::Concurrency { reserved_concurrent_executions: reserved })
    }
}
