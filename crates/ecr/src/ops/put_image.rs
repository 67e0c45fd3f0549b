//! `PutImage`: stores a manifest, whose layers are there.

use weft_model::ecr as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::images::{Parsed, put};
use crate::names::{RepoName, is_tag};
use crate::tables::require;
use crate::{Ecr, errors};

/// A parsed `PutImage` request.
#[derive(Debug)]
pub(crate) struct PutImage {
    name: RepoName,
    text: String,
    media_type: Option<String>,
    tag: Option<String>,
    digest: Option<String>,
}

impl Operation for PutImage {
    const NAME: &'static str = "PutImage";
    type Service = Ecr;
    type Input = model::PutImageRequest;
    type Output = model::PutImageResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let name = RepoName::parse(&input.repository_name, input.registry_id.as_deref(), scope)?;
        if input.image_tag.as_deref().is_some_and(|tag| !is_tag(tag)) {
            return Err(errors::invalid(
                "Invalid parameter at 'imageTag' failed to satisfy constraint: 'must satisfy regular expression '[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}''",
            ));
        }
        let (text, media_type) = (input.image_manifest, input.image_manifest_media_type);
        Ok(Self { name, text, media_type, tag: input.image_tag, digest: input.image_digest })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, ecr: &Ecr, cx: &Context) -> Result<Self::Output, Error> {
        let Self { name, text, media_type, tag, digest } = self;
        ecr.authorize(cx, &name, "ecr:PutImage").await?;
        let parsed = Parsed::parse(text.as_bytes(), media_type.as_deref())?;
        if digest.is_some_and(|digest| digest != parsed.digest) {
            let message = "The digest is not that of the manifest.";
            return Err(Error::new("ImageDigestDoesNotMatchException", message).with_status(400));
        }
        let image = model::Image {
            registry_id: Some(name.account.to_string()),
            repository_name: Some(name.name.clone()),
            image_id: Some(model::ImageIdentifier {
                image_digest: Some(parsed.digest.clone()),
                image_tag: tag.clone(),
            }),
            image_manifest: Some(text.clone()),
            image_manifest_media_type: Some(parsed.media_type.clone()),
        };
        let now = cx.scope.now;
        ecr.write(move |tx| {
            let repo = require(tx, &name)?;
            if put(tx, (&name, &repo), (&parsed, text.as_bytes()), tag.as_deref(), now)? {
                return Ok(());
            }
            let message = format!("Image with digest '{}' and tag '{}' already exists in the repository with name '{}' in registry with id '{}'", parsed.digest, tag.as_deref().unwrap_or("null"), name.name, name.account);
            Err(Error::new("ImageAlreadyExistsException", message).with_status(400))
        })
        .await?;
        Ok(model::PutImageResponse { image: Some(image) })
    }
}
