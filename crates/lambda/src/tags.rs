//! Tags of functions, code signing configurations and event source mappings.

use std::sync::Arc;

use weft_service::{BoxFuture, Error, ResourceTags, Scope, Tags};
use weft_types::{AccountId, Arn, Region, Timestamp};

use crate::Lambda;
use crate::errors::{function_not_found, invalid_parameter, not_found};
use crate::functions::Functions;
use crate::mappings::records;
use crate::name::{FunctionKey, FunctionRef};
use crate::signing::parse_arn;
use crate::tables::FUNCTIONS;

/// Tags of one thing.
const COUNT_MAX: usize = 50;

/// Checks tags that a request sets.
///
/// Limits: key 1 to 128 characters and not beginning with `aws:`, value at most 256.
/// Source: <https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html>.
pub(crate) fn check(tags: &Tags) -> Result<(), Error> {
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > 128 {
            return Err(invalid_parameter(format!("The tag key '{key}' must have 1 to 128 characters.")));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid_parameter("The tag keys beginning with 'aws:' are reserved for system use."));
        }
        if value.chars().count() > 256 {
            return Err(invalid_parameter(format!("The value of tag '{key}' exceeds 256 characters.")));
        }
    }
    check_count(tags.len())
}

/// Checks how many tags a thing has after a change.
pub(crate) fn check_count(count: usize) -> Result<(), Error> {
    if count > COUNT_MAX {
        return Err(invalid_parameter(format!(
            "A resource can have at most {COUNT_MAX} tags; this would be {count}."
        )));
    }
    Ok(())
}

/// What has tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tagged {
    /// A function, not a version or an alias of it.
    Function(FunctionKey),
    /// A code signing configuration.
    Signing(Arn),
    /// An event source mapping.
    Mapping(Scope, String),
}

impl Tagged {
    /// Parses the ARN of what is tagged.
    pub(crate) fn parse(text: &str, scope: &Scope) -> Result<Self, Error> {
        let arn = Arn::parse(text).map_err(|_| no_tags(text))?;
        if arn.resource().starts_with("code-signing-config:") {
            return Ok(Self::Signing(parse_arn(text, scope)?));
        }
        if let Some(uuid) = arn.resource().strip_prefix("event-source-mapping:") {
            let own = records::arn(scope.account, &scope.region, uuid);
            return if own == arn {
                Ok(Self::Mapping(scope.clone(), uuid.to_owned()))
            } else {
                Err(no_tags(text))
            };
        }
        if !arn.resource().starts_with("function:") {
            return Err(no_tags(text));
        }
        match FunctionRef::parse(text, None, scope)? {
            FunctionRef { key, qualifier: None } => Ok(Self::Function(key)),
            _ => Err(invalid_parameter(
                "Tags on function aliases and versions are not supported. Please specify either a function ARN.",
            )),
        }
    }

    /// What has the tags by which an access to a resource is judged: a version's and an alias's are its function's.
    fn of(arn: &Arn) -> Option<Self> {
        let (kind, rest) = arn.resource().split_once(':')?;
        if kind == "code-signing-config" {
            return Some(Self::Signing(arn.clone()));
        }
        let (account, region) = (AccountId::parse(arn.account()).ok()?, Region::parse(arn.region()).ok()?);
        if kind == "event-source-mapping" {
            // Records are found without the time.
            let scope = Scope { account, region, now: Timestamp::from_millis(0) };
            return Some(Self::Mapping(scope, rest.to_owned()));
        }
        let name = rest.split(':').next().filter(|_| kind == "function")?.to_owned();
        Some(Self::Function(FunctionKey { account, region, name }))
    }

    pub(crate) fn arn(&self) -> Arn {
        match self {
            Self::Function(key) => key.arn(),
            Self::Signing(arn) => arn.clone(),
            Self::Mapping(scope, uuid) => records::arn(scope.account, &scope.region, uuid),
        }
    }
}

fn no_tags(text: &str) -> Error {
    not_found(format!(
        "The resource {text} has no tags here; functions, code signing configurations and event source mappings can be \
         tagged."
    ))
}

impl Lambda {
    /// Changes tags, by which rights may change at once. It makes no new revision of a function and ends no mapping's poller.
    pub(crate) async fn change_tags(
        &self,
        tagged: Tagged,
        change: impl Fn(&mut Tags) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<(), Error> {
        match tagged {
            Tagged::Signing(arn) => {
                let signing = self.functions.update_signing(&arn, move |signing| change(&mut signing.tags));
                signing.await.map(drop)
            }
            Tagged::Function(key) => {
                self.functions.change_tags(key.clone(), change).await?;
                self.cache.forget_tags(&key);
                Ok(())
            }
            Tagged::Mapping(scope, uuid) => {
                let mapping = self.mappings.update(&scope, &uuid, move |mapping| change(&mut mapping.tags));
                mapping.await.map(drop)
            }
        }
    }

    /// The tags of what is there, or AWS's error.
    pub(crate) async fn list_tags(&self, tagged: Tagged) -> Result<Tags, Error> {
        match tagged {
            Tagged::Signing(arn) => Ok(self.functions.signing(&arn).await?.tags),
            Tagged::Function(key) => {
                Ok(self.functions.find(&FunctionRef { key, qualifier: None }).await?.latest.tags)
            }
            Tagged::Mapping(scope, uuid) => Ok(self.mappings.get(&scope, &uuid).await?.tags),
        }
    }
}

impl ResourceTags for Lambda {
    fn tags<'a>(&'a self, resource: &'a Arn) -> BoxFuture<'a, Result<Arc<Tags>, Error>> {
        Box::pin(async move {
            let tags = match Tagged::of(resource) {
                Some(Tagged::Function(key)) => self.function_tags(&key).await?,
                Some(Tagged::Signing(arn)) => self.functions.signing_tags(&arn).await?.map(Arc::new),
                Some(Tagged::Mapping(scope, uuid)) => match self.mappings.get(&scope, &uuid).await {
                    Ok(mapping) => Some(Arc::new(mapping.tags)),
                    Err(error) if error.code() == "ResourceNotFoundException" => None,
                    Err(error) => return Err(error),
                },
                None => None,
            };
            Ok(tags.unwrap_or_default())
        })
    }
}

impl Functions {
    async fn change_tags(
        &self,
        key: FunctionKey,
        change: impl Fn(&mut Tags) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<(), Error> {
        self.write(move |tx| {
            let Some(mut found) = FUNCTIONS.get(tx, &key.row())? else {
                return Err(function_not_found(&key.arn()));
            };
            change(&mut found.tags)?;
            Ok(FUNCTIONS.insert(tx, &key.row(), &found)?)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_keep_to_the_limits() {
        let one = |key: &str, value: &str| check(&Tags::from([(key.to_owned(), value.to_owned())])).is_ok();
        assert!(one("team", "payments"));
        assert!(one(&"k".repeat(128), &"v".repeat(256)));
        assert!(!one("", "v"));
        assert!(!one(&"k".repeat(129), "v"));
        assert!(!one("k", &"v".repeat(257)));
        assert!(!one("aws:cloudformation:stack-name", "v"));
        assert!(check_count(50).is_ok());
        assert!(check_count(51).is_err());
    }
}
