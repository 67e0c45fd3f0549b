//! Tags of REST APIs and their stages. HTTP APIs' tags are reached here too, as their ARNs come to this API from some tools.

use std::collections::BTreeMap;

use weft_model::apigateway as model;
use weft_service::{Context, Error};
use weft_store::WriteTx;

use crate::ApiGateway;
use crate::control::operation::operation;
use crate::control::tags::{self, Tagged};
use crate::control::{access, errors};
use crate::rest::records::{APIS, STAGES};
use crate::rest::state::{api_key, part_key, require_api};

type Tags = BTreeMap<String, String>;

operation! {
    /// `GetTags`.
    GetTags(model::GetTagsRequest) -> model::Tags;
    access |asked, scope| [access::get(scope, &["tags", &access::encoded(&asked.resource_arn)])];
    run |given, service, cx| {
        let tags = service.rest_tags(cx, &given.resource_arn, |_| {}).await?;
        Ok(model::Tags { tags: Some(tags) })
    }
}

operation! {
    /// `TagResource`.
    TagResource(model::TagResourceRequest) -> ();
    access |asked, scope| {
        let access = access::put(scope, &["tags", &access::encoded(&asked.resource_arn)]);
        [access.with_request_tags(&asked.tags)]
    };
    run |given, service, cx| {
        let new = given.tags;
        service.rest_tags(cx, &given.resource_arn, move |tags| tags.extend(new.clone())).await.map(drop)
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
        service.rest_tags(cx, &given.resource_arn, change).await.map(drop)
    }
}

impl ApiGateway {
    /// Changes the tags of what an ARN names, and tells them.
    async fn rest_tags(
        &self,
        cx: &Context,
        arn: &str,
        change: impl Fn(&mut Tags) + Send + 'static,
    ) -> Result<Tags, Error> {
        let target = tags::target(arn, cx.scope.region.as_str(), "restapis")?;
        let (api, stage) = match target {
            Tagged::Api(api) => (api, None),
            Tagged::Stage(api, stage) => (api, Some(stage)),
        };
        let key = api_key(&cx.scope, &api);
        let work = move |tx: &mut WriteTx<'_>| {
            let mut api = require_api(tx, &key)?;
            let Some(stage) = &stage else {
                let before = api.tags.clone();
                change(&mut api.tags);
                tags::check(&api.tags)?;
                if api.tags != before {
                    APIS.insert(tx, &key, &api)?;
                }
                return Ok(api.tags);
            };
            let own = part_key(&key, stage);
            let mut stage = STAGES.get(tx, &own)?.ok_or_else(errors::no_stage)?;
            let before = stage.tags.clone();
            change(&mut stage.tags);
            tags::check(&stage.tags)?;
            if stage.tags != before {
                STAGES.insert(tx, &own, &stage)?;
            }
            Ok(stage.tags)
        };
        self.store.write(work).await
    }
}
