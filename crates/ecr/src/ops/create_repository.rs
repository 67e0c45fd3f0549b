//! `CreateRepository`: makes a repository.

use weft_model::ecr as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::names::RepoName;
use crate::tables::{REPOS, Repo};
use crate::{Ecr, settings, tags};

/// A parsed `CreateRepository` request.
#[derive(Debug)]
pub(crate) struct CreateRepository {
    name: RepoName,
    mutability: String,
    exclusions: Vec<String>,
    scan_on_push: bool,
    tags: weft_service::Tags,
}

impl Operation for CreateRepository {
    const NAME: &'static str = "CreateRepository";
    type Service = Ecr;
    type Input = model::CreateRepositoryRequest;
    type Output = model::CreateRepositoryResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let name = RepoName::parse(&input.repository_name, input.registry_id.as_deref(), scope)?;
        settings::check_encryption(input.encryption_configuration.as_ref())?;
        let (mutability, exclusions) =
            settings::mutability(input.image_tag_mutability, input.image_tag_mutability_exclusion_filters)?;
        let scan_on_push =
            input.image_scanning_configuration.and_then(|scan| scan.scan_on_push) == Some(true);
        Ok(Self {
            name,
            mutability,
            exclusions,
            scan_on_push,
            tags: tags::parse(input.tags.unwrap_or_default())?,
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        let create = self.name.access("ecr:CreateRepository").with_request_tags(&self.tags);
        let tag = (!self.tags.is_empty())
            .then(|| self.name.access("ecr:TagResource").with_request_tags(&self.tags));
        std::iter::once(create).chain(tag).collect()
    }

    async fn run(self, ecr: &Ecr, cx: &Context) -> Result<Self::Output, Error> {
        let Self { name, mutability, exclusions, scan_on_push, tags } = self;
        let repo = Repo {
            id: u64::from_be_bytes(weft_service::random_bytes()),
            created: cx.scope.now,
            mutability,
            exclusions,
            scan_on_push,
            tags,
            policy: None,
            lifecycle: None,
            evaluated: None,
        };
        let (once, max, place) = (weft_service::Once::of(cx), ecr.options.repositories_max, name.clone());
        let made = ecr.write(move |tx| {
            once.make(
                tx,
                |tx, _| Ok(REPOS.get(tx, &place.key())?),
                |tx| {
                    if REPOS.get(tx, &place.key())?.is_some() {
                        let message = format!(
                            "The repository with name '{}' already exists in the registry with id '{}'",
                            place.name, place.account
                        );
                        return Err(Error::new("RepositoryAlreadyExistsException", message).with_status(400));
                    }
                    let (account, region, _) = place.key();
                    if REPOS.query(&(account, region)).limit(max).rows(tx)?.len() >= max {
                        return Err(Error::new(
                            "LimitExceededException",
                            "There are as many repositories as there may be.",
                        )
                        .with_status(400));
                    }
                    REPOS.insert(tx, &place.key(), &repo)?;
                    Ok((place.name.clone(), repo.clone()))
                },
            )
        });
        let made = made.await?;
        Ok(model::CreateRepositoryResponse { repository: Some(settings::shown(cx, &name, &made)) })
    }
}
