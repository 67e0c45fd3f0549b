//! `DeleteCodeSigningConfig`: removes a code signing configuration that no function has.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::signing::parse_arn;

/// A parsed `DeleteCodeSigningConfig` request.
#[derive(Debug)]
pub(crate) struct DeleteCodeSigningConfig {
    arn: weft_types::Arn,
}

impl Operation for DeleteCodeSigningConfig {
    const NAME: &'static str = "DeleteCodeSigningConfig";
    type Service = Lambda;
    type Input = model::DeleteCodeSigningConfigRequest;
    type Output = model::DeleteCodeSigningConfigResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { arn: parse_arn(&input.code_signing_config_arn, scope)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:DeleteCodeSigningConfig", self.arn.as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<Self::Output, Error> {
        lambda.functions.remove_signing(&self.arn).await?;
        Ok(model::DeleteCodeSigningConfigResponse {})
    }
}
