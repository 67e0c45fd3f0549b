//! `ListLayers`: an account's layers, each at its newest version that fits.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::layer::{LayerKey, LayerVersion};
use crate::layers::Wanted;
use crate::page::{Page, next_marker};

/// A parsed `ListLayers` request.
#[derive(Debug)]
pub(crate) struct ListLayers {
    wanted: Wanted,
    page: Page,
}

impl Operation for ListLayers {
    const NAME: &'static str = "ListLayers";
    type Service = Lambda;
    type Input = model::ListLayersRequest;
    type Output = model::ListLayersResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let wanted =
            Wanted { runtime: input.compatible_runtime, architecture: input.compatible_architecture };
        Ok(Self { wanted, page: Page::parse(input.marker, input.max_items)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:ListLayers", "*")]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let Self { wanted, page } = self;
        let (found, more) = lambda.layers.list(&cx.scope, wanted, page.after, page.limit).await?;
        let show = |(key, number, version): &(LayerKey, u64, LayerVersion)| model::LayersListItem {
            layer_name: Some(key.name.clone()),
            layer_arn: Some(key.arn().into()),
            latest_matching_version: Some(version.describe_in_list(key, *number)),
        };
        Ok(model::ListLayersResponse {
            next_marker: next_marker(&found, more, |(key, ..)| key.name.clone()),
            layers: Some(found.iter().map(show).collect()),
        })
    }
}
