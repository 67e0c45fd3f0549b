//! `ListImages`: the digests and tags of a repository's images, a page at a time.

use weft_model::ecr as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Ecr;
use crate::names::RepoName;
use crate::ops::page::{Page, TagStatus, token};
use crate::tables::IMAGES;

/// A parsed `ListImages` request.
#[derive(Debug)]
pub(crate) struct ListImages {
    name: RepoName,
    page: Page,
    status: TagStatus,
}

impl Operation for ListImages {
    const NAME: &'static str = "ListImages";
    type Service = Ecr;
    type Input = model::ListImagesRequest;
    type Output = model::ListImagesResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let name = RepoName::parse(&input.repository_name, input.registry_id.as_deref(), scope)?;
        let status = TagStatus::parse(input.filter.and_then(|filter| filter.tag_status).as_deref());
        Ok(Self { name, page: Page::parse(input.next_token, input.max_results)?, status })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, ecr: &Ecr, cx: &Context) -> Result<Self::Output, Error> {
        let Self { name, page, status } = self;
        let repo = ecr.authorize(cx, &name, "ecr:ListImages").await?;
        ecr.read(move |tx| {
            let after = page.after.as_deref().unwrap_or_default();
            let (digest, _) = after.split_once(' ').unwrap_or((after, ""));
            let rows = IMAGES.query(&(repo.id,)).from(&(repo.id, digest)).limit(page.limit + 1).rows(tx)?;
            let full = rows.len() > page.limit;
            let mut ids = Vec::new();
            let mut last = String::new();
            for ((_, digest), image) in rows {
                last.clone_from(&digest);
                let tags: Vec<_> = image.tags.into_iter().map(Some).collect();
                let tags = if tags.is_empty() { vec![None] } else { tags };
                for tag in tags.into_iter().filter(|tag| status.takes(tag.is_some())) {
                    let place = format!("{digest} {}", tag.as_deref().unwrap_or_default());
                    if page.after.as_deref().is_none_or(|after| place.as_str() > after) {
                        ids.push((
                            place,
                            model::ImageIdentifier { image_digest: Some(digest.clone()), image_tag: tag },
                        ));
                    }
                }
            }
            let more = ids.len() > page.limit;
            ids.truncate(page.limit);
            let end = if more {
                ids.last().map(|(place, _)| place.clone())
            } else {
                full.then(|| format!("{last} ~"))
            };
            let image_ids = ids.into_iter().map(|(_, id)| id).collect();
            Ok(model::ListImagesResponse {
                image_ids: Some(image_ids),
                next_token: end.as_deref().map(token),
            })
        })
        .await
    }
}
