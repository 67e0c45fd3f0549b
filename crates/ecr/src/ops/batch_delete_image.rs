//! `BatchDeleteImage`: takes tags from images, and removes images by digest or with their last tag.

use weft_model::ecr as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Ecr;
use crate::images::{NotFound, Reference, remove, untag};
use crate::names::RepoName;
use crate::tables::{IMAGES, require};

/// A parsed `BatchDeleteImage` request.
#[derive(Debug)]
pub(crate) struct BatchDeleteImage {
    name: RepoName,
    ids: Vec<model::ImageIdentifier>,
}

impl Operation for BatchDeleteImage {
    const NAME: &'static str = "BatchDeleteImage";
    type Service = Ecr;
    type Input = model::BatchDeleteImageRequest;
    type Output = model::BatchDeleteImageResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let name = RepoName::parse(&input.repository_name, input.registry_id.as_deref(), scope)?;
        Ok(Self { name, ids: input.image_ids })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, ecr: &Ecr, cx: &Context) -> Result<Self::Output, Error> {
        let Self { name, ids } = self;
        ecr.authorize(cx, &name, "ecr:BatchDeleteImage").await?;
        let now = cx.scope.now;
        ecr.write(move |tx| {
            let repo = require(tx, &name)?;
            let (mut gone, mut failures) = (Vec::new(), Vec::new());
            for id in &ids {
                let reference = Reference::parse(id.image_digest.clone(), id.image_tag.clone());
                let found = match &reference {
                    Ok(reference) => reference.resolve(tx, &repo)?,
                    Err(why) => Err(*why),
                };
                let digest = match found {
                    Ok(digest) => digest,
                    Err(why) => {
                        failures.push(failure(id.clone(), why));
                        continue;
                    }
                };
                let Some(image) = IMAGES.get(tx, &(repo.id, digest.as_str()))? else { continue };
                let tag = id.image_tag.as_deref();
                let whole = matches!(reference, Ok(Reference::Digest(_))) || image.tags.len() <= 1;
                if whole && image.parents > 0 {
                    failures.push(failure(
                        id.clone(),
                        ("ImageReferencedByManifestList", "Requested image referenced by manifest list"),
                    ));
                    continue;
                }
                let of = |tag: Option<String>| model::ImageIdentifier {
                    image_digest: Some(digest.clone()),
                    image_tag: tag,
                };
                match tag {
                    Some(tag) if !whole => {
                        untag(tx, &repo, &digest, tag)?;
                        gone.push(of(Some(tag.to_owned())));
                    }
                    _ if image.tags.is_empty() => gone.push(of(None)),
                    _ => gone.extend(image.tags.iter().cloned().map(Some).map(of)),
                }
                if whole {
                    remove(tx, &repo, &digest, now)?;
                }
            }
            Ok(model::BatchDeleteImageResponse { image_ids: Some(gone), failures: Some(failures) })
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
