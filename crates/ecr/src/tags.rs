//! Tags of repositories.

use std::sync::Arc;

use weft_model::ecr as model;
use weft_service::{BoxFuture, Error, ResourceTags, Tags};
use weft_types::Arn;

use crate::Ecr;
use crate::names::RepoName;
use crate::tables::REPOS;

const COUNT_MAX: usize = 50;

/// Parses the tags that a request sets.
pub(crate) fn parse(list: Vec<model::Tag>) -> Result<Tags, Error> {
    let bad = |message: String| Error::new("InvalidTagParameterException", message).with_status(400);
    let mut tags = Tags::new();
    for model::Tag { key, value } in list {
        if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
            return Err(bad(format!("Tag keys have 1 to 128 characters and values at most 256: {key}")));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(bad(format!("Tag keys that begin with aws: are reserved: {key}")));
        }
        if tags.insert(key.clone(), value).is_some() {
            return Err(bad(format!("Duplicate tag key: {key}")));
        }
    }
    check_count(&tags)?;
    Ok(tags)
}

pub(crate) fn check_count(tags: &Tags) -> Result<(), Error> {
    if tags.len() <= COUNT_MAX {
        return Ok(());
    }
    let message = format!("A repository can have at most {COUNT_MAX} tags.");
    Err(Error::new("TooManyTagsException", message).with_status(400))
}

impl ResourceTags for Ecr {
    fn tags<'a>(&'a self, resource: &'a Arn) -> BoxFuture<'a, Result<Arc<Tags>, Error>> {
        Box::pin(async move {
            let Some(name) = RepoName::of_arn(resource) else { return Ok(Arc::default()) };
            let found = self.read(move |tx| Ok(REPOS.get(tx, &name.key())?)).await?;
            Ok(found.map(|repo| Arc::new(repo.tags)).unwrap_or_default())
        })
    }
}
