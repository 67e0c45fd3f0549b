//! `DeleteRepository`: removes a repository, with its images where that is asked for.

use weft_model::ecr as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::names::RepoName;
use crate::tables::{Count, DOOMED, IMAGES, REPOS, require};
use crate::{Ecr, settings};

/// A parsed `DeleteRepository` request.
#[derive(Debug)]
pub(crate) struct DeleteRepository {
    name: RepoName,
    force: bool,
}

impl Operation for DeleteRepository {
    const NAME: &'static str = "DeleteRepository";
    type Service = Ecr;
    type Input = model::DeleteRepositoryRequest;
    type Output = model::DeleteRepositoryResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let name = RepoName::parse(&input.repository_name, input.registry_id.as_deref(), scope)?;
        Ok(Self { name, force: input.force == Some(true) })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, ecr: &Ecr, cx: &Context) -> Result<Self::Output, Error> {
        let Self { name, force } = self;
        ecr.authorize(cx, &name, "ecr:DeleteRepository").await?;
        let place = name.clone();
        let repo = ecr.write(move |tx| {
            let repo = require(tx, &place)?;
            if !force && !IMAGES.query(&(repo.id,)).limit(1).rows(tx)?.is_empty() {
                let message = format!("The repository with name '{}' in registry with id '{}' cannot be deleted because it still contains images", place.name, place.account);
                return Err(Error::new("RepositoryNotEmptyException", message).with_status(400));
            }
            REPOS.remove(tx, &place.key())?;
            DOOMED.insert(tx, &(repo.id,), &Count(0))?;
            Ok(repo)
        });
        let repo = repo.await?;
        ecr.garbage.notify_one();
        Ok(model::DeleteRepositoryResponse { repository: Some(settings::shown(cx, &name, &repo)) })
    }
}
