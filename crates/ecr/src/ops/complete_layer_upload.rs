//! `CompleteLayerUpload`: makes a layer of the parts that were uploaded.

use weft_model::ecr as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Ecr;
use crate::errors::invalid;
use crate::names::{RepoName, is_digest};

/// Bytes of every part but the last.
const PART_BYTES_MIN: u64 = 5 << 20;

/// A parsed `CompleteLayerUpload` request.
#[derive(Debug)]
pub(crate) struct CompleteLayerUpload {
    name: RepoName,
    id: String,
    digest: String,
}

impl Operation for CompleteLayerUpload {
    const NAME: &'static str = "CompleteLayerUpload";
    type Service = Ecr;
    type Input = model::CompleteLayerUploadRequest;
    type Output = model::CompleteLayerUploadResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let name = RepoName::parse(&input.repository_name, input.registry_id.as_deref(), scope)?;
        let digest = input.layer_digests.into_iter().find(|digest| is_digest(digest));
        let digest =
            digest.ok_or_else(|| invalid("Invalid parameter at 'layerDigests': none is a SHA-256 digest"))?;
        Ok(Self { name, id: input.upload_id, digest })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, ecr: &Ecr, cx: &Context) -> Result<Self::Output, Error> {
        let Self { name, id, digest } = self;
        ecr.authorize(cx, &name, "ecr:CompleteLayerUpload").await?;
        let refused = |code, message: &str| Err(Error::new(code, message).with_status(400));
        let (_, upload) = ecr.upload(&name, &id).await?;
        match upload.parts.split_last() {
            None => return refused("EmptyUploadException", "The upload has no parts."),
            Some((_, all)) if all.iter().any(|(_, size)| *size < PART_BYTES_MIN) => {
                return refused(
                    "LayerPartTooSmallException",
                    "Every part but the last must have at least 5 MiB.",
                );
            }
            Some(_) => {}
        }
        if ecr.complete(&name, &id, (&digest, None), cx.scope.now).await?.is_none() {
            return refused(
                "LayerAlreadyExistsException",
                "The layer with this digest is in the repository already.",
            );
        }
        Ok(model::CompleteLayerUploadResponse {
            registry_id: Some(name.account.to_string()),
            repository_name: Some(name.name.clone()),
            upload_id: Some(id),
            layer_digest: Some(digest),
        })
    }
}
