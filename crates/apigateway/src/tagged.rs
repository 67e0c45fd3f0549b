//! The tags of APIs and stages, for the conditions of policies. What belongs to an API without tags of its own has the API's.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-iam-policy.html>.

use std::sync::Arc;

use weft_service::{BoxFuture, Error, ResourceTags, Tags};
use weft_store::ReadTx;
use weft_types::Arn;

use crate::ApiGateway;
use crate::places::PLACES;
use crate::rest::state::part_key;
use crate::{http_api, rest};

/// The API and, where it is meant, the stage of a resource such as `/restapis/ID/stages/NAME`.
fn parts(resource: &str) -> Option<(&str, Option<&str>)> {
    let mut names = resource.trim_start_matches('/').split('/');
    if !matches!(names.next()?, "restapis" | "apis") {
        return None;
    }
    let api = names.next()?;
    let stage = if names.next() == Some("stages") { names.next() } else { None };
    Some((api, stage))
}

fn find(tx: &ReadTx<'_>, resource: &str) -> Result<Option<Tags>, Error> {
    let Some((api, stage)) = parts(resource) else { return Ok(None) };
    let Some(place) = PLACES.get(tx, &(api,))? else { return Ok(None) };
    let key = (place.account.as_u64(), place.region.as_str().to_owned(), api.to_owned());
    Ok(match (place.http, stage) {
        (false, None) => rest::records::APIS.get(tx, &key)?.map(|api| api.tags),
        (true, None) => http_api::records::APIS.get(tx, &key)?.map(|api| api.tags),
        (false, Some(stage)) => {
            rest::records::STAGES.get(tx, &part_key(&key, stage))?.map(|stage| stage.tags)
        }
        (true, Some(stage)) => {
            http_api::records::STAGES.get(tx, &part_key(&key, stage))?.map(|stage| stage.tags)
        }
    })
}

impl ResourceTags for ApiGateway {
    fn tags<'a>(&'a self, resource: &'a Arn) -> BoxFuture<'a, Result<Arc<Tags>, Error>> {
        let resource = resource.resource().to_owned();
        Box::pin(async move {
            let found = self.store.read(move |tx| find(tx, &resource)).await?;
            Ok(found.map(Arc::new).unwrap_or_default())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn a_resource_is_of_an_api_or_of_a_stage() {
        let check = |resource: &str, expected: Option<(&str, Option<&str>)>| {
            assert_eq!(parts(resource), expected, "{resource}");
        };
        check("/restapis/abc", Some(("abc", None)));
        check("/restapis/abc/resources/x/methods/GET", Some(("abc", None)));
        check("/restapis/abc/stages/prod/exports/oas30", Some(("abc", Some("prod"))));
        check("/apis/abc/stages", Some(("abc", None)));
        check("/restapis", None);
        check("/account", None);
    }
}
