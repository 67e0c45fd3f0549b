//! `CreateCodeSigningConfig`: makes a code signing configuration.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Once, Operation, Scope};

use crate::signing::Signing;
use crate::{Lambda, tags};

/// A parsed `CreateCodeSigningConfig` request.
#[derive(Debug)]
pub(crate) struct CreateCodeSigningConfig {
    signing: Signing,
}

impl Operation for CreateCodeSigningConfig {
    const NAME: &'static str = "CreateCodeSigningConfig";
    type Service = Lambda;
    type Input = model::CreateCodeSigningConfigRequest;
    type Output = model::CreateCodeSigningConfigResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let policy =
            input.code_signing_policies.and_then(|policies| policies.untrusted_artifact_on_deployment);
        let tags = input.tags.unwrap_or_default();
        tags::check(&tags)?;
        let signing = Signing {
            description: input.description,
            publishers: input.allowed_publishers.signing_profile_version_arns,
            enforced: policy.as_deref() == Some("Enforce"),
            tags,
            last_modified: scope.now,
        };
        Ok(Self { signing })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:CreateCodeSigningConfig", "*").with_request_tags(&self.signing.tags)]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let id = weft_service::random_id(17, b"abcdefghijklmnopqrstuvwxyz0123456789");
        let arn = cx.scope.arn("lambda", &format!("code-signing-config:csc-{id}"));
        let (arn, signing) = lambda.functions.create_signing(arn, self.signing, Once::of(cx)).await?;
        Ok(model::CreateCodeSigningConfigResponse { code_signing_config: Some(signing.describe(&arn)) })
    }
}
