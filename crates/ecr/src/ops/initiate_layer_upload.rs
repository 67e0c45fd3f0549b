//! `InitiateLayerUpload`: begins to upload a layer.

use weft_model::ecr as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Ecr;
use crate::names::RepoName;

/// Bytes of a part.
const PART_BYTES: i64 = 10 << 20;

/// A parsed `InitiateLayerUpload` request.
#[derive(Debug)]
pub(crate) struct InitiateLayerUpload {
    name: RepoName,
}

impl Operation for InitiateLayerUpload {
    const NAME: &'static str = "InitiateLayerUpload";
    type Service = Ecr;
    type Input = model::InitiateLayerUploadRequest;
    type Output = model::InitiateLayerUploadResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let name = RepoName::parse(&input.repository_name, input.registry_id.as_deref(), scope)?;
        Ok(Self { name })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, ecr: &Ecr, cx: &Context) -> Result<Self::Output, Error> {
        ecr.authorize(cx, &self.name, "ecr:InitiateLayerUpload").await?;
        let id = ecr.begin_upload(self.name, cx.scope.now).await?;
        Ok(model::InitiateLayerUploadResponse { upload_id: Some(id), part_size: Some(PART_BYTES) })
    }
}
