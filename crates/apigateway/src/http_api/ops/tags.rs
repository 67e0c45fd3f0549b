//! Tags of HTTP APIs and their stages.

use std::collections::BTreeMap;

use weft_model::apigatewayv2 as model;
use weft_service::{Context, Error};
use weft_store::WriteTx;

use crate::ApiGateway;
use crate::control::operation::operation;
use crate::control::tags::{self, Tagged};
use crate::control::{access, errors};
use crate::http_api::records::{APIS, STAGES};
use crate::http_api::state::require_api;
use crate::rest::state::{api_key, part_key};

type Tags = BTreeMap<String, String>;

operation! {
    /// `GetTags`.
    GetTags(model::GetTagsRequest) -> model::GetTagsResponse;
    access |asked, scope| [access::get(scope, &["tags", &access::encoded(&asked.resource_arn)])];
    run |given, service, cx| {
        let tags = service.http_tags(cx, &given.resource_arn, |_| {}).await?;
        Ok(model::GetTagsResponse { tags: Some(tags) })
    }
}

operation! {
    /// `TagResource`.
    TagResource(model::TagResourceRequest) -> model::TagResourceResponse;
    access |asked, scope| {
        let tags = asked.tags.clone().unwrap_or_default();
        [access::post(scope, &["tags", &access::encoded(&asked.resource_arn)]).with_request_tags(&tags)]
    };
    run |given, service, cx| {
        let new = given.tags.unwrap_or_default();
        service.http_tags(cx, &given.resource_arn, move |tags| tags.extend(new.clone())).await?;
        Ok(model::TagResourceResponse {})
    }
}

operation! {
    /// `UntagResource`.
    UntagResource(model::UntagResourceRequest) -> ();
    access |asked, scope| {
        let access = access::delete(scope, &["tags", &access::encoded(&asked.resource_arn)]);
        [access.with_tag_keys(asked.tag_keys.clone())]
    };
    run |given, service, cx| {
        let gone = given.tag_keys;
        let change = move |tags: &mut Tags| tags.retain(|key, _| !gone.contains(key));
        service.http_tags(cx, &given.resource_arn, change).await.map(drop)
    }
}

impl ApiGateway {
    /// Changes the tags of what an ARN names, and tells them.
    async fn http_tags(
        &self,
        cx: &Context,
        arn: &str,
        change: impl Fn(&mut Tags) + Send + 'static,
    ) -> Result<Tags, Error> {
        let (api, stage) = match tags::target(arn, cx.scope.region.as_str(), "apis")? {
            Tagged::Api(api) => (api, None),
            Tagged::Stage(api, stage) => (api, Some(stage)),
        };
        let key = api_key(&cx.scope, &api);
        let work = move |tx: &mut WriteTx<'_>| {
            let mut api = require_api(tx, &key)?;
            let Some(stage) = &stage else {
                change(&mut api.tags);
                tags::check(&api.tags)?;
                APIS.insert(tx, &key, &api)?;
                return Ok(api.tags);
            };
            let own = part_key(&key, stage);
            let mut stage = STAGES.get(tx, &own)?.ok_or_else(errors::no_stage)?;
            change(&mut stage.tags);
            tags::check(&stage.tags)?;
            STAGES.insert(tx, &own, &stage)?;
            Ok(stage.tags)
        };
        self.store.write(work).await
    }
}
