//! `UpdateCodeSigningConfig`: changes a code signing configuration.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::signing::parse_arn;

/// A parsed `UpdateCodeSigningConfig` request.
#[derive(Debug)]
pub(crate) struct UpdateCodeSigningConfig {
    arn: weft_types::Arn,
    description: Option<String>,
    publishers: Option<Vec<String>>,
    enforced: Option<bool>,
}

impl Operation for UpdateCodeSigningConfig {
    const NAME: &'static str = "UpdateCodeSigningConfig";
    type Service = Lambda;
    type Input = model::UpdateCodeSigningConfigRequest;
    type Output = model::UpdateCodeSigningConfigResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let policy =
            input.code_signing_policies.and_then(|policies| policies.untrusted_artifact_on_deployment);
        Ok(Self {
            arn: parse_arn(&input.code_signing_config_arn, scope)?,
            description: input.description,
            publishers: input.allowed_publishers.map(|publishers| publishers.signing_profile_version_arns),
            enforced: policy.map(|policy| policy == "Enforce"),
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:UpdateCodeSigningConfig", self.arn.as_str())]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let Self { arn, description, publishers, enforced } = self;
        let now = cx.scope.now;
        let change = move |signing: &mut crate::signing::Signing| {
            signing.description = description.clone().or(signing.description.take());
            if let Some(publishers) = &publishers {
                signing.publishers.clone_from(publishers);
            }
            signing.enforced = enforced.unwrap_or(signing.enforced);
            signing.last_modified = now;
            Ok(())
        };
        let signing = lambda.functions.update_signing(&arn, change).await?;
        Ok(model::UpdateCodeSigningConfigResponse { code_signing_config: Some(signing.describe(&arn)) })
    }
}
