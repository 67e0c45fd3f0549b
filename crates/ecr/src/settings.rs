//! A repository's settings as requests set them and answers show them.

use weft_model::ecr as model;
use weft_service::{Context, Error};

use crate::access::host;
use crate::errors::invalid;
use crate::names::RepoName;
use crate::tables::Repo;

/// The mutability of tags, and the patterns that are excluded from it.
pub(crate) fn mutability(
    given: Option<String>,
    filters: Option<Vec<model::ImageTagMutabilityExclusionFilter>>,
) -> Result<(String, Vec<String>), Error> {
    let mutability = given.unwrap_or_else(|| "MUTABLE".to_owned());
    let filters: Vec<String> = filters.unwrap_or_default().into_iter().map(|filter| filter.filter).collect();
    if filters.is_empty() == mutability.ends_with("_WITH_EXCLUSION") {
        return Err(invalid(
            "Invalid parameter at 'imageTagMutabilityExclusionFilters' failed to satisfy constraint: 'filters are for mutabilities with exclusion, which need them'",
        ));
    }
    Ok((mutability, filters))
}

pub(crate) fn shown_filters(repo: &Repo) -> Option<Vec<model::ImageTagMutabilityExclusionFilter>> {
    let filter = |pattern: &String| model::ImageTagMutabilityExclusionFilter {
        filter_type: "WILDCARD".to_owned(),
        filter: pattern.clone(),
    };
    (!repo.exclusions.is_empty()).then(|| repo.exclusions.iter().map(filter).collect())
}

pub(crate) fn shown(cx: &Context, name: &RepoName, repo: &Repo) -> model::Repository {
    model::Repository {
        repository_arn: Some(name.arn().to_string()),
        registry_id: Some(name.account.to_string()),
        repository_name: Some(name.name.clone()),
        repository_uri: Some(format!("{}/{}", host(cx), name.name)),
        created_at: Some(repo.created),
        image_tag_mutability: Some(repo.mutability.clone()),
        image_tag_mutability_exclusion_filters: shown_filters(repo),
        image_scanning_configuration: Some(model::ImageScanningConfiguration {
            scan_on_push: Some(repo.scan_on_push),
        }),
        encryption_configuration: Some(model::EncryptionConfiguration {
            encryption_type: "AES256".to_owned(),
            kms_key: None,
        }),
    }
}

/// Refuses encryption with keys, of which there are none.
pub(crate) fn check_encryption(given: Option<&model::EncryptionConfiguration>) -> Result<(), Error> {
    match given {
        Some(given) if given.encryption_type != "AES256" => {
            Err(invalid("Encryption with KMS is not supported by Weft yet; AES256 is."))
        }
        _ => Ok(()),
    }
}
