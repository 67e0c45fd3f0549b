//! `GetLayerVersionPolicy`: who may use a version of a layer beside its account.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::layer::{LayerKey, parse_number};
use crate::layer_access::LayerAsked;
use crate::{Lambda, errors, layers};

/// A parsed `GetLayerVersionPolicy` request.
#[derive(Debug)]
pub(crate) struct GetLayerVersionPolicy {
    layer: LayerAsked,
}

impl Operation for GetLayerVersionPolicy {
    const NAME: &'static str = "GetLayerVersionPolicy";
    type Service = Lambda;
    type Input = model::GetLayerVersionPolicyRequest;
    type Output = model::GetLayerVersionPolicyResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let key = LayerKey::parse(&input.layer_name, scope)?;
        Ok(Self { layer: LayerAsked { key, number: parse_number(input.version_number)? } })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:GetLayerVersionPolicy", self.layer.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<Self::Output, Error> {
        let LayerAsked { key, number } = self.layer;
        let version = lambda.layers.get(&key, number).await?.ok_or_else(layers::missing)?;
        if version.policy.statements.is_empty() {
            return Err(errors::not_found("No policy is associated with the given resource."));
        }
        Ok(model::GetLayerVersionPolicyResponse {
            policy: Some(version.policy.document()),
            revision_id: Some(version.revision_id),
        })
    }
}
