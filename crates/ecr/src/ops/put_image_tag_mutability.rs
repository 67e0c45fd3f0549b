//! `PutImageTagMutability`: says whether tags may be moved.

use weft_model::ecr as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::names::RepoName;
use crate::{Ecr, settings};

/// A parsed `PutImageTagMutability` request.
#[derive(Debug)]
pub(crate) struct PutImageTagMutability {
    name: RepoName,
    mutability: String,
    exclusions: Vec<String>,
}

impl Operation for PutImageTagMutability {
    const NAME: &'static str = "PutImageTagMutability";
    type Service = Ecr;
    type Input = model::PutImageTagMutabilityRequest;
    type Output = model::PutImageTagMutabilityResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let name = RepoName::parse(&input.repository_name, input.registry_id.as_deref(), scope)?;
        let (mutability, exclusions) = settings::mutability(
            Some(input.image_tag_mutability),
            input.image_tag_mutability_exclusion_filters,
        )?;
        Ok(Self { name, mutability, exclusions })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, ecr: &Ecr, cx: &Context) -> Result<Self::Output, Error> {
        let Self { name, mutability, exclusions } = self;
        let mut shown = ecr.authorize(cx, &name, "ecr:PutImageTagMutability").await?;
        (shown.mutability, shown.exclusions) = (mutability.clone(), exclusions.clone());
        ecr.change(&name, move |repo| {
            (repo.mutability, repo.exclusions) = (mutability.clone(), exclusions.clone());
            Ok(())
        })
        .await?;
        Ok(model::PutImageTagMutabilityResponse {
            registry_id: Some(name.account.to_string()),
            repository_name: Some(name.name.clone()),
            image_tag_mutability: Some(shown.mutability.clone()),
            image_tag_mutability_exclusion_filters: settings::shown_filters(&shown),
        })
    }
}
