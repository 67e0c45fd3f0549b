//! `SetRepositoryPolicy`: says who else may use a repository.

use weft_model::ecr as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use weft_policy::Policy;

use crate::Ecr;
use crate::errors::invalid;
use crate::names::RepoName;

/// A parsed `SetRepositoryPolicy` request.
#[derive(Debug)]
pub(crate) struct SetRepositoryPolicy {
    name: RepoName,
    text: String,
}

impl Operation for SetRepositoryPolicy {
    const NAME: &'static str = "SetRepositoryPolicy";
    type Service = Ecr;
    type Input = model::SetRepositoryPolicyRequest;
    type Output = model::SetRepositoryPolicyResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let name = RepoName::parse(&input.repository_name, input.registry_id.as_deref(), scope)?;
        let bad = |why: String| {
            invalid(format!(
                "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided': {why}"
            ))
        };
        let policy = serde_json::from_str::<serde_json::Value>(&input.policy_text)
            .map_err(|error| bad(error.to_string()))?;
        Policy::parse(&input.policy_text).map_err(|error| bad(error.to_string()))?;
        let statements = match &policy["Statement"] {
            serde_json::Value::Array(list) => list.iter().collect(),
            one => vec![one],
        };
        if !statements.iter().all(|one| one.get("Principal").is_some() || one.get("NotPrincipal").is_some()) {
            return Err(bad("a statement has no principal".to_owned()));
        }
        Ok(Self { name, text: input.policy_text })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, ecr: &Ecr, cx: &Context) -> Result<Self::Output, Error> {
        let Self { name, text } = self;
        ecr.authorize(cx, &name, "ecr:SetRepositoryPolicy").await?;
        let Some(bound) = cx.bind_principals(&text).await? else {
            return Err(invalid(
                "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Principal not found'",
            ));
        };
        ecr.change(&name, move |repo| {
            repo.policy = Some(bound.clone());
            Ok(())
        })
        .await?;
        Ok(model::SetRepositoryPolicyResponse {
            registry_id: Some(name.account.to_string()),
            repository_name: Some(name.name.clone()),
            policy_text: Some(text),
        })
    }
}
