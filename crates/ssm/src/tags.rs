//! Tags of parameters.

use std::sync::Arc;

use weft_model::ssm as model;
use weft_service::{Access, BoxFuture, Error, ResourceTags, Scope, Tags};
use weft_types::Arn;

use crate::names::Name;
use crate::names::Place;
use crate::tables::{PARAMETERS, find};
use crate::{Ssm, errors};

/// Tags of one parameter.
const COUNT_MAX: usize = 50;

/// Parses the tags that a request sets.
pub(crate) fn parse(list: Vec<model::Tag>) -> Result<Tags, Error> {
    let mut tags = Tags::new();
    for model::Tag { key, value } in list {
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(errors::validation(format!(
                "The tag key {key} is not valid: keys that begin with aws: are reserved."
            )));
        }
        if tags.insert(key.clone(), value).is_some() {
            return Err(errors::validation(format!("The tag key {key} is given more than once.")));
        }
    }
    check_count(&tags)?;
    Ok(tags)
}

/// Checks how many tags a parameter has.
pub(crate) fn check_count(tags: &Tags) -> Result<(), Error> {
    if tags.len() <= COUNT_MAX {
        return Ok(());
    }
    let message = format!("A parameter can have at most {COUNT_MAX} tags.");
    Err(Error::new("TooManyTagsError", message).with_status(400))
}

/// The tagged thing that a request names; only parameters exist.
pub(crate) fn tagged(resource_type: &str, id: &str, scope: &Scope) -> Result<Name, Error> {
    if resource_type != "Parameter" {
        return Err(errors::invalid_resource(id));
    }
    Name::parse(id, scope).map_err(|_| errors::invalid_resource(id))
}

/// An action on what is tagged.
pub(crate) fn access(action: &'static str, name: &Name) -> Access {
    Access::to(action, name.place.arn().as_str())
}

impl Ssm {
    /// Changes a parameter's tags.
    pub(crate) async fn change_tags(
        &self,
        name: Name,
        change: impl Fn(&mut Tags) + Send + Sync + 'static,
    ) -> Result<(), Error> {
        self.write(move |tx| {
            let mut found = find(tx, &name)?.ok_or_else(|| errors::invalid_resource(&name.shown()))?;
            change(&mut found.tags);
            check_count(&found.tags)?;
            Ok(PARAMETERS.insert(tx, &name.place.key(), &found)?)
        })
        .await
    }
}

impl ResourceTags for Ssm {
    fn tags<'a>(&'a self, resource: &'a Arn) -> BoxFuture<'a, Result<Arc<Tags>, Error>> {
        Box::pin(async move {
            let Some(place) = Place::of_arn(resource) else { return Ok(Arc::default()) };
            let found = self.read(move |tx| Ok(PARAMETERS.get(tx, &place.key())?)).await?;
            Ok(found.map(|found| Arc::new(found.tags)).unwrap_or_default())
        })
    }
}
