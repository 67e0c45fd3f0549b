//! `DescribeImages`: what is known of a repository's images: those that are named, or all, a page at a time.

use weft_model::ecr as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Ecr;
use crate::images::Reference;
use crate::names::RepoName;
use crate::ops::page::{Page, TagStatus, token};
use crate::tables::{IMAGES, Image};

/// A parsed `DescribeImages` request.
#[derive(Debug)]
pub(crate) struct DescribeImages {
    name: RepoName,
    ids: Vec<model::ImageIdentifier>,
    page: Page,
    status: TagStatus,
}

impl Operation for DescribeImages {
    const NAME: &'static str = "DescribeImages";
    type Service = Ecr;
    type Input = model::DescribeImagesRequest;
    type Output = model::DescribeImagesResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let name = RepoName::parse(&input.repository_name, input.registry_id.as_deref(), scope)?;
        let status = TagStatus::parse(input.filter.and_then(|filter| filter.tag_status).as_deref());
        let page = Page::parse(input.next_token, input.max_results)?;
        Ok(Self { name, ids: input.image_ids.unwrap_or_default(), page, status })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, ecr: &Ecr, cx: &Context) -> Result<Self::Output, Error> {
        let Self { name, ids, page, status } = self;
        let repo = ecr.authorize(cx, &name, "ecr:DescribeImages").await?;
        ecr.read(move |tx| {
            let mut details = Vec::new();
            for id in &ids {
                let reference = Reference::parse(id.image_digest.clone(), id.image_tag.clone());
                let found = reference.map_err(|(_, why)| crate::errors::invalid(why))?.resolve(tx, &repo)?;
                let digest = found.map_err(|_| no_image(&name, id))?;
                let image =
                    IMAGES.get(tx, &(repo.id, digest.as_str()))?.ok_or_else(|| no_image(&name, id))?;
                details.push(detail(&name, digest, image));
            }
            if !ids.is_empty() {
                return Ok(model::DescribeImagesResponse { image_details: Some(details), next_token: None });
            }
            let after = page.after.as_deref().unwrap_or_default();
            let rows = IMAGES.query(&(repo.id,)).after(&(repo.id, after)).limit(page.limit + 1).rows(tx)?;
            let more = rows.len() > page.limit;
            let end = more.then(|| rows.get(page.limit - 1).map(|((_, digest), _)| token(digest))).flatten();
            let rows =
                rows.into_iter().take(page.limit).filter(|(_, image)| status.takes(!image.tags.is_empty()));
            let details = rows.map(|((_, digest), image)| detail(&name, digest, image)).collect();
            Ok(model::DescribeImagesResponse { image_details: Some(details), next_token: end })
        })
        .await
    }
}

fn no_image(name: &RepoName, id: &model::ImageIdentifier) -> Error {
    let shown = |text: &Option<String>| text.as_ref().map_or("null".to_owned(), |text| format!("'{text}'"));
    let message = format!(
        "The image with imageId {{imageDigest:{}, imageTag:{}}} does not exist within the repository with name '{}' in the registry with id '{}'",
        shown(&id.image_digest),
        shown(&id.image_tag),
        name.name,
        name.account
    );
    Error::new("ImageNotFoundException", message).with_status(400)
}

fn detail(name: &RepoName, digest: String, image: Image) -> model::ImageDetail {
    model::ImageDetail {
        registry_id: Some(name.account.to_string()),
        repository_name: Some(name.name.clone()),
        image_digest: Some(digest),
        image_tags: (!image.tags.is_empty()).then_some(image.tags),
        image_size_in_bytes: i64::try_from(image.size).ok(),
        image_pushed_at: Some(image.pushed),
        image_manifest_media_type: Some(image.media_type),
        artifact_media_type: image.artifact_type,
        subject_manifest_digest: image.subject,
        image_status: Some("ACTIVE".to_owned()),
        ..Default::default()
    }
}
