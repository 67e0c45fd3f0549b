//! `DeleteLifecyclePolicy`: removes a repository's lifecycle policy.

use weft_model::ecr as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Ecr;
use crate::names::RepoName;

/// A parsed `DeleteLifecyclePolicy` request.
#[derive(Debug)]
pub(crate) struct DeleteLifecyclePolicy {
    name: RepoName,
}

impl Operation for DeleteLifecyclePolicy {
    const NAME: &'static str = "DeleteLifecyclePolicy";
    type Service = Ecr;
    type Input = model::DeleteLifecyclePolicyRequest;
    type Output = model::DeleteLifecyclePolicyResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let name = RepoName::parse(&input.repository_name, input.registry_id.as_deref(), scope)?;
        Ok(Self { name })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, ecr: &Ecr, cx: &Context) -> Result<Self::Output, Error> {
        let name = self.name;
        let repo = ecr.authorize(cx, &name, "ecr:DeleteLifecyclePolicy").await?;
        let Some(text) = repo.lifecycle else {
            let message = format!(
                "Lifecycle policy does not exist for the repository with name '{}' in the registry with id '{}'",
                name.name, name.account
            );
            return Err(Error::new("LifecyclePolicyNotFoundException", message).with_status(400));
        };
        ecr.change(&name, |repo| {
            repo.lifecycle = None;
            Ok(())
        })
        .await?;
        Ok(model::DeleteLifecyclePolicyResponse {
            registry_id: Some(name.account.to_string()),
            repository_name: Some(name.name.clone()),
            lifecycle_policy_text: Some(text),
            last_evaluated_at: repo.evaluated,
        })
    }
}
