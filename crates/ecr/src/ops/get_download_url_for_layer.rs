//! `GetDownloadUrlForLayer`: an address at which a layer can be had for an hour.

use weft_model::ecr as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::access::host;
use crate::names::RepoName;
use crate::tables::LAYERS;
use crate::{Ecr, errors, registry};

/// A parsed `GetDownloadUrlForLayer` request.
#[derive(Debug)]
pub(crate) struct GetDownloadUrlForLayer {
    name: RepoName,
    digest: String,
}

impl Operation for GetDownloadUrlForLayer {
    const NAME: &'static str = "GetDownloadUrlForLayer";
    type Service = Ecr;
    type Input = model::GetDownloadUrlForLayerRequest;
    type Output = model::GetDownloadUrlForLayerResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let name = RepoName::parse(&input.repository_name, input.registry_id.as_deref(), scope)?;
        Ok(Self { name, digest: input.layer_digest })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, ecr: &Ecr, cx: &Context) -> Result<Self::Output, Error> {
        let Self { name, digest } = self;
        let repo = ecr.authorize(cx, &name, "ecr:GetDownloadUrlForLayer").await?;
        let (key, place) = ((repo.id, digest.clone()), name.clone());
        ecr.read(move |tx| LAYERS.get(tx, &key)?.ok_or_else(|| errors::no_layers(&place, &key.1))).await?;
        let path = registry::layer_address(&ecr.signer, &name, &digest, cx.scope.now);
        let download_url = Some(format!("http://{}{path}", host(cx)));
        Ok(model::GetDownloadUrlForLayerResponse { download_url, layer_digest: Some(digest) })
    }
}
