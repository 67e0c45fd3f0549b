//! `DeleteFunctionConcurrency`: gives back what one function keeps of the account's concurrency.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::name::FunctionRef;

/// A parsed `DeleteFunctionConcurrency` request.
#[derive(Debug)]
pub(crate) struct DeleteFunctionConcurrency {
    function: FunctionRef,
}

impl Operation for DeleteFunctionConcurrency {
    const NAME: &'static str = "DeleteFunctionConcurrency";
    type Service = Lambda;
    type Input = model::DeleteFunctionConcurrencyRequest;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { function: FunctionRef::parse_whole(&input.function_name, scope)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:DeleteFunctionConcurrency", self.function.key.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<(), Error> {
        let key = &self.function.key;
        lambda.functions.reserve(key, None, lambda.options.concurrency_max).await?;
        lambda.cache.forget(key);
        Ok(())
    }
}
