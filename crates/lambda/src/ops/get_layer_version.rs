//! `GetLayerVersion`: a version of a layer.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::layer::{LayerKey, parse_number};
use crate::layer_access::LayerAsked;

/// A parsed `GetLayerVersion` request.
#[derive(Debug)]
pub(crate) struct GetLayerVersion {
    layer: LayerAsked,
}

impl Operation for GetLayerVersion {
    const NAME: &'static str = "GetLayerVersion";
    type Service = Lambda;
    type Input = model::GetLayerVersionRequest;
    type Output = model::GetLayerVersionResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let key = LayerKey::parse(&input.layer_name, scope)?;
        Ok(Self { layer: LayerAsked { key, number: parse_number(input.version_number)? } })
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
