//! `UploadLayerPart`: uploads a part of a layer.

use weft_model::ecr as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::errors::invalid;
use crate::names::RepoName;
use crate::{Ecr, uploads};

/// A parsed `UploadLayerPart` request.
#[derive(Debug)]
pub(crate) struct UploadLayerPart {
    name: RepoName,
    id: String,
    first: u64,
    bytes: bytes::Bytes,
}

impl Operation for UploadLayerPart {
    const NAME: &'static str = "UploadLayerPart";
    type Service = Ecr;
    type Input = model::UploadLayerPartRequest;
    type Output = model::UploadLayerPartResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let name = RepoName::parse(&input.repository_name, input.registry_id.as_deref(), scope)?;
        let (first, last) = (input.part_first_byte, input.part_last_byte);
        let bytes = input.layer_part_blob;
        if last.checked_sub(first).and_then(|more| usize::try_from(more + 1).ok()) != Some(bytes.len()) {
            return Err(invalid("Invalid parameter at 'partLastByte': the part has not as many bytes"));
        }
        Ok(Self { name, id: input.upload_id, first: first.try_into().unwrap_or_default(), bytes })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, ecr: &Ecr, cx: &Context) -> Result<Self::Output, Error> {
        let Self { name, id, first, bytes } = self;
        ecr.authorize(cx, &name, "ecr:UploadLayerPart").await?;
        let size = ecr.append(&name, &id, first, uploads::whole(bytes)).await?;
        let last_byte_received = i64::try_from(size).ok().map(|size| size - 1);
        Ok(model::UploadLayerPartResponse {
            registry_id: Some(name.account.to_string()),
            repository_name: Some(name.name.clone()),
            upload_id: Some(id),
            last_byte_received,
        })
    }
}
