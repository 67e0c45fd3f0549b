//! `PutLifecyclePolicy`: says which images have to go.

use weft_model::ecr as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::names::RepoName;
use crate::{Ecr, lifecycle};

/// A parsed `PutLifecyclePolicy` request.
#[derive(Debug)]
pub(crate) struct PutLifecyclePolicy {
    name: RepoName,
    text: String,
}

impl Operation for PutLifecyclePolicy {
    const NAME: &'static str = "PutLifecyclePolicy";
    type Service = Ecr;
    type Input = model::PutLifecyclePolicyRequest;
    type Output = model::PutLifecyclePolicyResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let name = RepoName::parse(&input.repository_name, input.registry_id.as_deref(), scope)?;
        lifecycle::parse(&input.lifecycle_policy_text)?;
        Ok(Self { name, text: input.lifecycle_policy_text })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, ecr: &Ecr, cx: &Context) -> Result<Self::Output, Error> {
        let Self { name, text } = self;
        ecr.authorize(cx, &name, "ecr:PutLifecyclePolicy").await?;
        let stored = text.clone();
        ecr.change(&name, move |repo| {
            repo.lifecycle = Some(stored.clone());
            Ok(())
        })
        .await?;
        Ok(model::PutLifecyclePolicyResponse {
            registry_id: Some(name.account.to_string()),
            repository_name: Some(name.name.clone()),
            lifecycle_policy_text: Some(text),
        })
    }
}
