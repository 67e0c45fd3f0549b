//! `GetLayerVersionByArn`: a version of a layer by its ARN.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::layer::LayerKey;
use crate::layer_access::LayerAsked;

/// A parsed `GetLayerVersionByArn` request.
#[derive(Debug)]
pub(crate) struct GetLayerVersionByArn {
    layer: LayerAsked,
}

impl Operation for GetLayerVersionByArn {
    const NAME: &'static str = "GetLayerVersionByArn";
    type Service = Lambda;
    type Input = model::GetLayerVersionByArnRequest;
    type Output = model::GetLayerVersionResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let (key, number) = LayerKey::parse_version(&input.arn)?;
        if key.region != scope.region {
            return Err(crate::layers::missing());
        }
        Ok(Self { layer: LayerAsked { key, number } })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        self.layer.access(scope.account).into_iter().collect()
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let version = lambda.require_layer_version(cx, &self.layer).await?;
        let location = lambda.location(cx, &version.code).await?;
        Ok(version.describe(&self.layer.key, self.layer.number, location))
    }
}
