//! The tags of what a request is for, read only where a policy asks for them.

use weft_policy::Policies;
use weft_types::Arn;

use crate::{Access, Error, Registry};

/// What the condition keys of a resource's tags begin with.
const KEYS: &str = "aws:ResourceTag/";

/// The access with the tags that its resource has. `None` where it stays as it is: no policy reads them, the operation has
/// named them, or no service knows the resource.
pub(super) async fn tagged(
    registry: &Registry,
    access: &Access,
    policies: &Policies<'_>,
) -> Result<Option<Access>, Error> {
    let service = access.resource.split(':').nth(2).unwrap_or_default();
    let Some(known) = registry.tags(service) else { return Ok(None) };
    let named = |key: &str| key.get(..KEYS.len()).is_some_and(|head| head.eq_ignore_ascii_case(KEYS));
    if !policies.read_keys_of(KEYS) || access.conditions.iter().any(|(key, _)| named(key)) {
        return Ok(None);
    }
    let Ok(arn) = Arn::parse(&access.resource) else { return Ok(None) };
    let tags = known.tags(&arn).await?;
    let pairs = tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    Ok(Some(access.clone().with_resource_tags(pairs)))
}
