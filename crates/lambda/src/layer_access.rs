//! Who may use layers, and which layers a function gets.

use weft_service::{Access, Context, Error};
use weft_types::Arn;

use crate::errors::invalid_parameter;
use crate::layer::{LAYERS_MAX, LayerKey, LayerUse, LayerVersion};
use crate::{Lambda, layers};

/// What lets somebody use a version of a layer.
pub(crate) const GET: &str = "lambda:GetLayerVersion";

/// A layer as a request asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LayerAsked {
    pub(crate) key: LayerKey,
    pub(crate) number: u64,
}

impl LayerAsked {
    pub(crate) fn arn(&self) -> Arn {
        self.key.version_arn(self.number)
    }

    /// What a request for it needs to be allowed, where that is known beforehand: another account's layer has a policy
    /// of its own, which is read while the request runs.
    pub(crate) fn access(&self, account: weft_types::AccountId) -> Option<Access> {
        (self.key.account == account).then(|| Access::to(GET, self.arn().as_str()))
    }
}

/// Parses `Layers`: at most five, one version of each.
pub(crate) fn parse_layers(list: &[String]) -> Result<Vec<LayerAsked>, Error> {
    if list.len() > LAYERS_MAX {
        return Err(invalid_parameter(format!("Cannot reference more than {LAYERS_MAX} layers.")));
    }
    let mut layers: Vec<LayerAsked> = Vec::with_capacity(list.len());
    for text in list {
        let (key, number) = LayerKey::parse_version(text)?;
        let new = LayerAsked { key, number };
        if let Some(same) = layers.iter().find(|layer| layer.key == new.key) {
            return Err(invalid_parameter(format!(
                "Two different versions of the same layer are not allowed to be referenced in the same function. {} and \
                 {} are versions of the same layer.",
                same.arn(),
                new.arn()
            )));
        }
        layers.push(new);
    }
    Ok(layers)
}

impl Lambda {
    /// A version of a layer that the caller may use, or AWS's error.
    pub(crate) async fn layer_version(
        &self,
        cx: &Context,
        layer: &LayerAsked,
    ) -> Result<Option<LayerVersion>, Error> {
        let version = self.layers.get(&layer.key, layer.number).await?;
        if layer.key.account != cx.scope.account {
            let access = Access::to(GET, layer.arn().as_str());
            let written = version.as_ref().filter(|version| !version.policy.statements.is_empty());
            let policy = written.map(|version| version.policy.policy()).transpose()?;
            cx.authorize_with(&access, policy.as_ref()).await?;
        }
        Ok(version)
    }

    /// The layers that a function gets.
    pub(crate) async fn use_layers(
        &self,
        cx: &Context,
        layers: &[LayerAsked],
    ) -> Result<Vec<LayerUse>, Error> {
        let mut uses = Vec::with_capacity(layers.len());
        for layer in layers {
            if layer.key.region != cx.scope.region {
                return Err(invalid_parameter(format!(
                    "Layers are not in the same region as the function. Layers are expected to be in region {}.",
                    cx.scope.region.as_str()
                )));
            }
            let arn = layer.arn().to_string();
            let version = self.layer_version(cx, layer).await?;
            let missing = || invalid_parameter(format!("Layer version {arn} does not exist."));
            uses.push(LayerUse { arn: arn.clone(), code: version.ok_or_else(missing)?.code });
        }
        Ok(uses)
    }

    /// A version of a layer that is there and that the caller may use.
    pub(crate) async fn require_layer_version(
        &self,
        cx: &Context,
        layer: &LayerAsked,
    ) -> Result<LayerVersion, Error> {
        self.layer_version(cx, layer).await?.ok_or_else(layers::missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_has_at_most_five_layers_and_one_version_of_each() {
        let arn =
            |name: &str, number: u64| format!("arn:aws:lambda:us-east-1:000000000000:layer:{name}:{number}");
        let check = |list: &[String], expected: Result<usize, &str>| {
            let found = parse_layers(list).map(|layers| layers.len()).map_err(|error| error.code());
            assert_eq!(found, expected, "{list:?}");
        };
        let five: Vec<String> = ["a", "b", "c", "d", "e"].map(|name| arn(name, 1)).into();
        check(&[], Ok(0));
        check(&five, Ok(5));
        let bad = Err("InvalidParameterValueException");
        check(&[&five[..], &[arn("f", 1)]].concat(), bad);
        check(&[arn("a", 1), arn("a", 2)], bad);
        check(&["a:1".to_owned()], Err("ValidationException"));
    }
}
