//! `AddLayerVersionPermission`: lets an account, an organisation or everybody use a version of a layer.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Once, Operation, Scope};
use weft_store::WriteTx;

use crate::Lambda;
use crate::layer::{LayerKey, parse_number};
use crate::layer_access::LayerAsked;
use crate::permission::{Grant, PolicyRecord};

/// A parsed `AddLayerVersionPermission` request.
#[derive(Debug)]
pub(crate) struct AddLayerVersionPermission {
    layer: LayerAsked,
    grant: Grant,
    revision_id: Option<String>,
}

impl Operation for AddLayerVersionPermission {
    const NAME: &'static str = "AddLayerVersionPermission";
    type Service = Lambda;
    type Input = model::AddLayerVersionPermissionRequest;
    type Output = model::AddLayerVersionPermissionResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let key = LayerKey::parse(&input.layer_name, scope)?;
        let layer = LayerAsked { key, number: parse_number(input.version_number)? };
        let organization = input.organization_id.map(|id| ("StringEquals", "aws:PrincipalOrgID", id));
        let grant = Grant {
            sid: input.statement_id,
            principal: input.principal,
            action: input.action,
            resource: layer.arn().into(),
            conditions: organization.into_iter().collect(),
        };
        Ok(Self { layer, grant, revision_id: input.revision_id })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:AddLayerVersionPermission", self.layer.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let LayerAsked { key, number } = self.layer;
        let statement = self.grant.into_statement()?;
        let text = statement.text.clone();
        let once = Once::of(cx);
        let add = move |tx: &mut WriteTx<'_>, policy: &mut PolicyRecord| {
            policy.add_once(tx, &once, statement.clone())
        };
        let revision = lambda.layers.change_policy(&key, number, self.revision_id, add).await?;
        Ok(model::AddLayerVersionPermissionResponse { statement: Some(text), revision_id: Some(revision) })
    }
}
