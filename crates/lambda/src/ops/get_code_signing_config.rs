//! `GetCodeSigningConfig`: a code signing configuration.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::signing::parse_arn;

/// A parsed `GetCodeSigningConfig` request.
#[derive(Debug)]
pub(crate) struct GetCodeSigningConfig {
    arn: weft_types::Arn,
}

impl Operation for GetCodeSigningConfig {
    const NAME: &'static str = "GetCodeSigningConfig";
    type Service = Lambda;
    type Input = model::GetCodeSigningConfigRequest;
    type Output = model::GetCodeSigningConfigResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { arn: parse_arn(&input.code_signing_config_arn, scope)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:GetCodeSigningConfig", self.arn.as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<Self::Output, Error> {
        let signing = lambda.functions.signing(&self.arn).await?;
        Ok(model::GetCodeSigningConfigResponse { code_signing_config: Some(signing.describe(&self.arn)) })
    }
}
