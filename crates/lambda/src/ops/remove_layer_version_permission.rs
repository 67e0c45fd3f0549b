//! `RemoveLayerVersionPermission`: takes back what `AddLayerVersionPermission` gave.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};
use weft_store::WriteTx;

use crate::Lambda;
use crate::layer::{LayerKey, parse_number};
use crate::layer_access::LayerAsked;
use crate::permission::PolicyRecord;

/// A parsed `RemoveLayerVersionPermission` request.
#[derive(Debug)]
pub(crate) struct RemoveLayerVersionPermission {
    layer: LayerAsked,
    sid: String,
    revision_id: Option<String>,
}

impl Operation for RemoveLayerVersionPermission {
    const NAME: &'static str = "RemoveLayerVersionPermission";
    type Service = Lambda;
    type Input = model::RemoveLayerVersionPermissionRequest;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let key = LayerKey::parse(&input.layer_name, scope)?;
        let layer = LayerAsked { key, number: parse_number(input.version_number)? };
        Ok(Self { layer, sid: input.statement_id, revision_id: input.revision_id })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:RemoveLayerVersionPermission", self.layer.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<(), Error> {
        let LayerAsked { key, number } = self.layer;
        let sid = self.sid;
        let remove = move |_: &mut WriteTx<'_>, policy: &mut PolicyRecord| policy.remove(&sid);
        lambda.layers.change_policy(&key, number, self.revision_id, remove).await.map(drop)
    }
}
