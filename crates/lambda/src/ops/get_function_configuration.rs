//! `GetFunctionConfiguration`: a function's settings.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::name::FunctionRef;

/// A parsed `GetFunctionConfiguration` request.
#[derive(Debug)]
pub(crate) struct GetFunctionConfiguration {
    function: FunctionRef,
}

impl Operation for GetFunctionConfiguration {
    const NAME: &'static str = "GetFunctionConfiguration";
    type Service = Lambda;
    type Input = model::GetFunctionConfigurationRequest;
    type Output = model::FunctionConfiguration;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { function: FunctionRef::parse(&input.function_name, input.qualifier.as_deref(), scope)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:GetFunctionConfiguration", self.function.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<Self::Output, Error> {
        let found = lambda.functions.find(&self.function).await?;
        Ok(found.function.describe(&self.function, found.version))
    }
}
