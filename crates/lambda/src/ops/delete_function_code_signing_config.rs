//! `DeleteFunctionCodeSigningConfig`: takes a function's code signing configuration.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::name::FunctionRef;

/// A parsed `DeleteFunctionCodeSigningConfig` request.
#[derive(Debug)]
pub(crate) struct DeleteFunctionCodeSigningConfig {
    function: FunctionRef,
}

impl Operation for DeleteFunctionCodeSigningConfig {
    const NAME: &'static str = "DeleteFunctionCodeSigningConfig";
    type Service = Lambda;
    type Input = model::DeleteFunctionCodeSigningConfigRequest;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { function: FunctionRef::parse_whole(&input.function_name, scope)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:DeleteFunctionCodeSigningConfig", self.function.key.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<(), Error> {
        lambda.functions.set_signing(&self.function.key, None).await
    }
}
