//! `GetRepositoryPolicy`: a repository's policy.

use weft_model::ecr as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Ecr;
use crate::names::RepoName;

/// A parsed `GetRepositoryPolicy` request.
#[derive(Debug)]
pub(crate) struct GetRepositoryPolicy {
    name: RepoName,
}

impl Operation for GetRepositoryPolicy {
    const NAME: &'static str = "GetRepositoryPolicy";
    type Service = Ecr;
    type Input = model::GetRepositoryPolicyRequest;
    type Output = model::GetRepositoryPolicyResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let name = RepoName::parse(&input.repository_name, input.registry_id.as_deref(), scope)?;
        Ok(Self { name })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, ecr: &Ecr, cx: &Context) -> Result<Self::Output, Error> {
        let name = self.name;
        let repo = ecr.authorize(cx, &name, "ecr:GetRepositoryPolicy").await?;
        let none = || {
            let message = format!(
                "Repository policy does not exist for the repository with name '{}' in the registry with id '{}'",
                name.name, name.account
            );
            Error::new("RepositoryPolicyNotFoundException", message).with_status(400)
        };
        let policy = repo.policy.ok_or_else(none)?;
        let policy_text = Some(cx.show_principals(&policy).await?);
        Ok(model::GetRepositoryPolicyResponse {
            registry_id: Some(name.account.to_string()),
            repository_name: Some(name.name.clone()),
            policy_text,
        })
    }
}
