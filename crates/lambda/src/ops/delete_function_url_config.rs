//! `DeleteFunctionUrlConfig`: takes the URL of a function or an alias.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::name::FunctionRef;

/// A parsed `DeleteFunctionUrlConfig` request.
#[derive(Debug)]
pub(crate) struct DeleteFunctionUrlConfig {
    function: FunctionRef,
}

impl Operation for DeleteFunctionUrlConfig {
    const NAME: &'static str = "DeleteFunctionUrlConfig";
    type Service = Lambda;
    type Input = model::DeleteFunctionUrlConfigRequest;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { function: FunctionRef::parse(&input.function_name, input.qualifier.as_deref(), scope)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:DeleteFunctionUrlConfig", self.function.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<(), Error> {
        lambda.functions.remove_url(&self.function).await?;
        lambda.cache.forget(&self.function.key);
        Ok(())
    }
}
