//! `BatchGetImage`: manifests of images.

use weft_model::ecr as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Ecr;
use crate::images::{NOT_FOUND, NotFound, Reference};
use crate::names::RepoName;
use crate::tables::{IMAGES, MANIFESTS};

/// A parsed `BatchGetImage` request.
#[derive(Debug)]
pub(crate) struct BatchGetImage {
    name: RepoName,
    ids: Vec<model::ImageIdentifier>,
    accepted: Vec<String>,
}

impl Operation for BatchGetImage {
    const NAME: &'static str = "BatchGetImage";
    type Service = Ecr;
    type Input = model::BatchGetImageRequest;
    type Output = model::BatchGetImageResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let name = RepoName::parse(&input.repository_name, input.registry_id.as_deref(), scope)?;
        Ok(Self { name, ids: input.image_ids, accepted: input.accepted_media_types.unwrap_or_default() })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, ecr: &Ecr, cx: &Context) -> Result<Self::Output, Error> {
        let Self { name, ids, accepted } = self;
        let repo = ecr.authorize(cx, &name, "ecr:BatchGetImage").await?;
        ecr.read(move |tx| {
            let (mut images, mut failures) = (Vec::new(), Vec::new());
            for id in ids {
                let digest = match Reference::parse(id.image_digest.clone(), id.image_tag.clone()) {
                    Ok(reference) => reference.resolve(tx, &repo)?,
                    Err(why) => Err(why),
                };
                let digest = match digest {
                    Ok(digest) => digest,
                    Err(why) => {
                        failures.push(failure(id, why));
                        continue;
                    }
                };
                let key = (repo.id, digest.as_str());
                let found = IMAGES.get(tx, &key)?.zip(MANIFESTS.get(tx, &key)?);
                let Some((image, text)) =
                    found.filter(|(image, _)| accepted.is_empty() || accepted.contains(&image.media_type))
                else {
                    failures.push(failure(id, NOT_FOUND));
                    continue;
                };
                images.push(model::Image {
                    registry_id: Some(name.account.to_string()),
                    repository_name: Some(name.name.clone()),
                    image_id: Some(model::ImageIdentifier {
                        image_digest: Some(digest),
                        image_tag: id.image_tag,
                    }),
                    image_manifest: Some(String::from_utf8_lossy(&text.0).into_owned()),
                    image_manifest_media_type: Some(image.media_type),
                });
            }
            Ok(model::BatchGetImageResponse { images: Some(images), failures: Some(failures) })
        })
        .await
    }
}

/// What could not be done for an image, and why.
fn failure(id: model::ImageIdentifier, (code, reason): NotFound) -> model::ImageFailure {
    model::ImageFailure {
        image_id: Some(id),
        failure_code: Some(code.to_owned()),
        failure_reason: Some(reason.to_owned()),
    }
}
