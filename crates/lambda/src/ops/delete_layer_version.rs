//! `DeleteLayerVersion`: removes a version of a layer; functions that have it keep it.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::layer::{LayerKey, parse_number};
use crate::layer_access::LayerAsked;

/// A parsed `DeleteLayerVersion` request.
#[derive(Debug)]
pub(crate) struct DeleteLayerVersion {
    layer: LayerAsked,
}

impl Operation for DeleteLayerVersion {
    const NAME: &'static str = "DeleteLayerVersion";
    type Service = Lambda;
    type Input = model::DeleteLayerVersionRequest;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let key = LayerKey::parse(&input.layer_name, scope)?;
        Ok(Self { layer: LayerAsked { key, number: parse_number(input.version_number)? } })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:DeleteLayerVersion", self.layer.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<(), Error> {
        let LayerAsked { key, number } = self.layer;
        lambda.layers.remove(&key, number, cx.scope.now).await
    }
}
