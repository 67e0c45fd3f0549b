//! `GetFunctionCodeSigningConfig`: a function's code signing configuration.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::name::FunctionRef;

/// A parsed `GetFunctionCodeSigningConfig` request.
#[derive(Debug)]
pub(crate) struct GetFunctionCodeSigningConfig {
    function: FunctionRef,
}

impl Operation for GetFunctionCodeSigningConfig {
    const NAME: &'static str = "GetFunctionCodeSigningConfig";
    type Service = Lambda;
    type Input = model::GetFunctionCodeSigningConfigRequest;
    type Output = model::GetFunctionCodeSigningConfigResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { function: FunctionRef::parse_whole(&input.function_name, scope)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:GetFunctionCodeSigningConfig", self.function.key.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<Self::Output, Error> {
        let key = self.function.key;
        let arn = lambda.functions.signing_of(&key).await?;
        // Without one AWS answers with nothing at all.
        let function_name = arn.is_some().then_some(key.name);
        Ok(model::GetFunctionCodeSigningConfigResponse { code_signing_config_arn: arn, function_name })
    }
}
