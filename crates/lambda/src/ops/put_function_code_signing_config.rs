//! `PutFunctionCodeSigningConfig`: gives a function a code signing configuration.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::name::FunctionRef;
use crate::signing::parse_arn;
use crate::{Lambda, access};

const ACTION: &str = "lambda:PutFunctionCodeSigningConfig";

/// A parsed `PutFunctionCodeSigningConfig` request.
#[derive(Debug)]
pub(crate) struct PutFunctionCodeSigningConfig {
    function: FunctionRef,
    arn: weft_types::Arn,
}

impl Operation for PutFunctionCodeSigningConfig {
    const NAME: &'static str = "PutFunctionCodeSigningConfig";
    type Service = Lambda;
    type Input = model::PutFunctionCodeSigningConfigRequest;
    type Output = model::PutFunctionCodeSigningConfigResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let function = FunctionRef::parse_whole(&input.function_name, scope)?;
        Ok(Self { function, arn: parse_arn(&input.code_signing_config_arn, scope)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        let function = self.function.key.arn();
        [&function, &self.arn]
            .map(|arn| access::with_signing(Access::to(ACTION, arn.as_str()), Some(&self.arn)))
            .into()
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<Self::Output, Error> {
        let Self { function, arn } = self;
        lambda.functions.set_signing(&function.key, Some(arn.clone())).await?;
        Ok(model::PutFunctionCodeSigningConfigResponse {
            code_signing_config_arn: Some(arn.into()),
            function_name: Some(function.key.name),
        })
    }
}
