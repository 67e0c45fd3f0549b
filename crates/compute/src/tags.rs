//! The tags by which accesses to what is in an app are judged.

use std::sync::Arc;

use weft_service::{BoxFuture, Error, ResourceTags, Tags};
use weft_types::{AccountId, AppName, Arn, Region, WorkloadName};

use crate::Compute;
use crate::index::Index;
use crate::records::Place;

impl ResourceTags for Compute {
    /// An entry of a directory has its function's tags; nothing else of an app can have any.
    fn tags<'a>(&'a self, resource: &'a Arn) -> BoxFuture<'a, Result<Arc<Tags>, Error>> {
        Box::pin(async move {
            let found = function_at(&self.index(), resource);
            match (found, self.function_places()) {
                (Some((place, name)), Some(places)) => places.tags(place.account, &place.region, &name).await,
                _ => Ok(Arc::default()),
            }
        })
    }
}

/// The Lambda function that the entry with this ARN is for.
fn function_at(index: &Index, arn: &Arn) -> Option<(Place, String)> {
    let (app, name) = arn.resource().strip_prefix("app/")?.split_once("/function/")?;
    let place = Place {
        account: AccountId::parse(arn.account()).ok()?,
        region: Region::parse(arn.region()).ok()?,
        app: AppName::parse(app).ok()?,
    };
    let entry = index.app(&place)?.functions.get(&WorkloadName::parse(name).ok()?)?;
    Some((place, entry.function_name.clone()))
}
