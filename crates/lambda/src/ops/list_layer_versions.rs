//! `ListLayerVersions`: the versions of a layer, the newest first.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Lambda;
use crate::layer::LayerKey;
use crate::layers::Wanted;
use crate::page::{Page, next_marker};

/// A parsed `ListLayerVersions` request.
#[derive(Debug)]
pub(crate) struct ListLayerVersions {
    key: LayerKey,
    wanted: Wanted,
    page: Page,
}

impl Operation for ListLayerVersions {
    const NAME: &'static str = "ListLayerVersions";
    type Service = Lambda;
    type Input = model::ListLayerVersionsRequest;
    type Output = model::ListLayerVersionsResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let key = LayerKey::parse(&input.layer_name, scope)?;
        let wanted =
            Wanted { runtime: input.compatible_runtime, architecture: input.compatible_architecture };
        Ok(Self { key, wanted, page: Page::parse(input.marker, input.max_items)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        // IAM knows no resource for it.
        vec![Access::to("lambda:ListLayerVersions", "*")]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<Self::Output, Error> {
        let Self { key, wanted, page } = self;
        let before = page.after_parsed(|text| text.parse().ok())?;
        let (found, more) = lambda.layers.versions(&key, wanted, before, page.limit).await?;
        let shown = found.iter().map(|(number, version)| version.describe_in_list(&key, *number));
        Ok(model::ListLayerVersionsResponse {
            next_marker: next_marker(&found, more, |(number, _)| number.to_string()),
            layer_versions: Some(shown.collect()),
        })
    }
}
