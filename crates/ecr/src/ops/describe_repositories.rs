//! `DescribeRepositories`: repositories by their names, or all, a page at a time.

use weft_model::ecr as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::names::RepoName;
use crate::ops::page::{Page, token};
use crate::tables::{REPOS, require};
use crate::{Ecr, names, settings};

/// A parsed `DescribeRepositories` request.
#[derive(Debug)]
pub(crate) struct DescribeRepositories {
    all: RepoName,
    names: Vec<RepoName>,
    page: Page,
}

impl Operation for DescribeRepositories {
    const NAME: &'static str = "DescribeRepositories";
    type Service = Ecr;
    type Input = model::DescribeRepositoriesRequest;
    type Output = model::DescribeRepositoriesResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let account = names::account(input.registry_id.as_deref(), scope)?;
        let all = RepoName { account, region: scope.region.clone(), name: "*".to_owned() };
        let given = input.repository_names.unwrap_or_default();
        let given = given.iter().map(|name| RepoName::parse(name, input.registry_id.as_deref(), scope));
        let page = Page::parse(input.next_token, input.max_results)?;
        Ok(Self { all, names: given.collect::<Result<_, _>>()?, page })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, ecr: &Ecr, cx: &Context) -> Result<Self::Output, Error> {
        let Self { all, names, page } = self;
        for name in &names {
            ecr.allow(cx, name, name.access("ecr:DescribeRepositories")).await?;
        }
        if names.is_empty() {
            cx.authorize(&all.access("ecr:DescribeRepositories")).await?;
        }
        let found = ecr.read(move |tx| {
            if !names.is_empty() {
                let found = names.into_iter().map(|name| Ok((require(tx, &name)?, name)));
                return Ok((found.collect::<Result<Vec<_>, Error>>()?, None));
            }
            let (account, region, _) = all.key();
            let region = region.as_str();
            let mut query = REPOS.query(&(account, region)).limit(page.limit + 1);
            if let Some(after) = &page.after {
                query = query.after(&(account, region, after.as_str()));
            }
            let mut rows = query.rows(tx)?;
            let more = rows.len() > page.limit;
            rows.truncate(page.limit);
            let next = rows.last().filter(|_| more).map(|((_, _, name), _)| token(name));
            let named = rows.into_iter().map(|((_, _, name), repo)| (repo, RepoName { name, ..all.clone() }));
            Ok((named.collect(), next))
        });
        let (found, next_token) = found.await?;
        let repositories = found.iter().map(|(repo, name)| settings::shown(cx, name, repo)).collect();
        Ok(model::DescribeRepositoriesResponse { repositories: Some(repositories), next_token })
    }
}
