//! `PublishLayerVersion`: makes a version of a layer from an archive.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Once, Operation, Scope};

use crate::Lambda;
use crate::code::CodeSource;
use crate::layer::{LayerKey, LayerVersion};
use crate::permission::PolicyRecord;

/// A parsed `PublishLayerVersion` request.
#[derive(Debug)]
pub(crate) struct PublishLayerVersion {
    key: LayerKey,
    source: CodeSource,
    description: String,
    license: Option<String>,
    runtimes: Vec<String>,
    architectures: Vec<String>,
}

impl Operation for PublishLayerVersion {
    const NAME: &'static str = "PublishLayerVersion";
    type Service = Lambda;
    type Input = model::PublishLayerVersionRequest;
    type Output = model::PublishLayerVersionResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let content = model::FunctionCode {
            zip_file: input.content.zip_file,
            s3_bucket: input.content.s3_bucket,
            s3_key: input.content.s3_key,
            s3_object_version: input.content.s3_object_version,
            ..Default::default()
        };
        Ok(Self {
            key: LayerKey::parse(&input.layer_name, scope)?,
            source: CodeSource::parse(Self::NAME, content)?,
            description: input.description.unwrap_or_default(),
            license: input.license_info,
            runtimes: input.compatible_runtimes.unwrap_or_default(),
            architectures: input.compatible_architectures.unwrap_or_default(),
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:PublishLayerVersion", self.key.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let source = lambda.fetch(cx, self.source).await?;
        let _held = lambda.code.hold().await;
        let version = LayerVersion {
            code: lambda.code.keep(source, &cx.scope).await?,
            description: self.description,
            license: self.license,
            runtimes: self.runtimes,
            architectures: self.architectures,
            created: cx.scope.now,
            policy: PolicyRecord::default(),
            revision_id: weft_service::request_id(),
        };
        let (number, version) = lambda.layers.publish(&self.key, version, Once::of(cx)).await?;
        let location = lambda.location(cx, &version.code).await?;
        Ok(version.describe_published(&self.key, number, location))
    }
}
