//! Who may do what to a repository: its policy counts, so that these accesses are authorized when it was read.

use weft_policy::Policy;
use weft_service::{Access, Context, Error};

use crate::names::RepoName;
use crate::tables::{REPOS, Repo};
use crate::{Ecr, errors};

impl Ecr {
    /// Fails unless the caller may do this to a repository; gives it where it is there.
    pub(crate) async fn allow(
        &self,
        cx: &Context,
        name: &RepoName,
        access: Access,
    ) -> Result<Option<Repo>, Error> {
        let key = name.key();
        let repo = self.read(move |tx| Ok(REPOS.get(tx, &key)?)).await?;
        let policy = repo.as_ref().and_then(|repo| repo.policy.as_deref());
        let policy = policy.map(Policy::parse).transpose().map_err(Error::internal)?;
        cx.authorize_with(&access, policy.as_ref()).await?;
        Ok(repo)
    }

    /// As [`Self::allow`], for a repository that has to be there.
    pub(crate) async fn authorize(
        &self,
        cx: &Context,
        name: &RepoName,
        action: &'static str,
    ) -> Result<Repo, Error> {
        let found = self.allow(cx, name, name.access(action)).await?;
        found.ok_or_else(|| errors::no_repository(name))
    }

    /// Changes a repository's record.
    pub(crate) async fn change(
        &self,
        name: &RepoName,
        change: impl Fn(&mut Repo) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<(), Error> {
        let name = name.clone();
        self.write(move |tx| {
            let mut repo = crate::tables::require(tx, &name)?;
            change(&mut repo)?;
            Ok(REPOS.insert(tx, &name.key(), &repo)?)
        })
        .await
    }
}

/// Host and port by which the caller reached this server.
pub(crate) fn host(cx: &Context) -> &str {
    cx.host.as_deref().unwrap_or("127.0.0.1:4566")
}
