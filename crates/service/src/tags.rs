//! What policies may know of the resource that a request is for.

use std::collections::BTreeMap;
use std::sync::Arc;

use weft_types::Arn;

use crate::{BoxFuture, Error};

/// Tags by their keys.
pub type Tags = BTreeMap<String, String>;

/// A service's resources' tags, from which every access to them gets its `aws:ResourceTag/…`, whichever operation asks for it
/// and of whichever service. Asked only where a policy of the caller or of the resource reads such a key.
pub trait ResourceTags: Send + Sync + 'static {
    /// The tags of the resource with this ARN, which names the service. None where it has none, cannot have any or is not
    /// there: who may not do something does not learn which it is.
    fn tags<'a>(&'a self, resource: &'a Arn) -> BoxFuture<'a, Result<Arc<Tags>, Error>>;
}
