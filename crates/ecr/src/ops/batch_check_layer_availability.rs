//! `BatchCheckLayerAvailability`: which layers a repository has.

use weft_model::ecr as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Ecr;
use crate::names::{RepoName, is_digest};
use crate::tables::LAYERS;

/// A parsed `BatchCheckLayerAvailability` request.
#[derive(Debug)]
pub(crate) struct BatchCheckLayerAvailability {
    name: RepoName,
    digests: Vec<String>,
}

impl Operation for BatchCheckLayerAvailability {
    const NAME: &'static str = "BatchCheckLayerAvailability";
    type Service = Ecr;
    type Input = model::BatchCheckLayerAvailabilityRequest;
    type Output = model::BatchCheckLayerAvailabilityResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let name = RepoName::parse(&input.repository_name, input.registry_id.as_deref(), scope)?;
        Ok(Self { name, digests: input.layer_digests })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, ecr: &Ecr, cx: &Context) -> Result<Self::Output, Error> {
        let Self { name, digests } = self;
        let repo = ecr.authorize(cx, &name, "ecr:BatchCheckLayerAvailability").await?;
        ecr.read(move |tx| {
            let (mut layers, mut failures) = (Vec::new(), Vec::new());
            for digest in digests {
                let good = is_digest(&digest);
                match LAYERS.get(tx, &(repo.id, digest.as_str()))?.filter(|_| good) {
                    Some(layer) => layers.push(model::Layer {
                        layer_digest: Some(digest),
                        layer_availability: Some("AVAILABLE".to_owned()),
                        layer_size: i64::try_from(layer.size).ok(),
                        media_type: Some("application/vnd.docker.image.rootfs.diff.tar.gzip".to_owned()),
                    }),
                    None if good => layers.push(model::Layer {
                        layer_digest: Some(digest),
                        layer_availability: Some("UNAVAILABLE".to_owned()),
                        ..Default::default()
                    }),
                    None => failures.push(model::LayerFailure {
                        layer_digest: Some(digest),
                        failure_code: Some("InvalidLayerDigest".to_owned()),
                        failure_reason: Some("Invalid parameter at 'layerDigest'".to_owned()),
                    }),
                }
            }
            Ok(model::BatchCheckLayerAvailabilityResponse { layers: Some(layers), failures: Some(failures) })
        })
        .await
    }
}
